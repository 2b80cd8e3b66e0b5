"""Tracks -> an interactive view of one frame, in one HTML file that needs no network."""

from pathlib import Path

from trackscape.data import Tracks
from trackscape.display.figure import draw_projections, view_limits
from trackscape.evaluation.segments import judge
from trackscape.pages import Page, make_viewer


def write_html(tracks: Tracks, path: Path | str, *, title: str) -> None:
    """Writes one frame as a page: interactive view, two projections and a table of counts.

    Arguments:
        tracks: Tracks of one frame, with all hits of the frame.
        path: The HTML file; it appears whole or not at all.
        title: Heading of the page.
    """
    tracks = tracks.to("cpu")
    page = Page(title)
    page.add_html_fragment(viewer_fragment(tracks, title))
    page.add_figure(
        draw_projections(tracks, title=""), "The same frame, seen from above and from the side."
    )
    page.add_table(["", "number"], list(_counts(tracks).items()), "What the frame holds.")
    page.write(path)


def viewer_fragment(tracks: Tracks, title: str) -> str:
    """Returns the interactive view as HTML for `Page.add_html_fragment`.

    Any number of views fit on one page.

    Arguments:
        tracks: Tracks of one frame, with all hits of the frame.
        title: What the view shows, for those who cannot see it.
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
