"""Tables in Markdown, and the generated parts of pages that are otherwise written by hand.

It imports next to nothing, as processes whose memory is measured import it too.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from trackscape.errors import FormatError
from trackscape.files import replacing

_PART = re.compile(r"(<!-- generated: ([\w-]+)[^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    align: Literal["left", "right"] = "left",
) -> list[str]:
    """Returns the lines of a table.

    Arguments:
        headers: Titles of the columns.
        rows: Cells, as many in each row as there are columns.
        align: Of all columns but the first, which is always on the left.

    Example:
        >>> table(["method", "purity"], [["kalman", "91.2"]], align="right")
        ['| method | purity |', '|---|---:|', '| kalman | 91.2 |']
    """
    rule = "---:|" if align == "right" else "---|"
    titles = "".join(f" {title} |" if title else " |" for title in headers)
    cells = [f"| {' | '.join(row)} |" for row in rows]
    return [f"|{titles}", "|---|" + rule * (len(headers) - 1), *cells]


def replace_parts(path: Path, parts: Mapping[str, Iterable[str]]) -> None:
    """Replaces the generated parts of a page in place; all that is written by hand stays.

    A part begins with the line ``<!-- generated: NAME, by COMMAND -->`` and ends with
    ``<!-- end -->``.

    Arguments:
        path: The page, which has to be there.
        parts: Lines of every generated part by its name.

    Raises:
        FormatError: The page is missing, or its parts are not those that are generated.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found, expected = sorted(name for _, name, _ in _PART.findall(text)), sorted(parts)
    if found != expected:
        raise FormatError(
            f"{path}: expected a page with the generated parts {', '.join(expected)}, got "
            f"{', '.join(found) or 'none'}; start from a copy of the page in docs/studies, or add "
            "or remove lines <!-- generated: NAME --> and <!-- end -->."
        )
    text = _PART.sub(lambda part: _filled(part, parts[part[2]]), text)
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _filled(part: re.Match[str], lines: Iterable[str]) -> str:
    content = "\n".join(lines)
    return f"{part[1]}\n{content}\n\n{part[3]}"
