"""Links that hold on a code host and in the site.

Pages link to files of the repository by relative paths. Some of these are pages of the site under
another name; of all others, the site has a page that shows what is in them.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "about/changelog.md",
    "CITATION.cff": "about/citation.md",
    "CONTRIBUTING.md": "about/contributing.md",
    "docs/tutorials": "tutorials/README.md",
    "docs/validation": "validation/README.md",
}
"""Files and folders of the repository that are pages of the site under another name."""

_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
_CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
_LARGEST = 50_000
_LANGUAGES = {".yaml": "yaml", ".py": "python", ".json": "json", ".csv": "text", ".md": "markdown"}


def for_site(markdown: str, *, source: str, place: str) -> str:
    """Markdown whose links lead to pages of the site.

    Args:
        markdown: The text as it is in the repository.
        source: Its path there, from which its links lead.
        place: Its path in the site.
    """

    def replace(target: str, anchor: str) -> str:
        return _relative(site_place(_absolute(target, source)), place) + anchor

    return _with_links(markdown, replace)


def outside(markdown: str, *, source: str) -> set[str]:
    """What a page links to in the repository that is no page by itself."""
    found: set[str] = set()

    def collect(target: str, anchor: str) -> str:
        path = _absolute(target, source)
        if site_place(path).startswith("files/"):
            found.add(path)
        return target + anchor

    _with_links(markdown, collect)
    return found


def site_place(path: str) -> str:
    """Where the site has what the repository has at `path`."""
    if path in PAGES:
        return PAGES[path]
    tutorial = re.fullmatch(r"docs/(tutorials/\w+)\.py", path)
    if tutorial:
        return f"{tutorial[1]}.md"
    inside = path.startswith("docs/") and (ROOT / path).is_file()
    return path.removeprefix("docs/") if inside else f"files/{path}.md"


def page_of(path: str) -> str:
    """A page that shows a file, or what is in a folder."""
    there = ROOT / path
    if not there.exists():
        raise LookupError(f"A page links to {path}, which is not there.")
    shown = [there] if there.is_file() else sorted(there.glob("*.yaml"))
    head = ["---", "search:", "  exclude: true", "---", f"# `{path}`", ""]
    if there.is_dir():
        head += ["What the repository holds there:", ""]
        head += [
            f"- `{each.name}{'/' if each.is_dir() else ''}`" for each in sorted(there.iterdir())
        ]
    return "\n".join([*head, "", *(_as_code(each, titled=there.is_dir()) for each in shown)])


def _as_code(path: Path, *, titled: bool) -> str:
    text = path.read_text("utf-8")[:_LARGEST]
    title = f"## {path.name}\n\n" if titled else ""
    return f"{title}````{_LANGUAGES.get(path.suffix, 'text')}\n{text.rstrip()}\n````\n"


def _with_links(markdown: str, replace: Callable[[str, str], str]) -> str:
    parts = _CODE.split(markdown)
    for number in range(0, len(parts), 2):
        parts[number] = _LINK.sub(lambda found: replace(found[1], found[2] or ""), parts[number])
    return "".join(parts)


def _absolute(target: str, source: str) -> str:
    return os.path.normpath(PurePosixPath(source).parent / target)


def _relative(target: str, place: str) -> str:
    return os.path.relpath(target, PurePosixPath(place).parent)
