"""Matplotlib figures -> PNG, PDF or SVG files; equal figures give equal bytes."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from trackscape.files import check_place, replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What would differ from one run or one version to the next.
_METADATA = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".svg": {"Date": None, "Creator": None},
}
PICTURES = tuple(_METADATA)
"""Suffixes of the names of pictures."""


def save_figure(figure: "Figure", path: Path | str, *, dpi: int = 200) -> None:
    """Writes a figure in the format that the suffix says; it appears whole or not at all.

    Dots per inch are those of PNG files, and of what is drawn as dots in the others.

    Raises:
        FormatError: The suffix is none of `PICTURES`, or the file cannot be written there.
    """
    path = Path(path)
    check_place(path, suffixes=PICTURES)
    content = figure_bytes(figure, path.suffix, dpi=dpi)
    with replacing(path) as partial:
        partial.write_bytes(content)


def figure_bytes(figure: "Figure", suffix: str, *, dpi: int = 200) -> bytes:
    """Returns what a file of a figure holds, by one of the suffixes of `PICTURES`.

    It is drawn in memory: on a full disk, what matplotlib raises has no common type.
    """
    import matplotlib

    suffix = suffix.lower()
    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "trackscape"}):
        figure.savefig(content, format=suffix[1:], dpi=dpi, metadata=_METADATA[suffix])
    return content.getvalue()
