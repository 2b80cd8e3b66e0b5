"""Figures -> PNG, PDF or SVG files; equal figures give equal bytes."""

import io
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from trackscape.errors import LandscapeError
from trackscape.files import replacing

# What would differ from one run or one version to the next.
_METADATA = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".svg": {"Date": None, "Creator": None},
}


def save_figure(figure: Figure, path: Path | str) -> None:
    """Writes a figure in the format that the suffix says; it appears whole or not at all.

    Raises:
        LandscapeError: The suffix is none of .png, .pdf and .svg.
        FormatError: The file cannot be written there.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _METADATA:
        raise LandscapeError(
            f"{path}: expected a picture that ends with {', '.join(_METADATA)}, got "
            f"{path.suffix or 'no suffix'!r}."
        )
    # Into memory first: on a full disk, the writer of PDF raises what is no OSError.
    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "trackscape"}):
        figure.savefig(content, format=suffix[1:], dpi=200, metadata=_METADATA[suffix])
    with replacing(path) as partial:
        partial.write_bytes(content.getvalue())
