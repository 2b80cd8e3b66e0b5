"""Frames of a file -> a picture, and an interactive HTML page that needs no network."""

from collections.abc import Sequence
from pathlib import Path

from trackscape.data import Hits, Tracks
from trackscape.display.figure import draw_frame
from trackscape.display.payload import ShownFrame, pack_frames
from trackscape.errors import DataError
from trackscape.evaluation.evaluate import Tally
from trackscape.evaluation.matching import judge
from trackscape.files import check_place
from trackscape.pages import Page, make_viewer
from trackscape.pictures import PICTURES, save_figure
from trackscape.text import shown
from trackscape.tracking import MINIMUM_LAST_ENERGY, Rated, Tracker, rate_tracks

PAGE = ".html"


def display_frames(
    file: Path | str,
    frames: Sequence[Hits],
    *,
    per_frame: int | None,
    numbers: range,
    tracker: Tracker,
    method: str,
    output: Path | str,
    min_last_deposit: float = MINIMUM_LAST_ENERGY,
    tally: Tally | None = None,
) -> list[Path]:
    """Reconstructs some of the frames of a hit file and draws them; returns what was written.

    That is `output`, a picture of the first of them, and the page of the same name with the suffix
    ``.html``, which has all; or the page alone if that is `output`. File, `per_frame` and method
    stand in the title.

    Arguments:
        file: The hit file.
        frames: Its frames.
        per_frame: Primaries in a frame, if that is known.
        numbers: Numbers of the frames, one after the other.
        tracker: Finds their chains.
        method: Name of the tracker.
        output: The picture, or the page.
        min_last_deposit: Cut in MeV; see `accept`.
        tally: Counts the chains and why they were rejected.

    Raises:
        DataError: The file has no frame of one of the numbers.
        FormatError: `output` can be neither a picture nor a page; before any work is done.
    """
    file, output = Path(file), Path(output)
    check_place(output, suffixes=(*PICTURES, PAGE))
    alone = output.suffix.lower() == PAGE
    page = output if alone else output.with_suffix(PAGE)
    check_place(page)
    if numbers[-1] >= len(frames):
        each = f" ({per_frame} protons each)" if per_frame else ""
        raise DataError(
            f"{file}: expected a frame number from 0 to {len(frames) - 1}{each}, "
            f"got {numbers[-1]}. Choose one of these."
        )
    rated: list[Rated] = []
    for number in numbers:
        rated.append(rate_tracks(tracker, frames[number], min_last_deposit=min_last_deposit))
        if tally is not None:
            tally.add(rated[-1].chains, min_last_deposit=min_last_deposit)
    density = f", {per_frame} p+/F" if per_frame else ""
    one, to_last = f"frame {numbers[0]}", f"frames {numbers[0]} to {numbers[-1]}"
    if not alone:
        title = f"{shown(file.name)}, {one}{density}, {method}"
        save_figure(draw_frame(rated[0].tracks, title=title), output, dpi=150)
    which = one if len(numbers) == 1 else to_last
    title = f"{shown(file.name)}, {which}{density}, {method}"
    write_html(rated, page, title=title, first=numbers[0])
    return [page] if alone else [output, page]


def write_html(
    frames: Tracks | Rated | Sequence[Tracks | Rated],
    path: Path | str,
    *,
    title: str,
    first: int = 0,
) -> None:
    """Writes frames as a page: views in space and projected that are linked, and their counts.

    Arguments:
        frames: The tracks of one frame or of several; from `rate_tracks`, with how probably each is
            right. A frame of 150 protons takes some 0.1 MB.
        path: The page.
        title: Its heading.
        first: Number of the first frame.

    Raises:
        DataError: There is no frame.
        FormatError: The page cannot be written there.
    """
    some = _listed(frames)
    page = Page(title)
    page.add_html_fragment(viewer_fragment(frames, title, first=first))
    counts = [_counts(tracks) for tracks, _ in some]
    # A frame without truth has no number of correct tracks.
    names = [name for name in counts[0] if all(name in each for each in counts)]
    rows = [[first + k, *(each[name] for name in names)] for k, each in enumerate(counts)]
    page.add_table(["frame", *names], rows, "What each frame holds.")
    page.write(path)


def viewer_fragment(
    frames: Tracks | Rated | Sequence[Tracks | Rated], title: str, *, first: int = 0
) -> str:
    """Returns the interactive view as HTML for `Page.add_html_fragment`; see `write_html`.

    The title says what the view shows, for those who cannot see it, and above saved pictures.
    """
    some = _listed(frames)
    return make_viewer(
        "trackscape.display",
        "frame",
        scripts=["decode", "choice", "strokes", "space", "projection", "reading", "frame"],
        label=f"{title}: hits and tracks in three dimensions",
        hint=_FRAMES + _HINT if len(some) > 1 else _HINT,
        data=pack_frames(some, title=title, first=first),
    )


_FRAMES = "Keys n and p, or . and ,: next and previous frame; space: play. "
_HINT = "Key t: truth on and off. Point at a hit: its numbers, and its track in all views."


def _listed(frames: Tracks | Rated | Sequence[Tracks | Rated]) -> list[ShownFrame]:
    several = [frames] if isinstance(frames, Tracks | Rated) else frames
    if not several:
        raise DataError("Expected the tracks of one or more frames for a page, got none.")
    return [
        ShownFrame(each.tracks.to("cpu"), each.probability.cpu())
        if isinstance(each, Rated)
        else ShownFrame(each.to("cpu"), None)
        for each in several
    ]


def _counts(tracks: Tracks) -> dict[str, int]:
    counts = {
        "hits": len(tracks.hits),
        "hits without a track": int((tracks.of_hit < 0).sum()),
        "tracks": len(tracks),
    }
    if tracks.hits.truth is not None:
        found = judge(tracks)
        counts |= {
            "correct tracks": int(found.correct.sum()),
            "wrong tracks": int((~found.correct).sum()),
            "wrong segments": int(found.wrong.sum()),
            "true segments on no track": found.missed.shape[1],
        }
    return counts
