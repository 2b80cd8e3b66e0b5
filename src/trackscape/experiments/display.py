"""A frame of a file -> pictures: a PNG, and an interactive HTML page."""

from collections.abc import Sequence
from pathlib import Path

from trackscape.data import Hits
from trackscape.errors import DataError
from trackscape.experiments.display_figure import draw_frame as draw_frame
from trackscape.experiments.display_figure import draw_projections as draw_projections
from trackscape.experiments.display_figure import write_png as write_png
from trackscape.experiments.display_html import viewer_fragment as viewer_fragment
from trackscape.experiments.display_html import write_html as write_html
from trackscape.experiments.evaluate import Tally, read_frames
from trackscape.tracking import MINIMUM_LAST_ENERGY, Tracker, accept

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
    frames: Sequence[Hits] | None = None,
    min_last_deposit: float = MINIMUM_LAST_ENERGY,
    tally: Tally | None = None,
) -> tuple[Path, Path]:
    """Reconstructs one frame of a hit file and draws it.

    Arguments:
        file: The hit file.
        per_frame: Primaries in a frame.
        number: Number of the frame.
        tracker: Finds its chains.
        method: Name for the title.
        output: The picture.
        frames: The frames of the file, where they are known already.
        min_last_deposit: In MeV; see `accept`.
        tally: Counts the chains and why they were rejected.

    Returns:
        The picture `output` and the page of the same name with the suffix ``.html``.

    Raises:
        DataError: If the file has no frame of this number.
    """
    if frames is None:
        frames = read_frames(file, per_frame=per_frame)
    if number >= len(frames):
        raise DataError(
            f"{file}: expected a frame number from 0 to {len(frames) - 1} ({per_frame} protons "
            f"each), got {number}. Choose one of these."
        )
    chains = tracker(frames[number])
    if tally is not None:
        tally.add(chains, min_last_deposit=min_last_deposit)
    tracks = accept(chains, min_last_deposit=min_last_deposit)
    title = f"{file.name}, frame {number}, {per_frame} p+/F, {method}"
    page = output.with_suffix(".html")
    write_png(draw_frame(tracks, title=title), output)
    write_html(tracks, page, title=title)
    return output, page
