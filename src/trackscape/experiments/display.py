"""A frame of a file -> pictures: a PNG, and an interactive HTML page."""

from pathlib import Path

from trackscape.errors import DataError
from trackscape.experiments.display_figure import draw_frame as draw_frame
from trackscape.experiments.display_figure import draw_projections as draw_projections
from trackscape.experiments.display_figure import write_png as write_png
from trackscape.experiments.display_html import viewer_fragment as viewer_fragment
from trackscape.experiments.display_html import write_html as write_html
from trackscape.experiments.evaluate import read_frames
from trackscape.text import shown
from trackscape.tracking import Tracker, accept

__all__ = [
    "display_frame",
    "draw_frame",
    "draw_projections",
    "viewer_fragment",
    "write_html",
    "write_png",
]


def display_frame(
    file: Path,
    *,
    per_frame: int,
    number: int,
    tracker: Tracker,
    method: str,
    output: Path,
    max_bytes: int | None = None,
) -> tuple[Path, Path]:
    """Reconstructs one frame of a hit file and draws it.

    Returns:
        The picture `output` and the page of the same name with the suffix ``.html``.

    Raises:
        DataError: If the file has no frame of this number.
    """
    frames = read_frames(file, per_frame=per_frame, max_bytes=max_bytes)
    if number >= len(frames):
        raise DataError(
            f"{file}: expected a frame number from 0 to {len(frames) - 1} ({per_frame} protons "
            f"each), got {number}. Choose one of these."
        )
    tracks = accept(tracker(frames[number]))
    title = f"{shown(file.name)}, frame {number}, {per_frame} p+/F, {method}"
    page = output.with_suffix(".html")
    write_png(draw_frame(tracks, title=title), output)
    write_html(tracks, page, title=title)
    return output, page
