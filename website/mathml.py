"""What docstrings have and Markdown has not: formulas, and examples without a fence.

Blocks `.. math::` become MathML when the site is built, so that a page needs neither a script nor
a font for them; lines that begin with `>>>` become a block of code up to the next empty line.
"""

import re
import textwrap
import xml.etree.ElementTree as ElementTree

from latex2mathml.converter import convert
from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor


class _Inline(InlineProcessor):
    def handleMatch(  # noqa: N802 - the name that Markdown calls
        self, m: re.Match[str], data: str
    ) -> tuple[ElementTree.Element | str, int, int]:
        return self.md.htmlStash.store(convert(m[1])), m.start(0), m.end(0)


class _Blocks(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        result: list[str] = []
        rest = list(lines)
        fenced = False
        while rest:
            line = rest.pop(0)
            fenced ^= line.lstrip().startswith("```")
            if not fenced and line.strip() == ".. math::":
                result += ["", self.formula(_taken(rest, indent=_indent(line))), ""]
            elif not fenced and line.lstrip().startswith(">>> "):
                margin = " " * _indent(line)
                block = [line, *_taken_until_empty(rest)]
                result += ["", f"{margin}```pycon", *block, f"{margin}```", ""]
            else:
                result.append(line)
        return result

    def formula(self, block: list[str]) -> str:
        html = convert(" ".join(textwrap.dedent("\n".join(block)).split()), display="block")
        return self.md.htmlStash.store(f'<div class="formula">{html}</div>')


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _taken(rest: list[str], *, indent: int) -> list[str]:
    """Takes the lines that are indented deeper, empty ones included."""
    block: list[str] = []
    while rest and (not rest[0].strip() or _indent(rest[0]) > indent):
        block.append(rest.pop(0))
    return block


def _taken_until_empty(rest: list[str]) -> list[str]:
    block: list[str] = []
    while rest and rest[0].strip():
        block.append(rest.pop(0))
    return block


class DocstringExtension(Extension):
    """Makes Python-Markdown read formulas and examples of docstrings."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the name that Markdown calls
        """Puts the blocks in front of fences, which would not see them otherwise."""
        md.inlinePatterns.register(_Inline(r":math:`([^`]+)`", md), "docstring_math", 200)
        md.preprocessors.register(_Blocks(md), "docstring_blocks", 30)


def makeExtension(**options: object) -> DocstringExtension:  # noqa: N802 - as above
    """What Markdown calls to load this module as an extension."""
    return DocstringExtension(**options)
