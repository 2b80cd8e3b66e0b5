"""A frame of a file -> a picture, and an interactive HTML page that needs no network."""

from collections.abc import Sequence
from pathlib import Path

from trackscape.data import Hits, Tracks
from trackscape.display.figure import draw_frame, draw_projections, view_limits
from trackscape.errors import DataError
from trackscape.evaluation.evaluate import Tally, reconstruct_frames
from trackscape.evaluation.matching import judge
from trackscape.files import check_place
from trackscape.pages import Page, make_viewer
from trackscape.pictures import PICTURES, save_figure
from trackscape.text import shown
from trackscape.tracking import MINIMUM_LAST_ENERGY, Tracker

PAGE = ".html"


def display_frame(
    file: Path | str,
    frames: Sequence[Hits],
    *,
    per_frame: int | None,
    number: int,
    tracker: Tracker,
    method: str,
    output: Path | str,
    min_last_deposit: float = MINIMUM_LAST_ENERGY,
    tally: Tally | None = None,
) -> list[Path]:
    """Reconstructs one of the frames of a hit file and draws it; returns what was written.

    That is the picture `output` and the page of the same name with the suffix ``.html``, or the
    page alone if that is `output`. File, `per_frame` and method stand in the title.

    Arguments:
        file: The hit file.
        frames: Its frames.
        per_frame: Primaries in a frame, if that is known.
        number: Number of the frame.
        tracker: Finds its chains.
        method: Name of the tracker.
        output: The picture, or the page.
        min_last_deposit: Cut in MeV; see `accept`.
        tally: Counts the chains and why they were rejected.

    Raises:
        DataError: The file has no frame of this number.
        FormatError: `output` can be neither a picture nor a page; before any work is done.
    """
    file, output = Path(file), Path(output)
    check_place(output, suffixes=(*PICTURES, PAGE))
    alone = output.suffix.lower() == PAGE
    page = output if alone else output.with_suffix(PAGE)
    check_place(page)
    if number >= len(frames):
        each = f" ({per_frame} protons each)" if per_frame else ""
        raise DataError(
            f"{file}: expected a frame number from 0 to {len(frames) - 1}{each}, got {number}. "
            "Choose one of these."
        )
    ((_, tracks),) = reconstruct_frames(
        [frames[number]], tracker=tracker, min_last_deposit=min_last_deposit, tally=tally
    )
    density = f", {per_frame} p+/F" if per_frame else ""
    title = f"{shown(file.name)}, frame {number}{density}, {method}"
    if not alone:
        save_figure(draw_frame(tracks, title=title), output, dpi=150)
    write_html(tracks, page, title=title)
    return [page] if alone else [output, page]


def write_html(tracks: Tracks, path: Path | str, *, title: str) -> None:
    """Writes one frame as a page: interactive view, two projections and a table of counts."""
    tracks = tracks.to("cpu")
    page = Page(title)
    page.add_html_fragment(viewer_fragment(tracks, title))
    caption = "The same frame, seen from above and from the side."
    page.add_figure(draw_projections(tracks, title=""), caption)
    page.add_table(["", "number"], list(_counts(tracks).items()), "What the frame holds.")
    page.write(path)


def viewer_fragment(tracks: Tracks, title: str) -> str:
    """Returns the interactive view as HTML for `Page.add_html_fragment`.

    The title says what the view shows, for those who cannot see it.
    """
    tracks = tracks.to("cpu")
    counts = _counts(tracks)
    shown = _SWITCHES if tracks.hits.truth is not None else {"tracks": "plain", **_FREE}
    switches = [
        f'<label><input type="checkbox" checked data-show="{kind}">'
        f'<i class="{kind}"></i>{label} ({counts[label]})</label>'
        for label, kind in shown.items()
    ]
    return make_viewer(
        "trackscape.display",
        "frame",
        label=f"{title}: hits and tracks in three dimensions",
        switches=switches,
        hint="point at a track to know more about it.",
        data=_payload(tracks),
    )


_FREE = {"hits without a track": "free"}
_SWITCHES = {
    "correct tracks": "correct",
    "wrong tracks": "wrong",
    "wrong segments": "bad",
    "true segments on no track": "missed",
    **_FREE,
}


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


def _payload(tracks: Tracks) -> dict[str, object]:
    """What the script draws; lengths in mm, to 0.01 mm."""
    hits = tracks.hits
    payload: dict[str, object] = {
        "limits": [[round(edge, 2) for edge in pair] for pair in view_limits(hits)],
        "position": [[round(x, 2) for x in axis] for axis in hits.position.double().T.tolist()],
        "layer": hits.layer.tolist(),
        "tracks": [tracks[number].tolist() for number in range(len(tracks))],
    }
    if hits.truth is not None:
        payload["event"] = hits.truth.event.tolist()
        payload["missed"] = judge(tracks).missed.T.tolist()
    return payload
