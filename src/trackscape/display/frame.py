"""A frame of a file -> a picture, and an interactive HTML page."""

from collections.abc import Sequence
from pathlib import Path

from trackscape.data import Hits
from trackscape.display.figure import draw_frame
from trackscape.display.html import write_html
from trackscape.errors import DataError
from trackscape.evaluation.evaluate import Tally
from trackscape.files import check_place
from trackscape.pictures import PICTURES, save_figure
from trackscape.text import shown
from trackscape.tracking import MINIMUM_LAST_ENERGY, Tracker, accept

PAGE = ".html"


def display_frame(
    file: Path | str,
    frames: Sequence[Hits],
    *,
    per_frame: int,
    number: int,
    tracker: Tracker,
    method: str,
    output: Path | str,
    min_last_deposit: float = MINIMUM_LAST_ENERGY,
    tally: Tally | None = None,
) -> list[Path]:
    """Reconstructs one frame of a hit file and draws it.

    Arguments:
        file: The hit file, for the title.
        frames: Its frames.
        per_frame: Primaries in a frame.
        number: Number of the frame.
        tracker: Finds its chains.
        method: Name for the title.
        output: The picture.
        min_last_deposit: In MeV; see `accept`.
        tally: Counts the chains and why they were rejected.

    Returns:
        What was written: the picture `output` and the page of the same name with the suffix
        ``.html``, or the page alone if that is `output`.

    Raises:
        DataError: If the file has no frame of this number.
        FormatError: If `output` can be neither a picture nor a page; before any work is done.
    """
    file, output = Path(file), Path(output)
    check_place(output, suffixes=(*PICTURES, PAGE))
    alone = output.suffix.lower() == PAGE
    page = output if alone else output.with_suffix(PAGE)
    check_place(page)
    if number >= len(frames):
        raise DataError(
            f"{file}: expected a frame number from 0 to {len(frames) - 1} ({per_frame} protons "
            f"each), got {number}. Choose one of these."
        )
    chains = tracker(frames[number])
    if tally is not None:
        tally.add(chains, min_last_deposit=min_last_deposit)
    tracks = accept(chains, min_last_deposit=min_last_deposit)
    title = f"{shown(file.name)}, frame {number}, {per_frame} p+/F, {method}"
    if not alone:
        save_figure(draw_frame(tracks, title=title), output, dpi=150)
    write_html(tracks, page, title=title)
    return [page] if alone else [output, page]
