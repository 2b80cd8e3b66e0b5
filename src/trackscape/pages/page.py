"""Texts, tables, pictures and views to turn and zoom -> one self-contained HTML page."""

import base64
import html
import json
import re
import string
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from trackscape.errors import DataError
from trackscape.files import replacing
from trackscape.pictures import figure_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | int | float
_HERE = "trackscape.pages"
_DIGITS = r"[-+\u2212]?[\d,]*\.?\d+(e[-+]?\d+)?"
# A number, with its uncertainty, unit and interval if it has them.
_NUMBER = re.compile(
    rf"{_DIGITS}( ?(±|\+/-) ?{_DIGITS})?( ?(%|\w{{1,4}}))?( [(\[]{_DIGITS}( to |, ){_DIGITS}[)\]])?"
)


class Page:
    """A page that is put together from top to bottom and then written.

    The page loads nothing from outside, follows the light or dark setting of its reader and can be
    printed. All texts are escaped; only `add_html_fragment` takes HTML.

    Example:
        >>> page = Page("Tracks behind water")
        >>> page.add_text("One hundred protons a frame.")
        >>> page.add_table(["thickness", "purity"], [["150 mm", 0.97]], "Whole tracks.")
        >>> '<td class="number">0.97</td>' in page.html
        True
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts: list[str] = []

    def add_heading(self, text: str) -> None:
        """Adds a heading; what follows belongs to it."""
        self._parts.append(f"<h2>{html.escape(text)}</h2>")

    def add_text(self, text: str) -> None:
        """Adds a paragraph of plain text."""
        self._parts.append(f"<p>{html.escape(text)}</p>")

    def add_table(
        self, headers: Sequence[str], rows: Sequence[Sequence[Cell]], caption: str
    ) -> None:
        """Adds a table with its caption above; columns of numbers are aligned on the right.

        Integers get separators of thousands, other numbers four significant digits; strings stay.

        Raises:
            DataError: A row has not as many cells as there are headers.
        """
        for number, row in enumerate(rows):
            if len(row) != len(headers):
                raise DataError(
                    f"Row {number} of the table {caption!r} has {len(row)} cells for "
                    f"{len(headers)} headers; give one cell for each header."
                )
        body = [[_cell(cell) for cell in row] for row in rows]
        kinds = [_kind([row[column] for row in body]) for column in range(len(headers))]
        lines = "\n".join(_row("td", row, kinds) for row in body)
        self._parts.append(
            f'<div class="table"><table><caption>{html.escape(caption)}</caption>\n'
            f"<thead>{_row('th', headers, kinds)}</thead>\n<tbody>{lines}</tbody></table></div>"
        )

    def add_figure(self, figure: "Figure", caption: str) -> None:
        """Adds a matplotlib figure as vector graphics, with a caption below it."""
        picture = base64.b64encode(figure_bytes(figure, ".svg")).decode()
        text = html.escape(caption)
        self._parts.append(
            f'<figure><img alt="{text}" src="data:image/svg+xml;base64,{picture}">'
            f"<figcaption>{text}</figcaption></figure>"
        )

    def add_details(self, heading: str, text: str) -> None:
        """Adds text that is shown as it is, once the reader opens it."""
        self._parts.append(
            f"<details><summary>{html.escape(heading)}</summary>"
            f"<pre>{html.escape(text)}</pre></details>"
        )

    def add_html_fragment(self, fragment: str) -> None:
        """Adds HTML as it is; it must load nothing from outside, which the page forbids."""
        self._parts.append(fragment)

    @property
    def html(self) -> str:
        """The whole page."""
        return _fill("page.html", title=html.escape(self._title), body="\n".join(self._parts))

    def write(self, path: Path | str) -> None:
        """Writes the page in UTF-8; the file appears whole or not at all."""
        with replacing(Path(path)) as partial:
            partial.write_text(self.html, encoding="utf-8")


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.4g}"


def _kind(column: Sequence[str]) -> str:
    return "number" if all(_NUMBER.fullmatch(cell) for cell in column) else "text"


def _row(tag: str, cells: Sequence[str], kinds: Sequence[str]) -> str:
    pairs = zip(cells, kinds, strict=True)
    parts = (f'<{tag} class="{kind}">{html.escape(cell)}</{tag}>' for cell, kind in pairs)
    return f"<tr>{''.join(parts)}</tr>"


class _Template(string.Template):
    delimiter = "%%"  # places look like ``%%{name}``: ``$`` and ``{}`` belong to JavaScript


def _asset(package: str, name: str) -> str:
    return resources.files(package).joinpath("assets", name).read_text("utf-8")


def _fill(name: str, **places: str) -> str:
    return _Template(_asset(_HERE, name)).substitute(places)


_SHARED = ("colours", "pens", "camera", "gestures", "pictures", "stage")


def make_viewer(
    package: str, name: str, *, scripts: Sequence[str], label: str, hint: str, data: object
) -> str:
    """Returns a view in three dimensions as HTML; any number of them fit on one page.

    Arguments:
        package: Package whose folder `assets` holds ``NAME.html``, the switches and canvases,
            ``NAME.css``, the style of the class `name`, and the scripts.
        name: Name of both files.
        scripts: Names of the scripts without their suffix, in order; they draw by means of what
            the scripts of `trackscape.pages` offer, `openStage` first of all.
        label: What the view shows, for those who cannot see it.
        hint: What pointing at something does, and what the marks mean.
        data: What the scripts draw, as JSON.
    """
    content = _Template(_asset(package, f"{name}.html")).substitute(
        label=html.escape(label), buttons=_asset(_HERE, "buttons.html")
    )
    sources = [(_HERE, script) for script in _SHARED] + [(package, script) for script in scripts]
    return _fill(
        "viewer.html",
        kind=name,
        style=_asset(_HERE, "viewer.css") + _asset(package, f"{name}.css"),
        content=content,
        hint=html.escape(f"{_HELP} {hint}"),
        # "<" could end the script that holds the data.
        data=json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
        script="\n".join(_asset(where, f"{script}.js") for where, script in sources),
    )


_HELP = (
    "Drag, or arrow keys: rotate; with shift, or two fingers: move. Wheel, pinch, or + and \u2212: "
    "zoom. Click or tap: hold what is there; Escape lets go."
)
