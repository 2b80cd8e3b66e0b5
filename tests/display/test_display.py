"""Pictures of frames: what they say must be what the tracks are."""

import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from trackscape.data import Hits, Tracks, Truth
from trackscape.display import (
    draw_frame,
    draw_projections,
    viewer_fragment,
    write_html,
)
from trackscape.display.figure import CORRECT, MISSED, WRONG, WRONG_SEGMENT, view_limits
from trackscape.errors import DataError
from trackscape.evaluation.matching import held_segments, judge, true_segments
from trackscape.pictures import save_figure


def straight_hits(*, n_events: int, n_layers: int) -> Hits:
    """Parallel primaries 2 mm apart, and a secondary that shares the last layer of each."""
    event = torch.arange(n_events).repeat(n_layers + 1)
    layer = torch.arange(n_layers + 1).clamp(max=n_layers - 1).repeat_interleave(n_events)
    secondary = torch.arange(len(event)) >= n_events * n_layers
    position = torch.stack([2.0 * event, 0.1 * layer + secondary, 225 + 5.5 * layer], dim=1)
    truth = Truth(event=event, track=1 + secondary.long(), parent=secondary.long())
    return Hits(position=position, energy=torch.ones(len(event)), layer=layer, truth=truth)


def tracks_of(hits: Hits, chains: list[list[int]]) -> Tracks:
    length = torch.tensor([0, *map(len, chains)])
    index = torch.tensor(list(itertools.chain(*chains)), dtype=torch.int64)
    return Tracks(hits=hits, index=index, offset=length.cumsum(0))


def without_truth(tracks: Tracks) -> Tracks:
    hits = tracks.hits
    blind = Hits(position=hits.position, energy=hits.energy, layer=hits.layer)
    return Tracks(hits=blind, index=tracks.index, offset=tracks.offset)


@pytest.fixture
def swapped() -> Tracks:
    """Six protons in eight layers; 0 and 1 swap tails at layer 4, 2 is cut short, 3 is lost."""
    hits = straight_hits(n_events=6, n_layers=8)
    chains = [[event + 6 * layer for layer in range(8)] for event in range(6)]
    chains[0], chains[1] = chains[0][:4] + chains[1][4:], chains[1][:4] + chains[0][4:]
    chains[2] = chains[2][:5]
    del chains[3]
    return tracks_of(hits, chains)


@st.composite
def random_tracks(draw: st.DrawFn) -> Tracks:
    """Any disjoint chains that go upwards in layer, over hits of a few events."""
    n_hits = draw(st.integers(0, 25))
    numbers = st.lists(st.integers(0, 4), min_size=n_hits, max_size=n_hits)
    event, owner = torch.tensor(draw(numbers)).long(), draw(numbers)
    layer = torch.tensor(sorted(draw(numbers))).long()
    parent = torch.tensor(draw(numbers)).long() // 4
    hits = Hits(
        position=torch.zeros(n_hits, 3),
        energy=torch.ones(n_hits),
        layer=layer,
        truth=Truth(event=event, track=parent + 1, parent=parent),
    )
    chains = [[hit for hit in range(n_hits) if owner[hit] == number] for number in range(1, 5)]
    return tracks_of(hits, [chain for chain in chains if chain])


def pairs(index: torch.Tensor) -> set[tuple[int, int]]:
    return {(int(one), int(other)) for one, other in index.T}


@given(tracks=random_tracks())
def test_judgement_equals_brute_force(tracks: Tracks) -> None:
    event, layer = tracks.hits.known_truth.event, tracks.hits.layer
    primary = tracks.hits.known_truth.primary
    chains = [tracks[number].tolist() for number in range(len(tracks))]
    held = [pair for chain in chains for pair in itertools.pairwise(chain)]
    true = {
        (one, other)
        for one, other in itertools.product(range(len(event)), repeat=2)
        if event[one] == event[other] and layer[other] == layer[one] + 1
        if primary[one] and primary[other]
    }
    found = judge(tracks)
    assert held_segments(tracks)[0].T.tolist() == [list(pair) for pair in held]
    assert found.wrong.tolist() == [bool(event[one] != event[other]) for one, other in held]
    assert found.correct.tolist() == [len({int(event[hit]) for hit in c}) == 1 for c in chains]
    assert pairs(true_segments(tracks.hits)) == true
    assert pairs(found.missed) == true - set(held)
    assert found.missed.shape[1] == len(true - set(held)), "each missing segment once"


def lines_of_colour(figure: Figure, colour: str) -> list[int]:
    """Number of lines of that colour in each of the views."""
    return [
        sum(
            len(collection.get_paths())
            for collection in axes.collections
            if hasattr(collection, "get_segments")
            and to_hex(collection.get_color()[0]) == to_hex(colour)
        )
        for axes in figure.axes
    ]


def test_colours_show_what_the_tracks_are(swapped: Tracks) -> None:
    figure = draw_projections(swapped, title="swapped")
    # Cut: 3 segments; lost: 7; swapped: 2 wrong ones in the place of 2 true ones.
    assert lines_of_colour(figure, CORRECT) == [3, 3]
    assert lines_of_colour(figure, WRONG) == [2, 2]
    assert lines_of_colour(figure, WRONG_SEGMENT) == [2, 2]
    assert lines_of_colour(figure, MISSED) == [3 + 7 + 2] * 2


def test_wrong_segments_are_drawn_last_and_thickest(swapped: Tracks) -> None:
    axes = draw_projections(swapped, title="swapped").axes[0]
    widths = [lines.get_linewidths()[0] for lines in axes.collections[2:]]
    assert to_hex(axes.collections[-1].get_edgecolor()[0]) == to_hex(WRONG_SEGMENT)
    assert widths[-1] > 2 * max(widths[:-1])


def test_the_legend_counts(swapped: Tracks) -> None:
    (legend,) = draw_frame(swapped, title="swapped").legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "hits without a track (17)",  # 8 lost, 3 cut off, 6 of secondaries
        "hits on tracks (37)",
        "correct tracks (3)",
        "wrong tracks (2)",
        "true segments on no track (12)",
        "wrong segments (2)",
    ]


def test_neighbouring_tracks_differ_in_colour_without_truth(swapped: Tracks) -> None:
    axes = draw_projections(without_truth(swapped), title="measured").axes[0]
    colours = [to_hex(colour) for colour in axes.collections[-1].get_edgecolor()]
    assert len(axes.collections[-1].get_paths()) == len(swapped)
    assert len(set(colours[: len(swapped)])) == len(swapped)


def test_a_judgement_needs_truth(swapped: Tracks) -> None:
    with pytest.raises(DataError, match="have no truth"):
        judge(without_truth(swapped))


def test_one_scattered_proton_does_not_squeeze_the_others() -> None:
    hits = straight_hits(n_events=40, n_layers=8)
    position = hits.position.clone()
    position[0] = torch.tensor([900.0, -900.0, 225.0])
    far = Hits(position=position, energy=hits.energy, layer=hits.layer)
    (x_low, x_high), (y_low, y_high), (z_low, z_high) = view_limits(far)
    assert x_low < 0
    assert 80 < x_high < 900
    assert -900 < y_low < y_high < 900
    assert z_low < 225 < 225 + 5.5 * 7 < z_high


EMPTY = tracks_of(straight_hits(n_events=0, n_layers=3), [])
ONE_HIT = tracks_of(straight_hits(n_events=1, n_layers=1).select(torch.tensor([0])), [[0]])
NO_TRACKS = tracks_of(straight_hits(n_events=3, n_layers=3), [])


@pytest.mark.parametrize("tracks", [EMPTY, ONE_HIT, NO_TRACKS], ids=["empty", "one hit", "none"])
@pytest.mark.parametrize("known", [True, False], ids=["truth", "no truth"])
def test_scarce_frames_can_be_drawn(tracks: Tracks, known: bool, tmp_path: Path) -> None:
    tracks = tracks if known else without_truth(tracks)
    save_figure(draw_frame(tracks, title=""), tmp_path / "frame.png")
    write_html(tracks, tmp_path / "frame.html", title="scarce")
    assert (tmp_path / "frame.png").read_bytes().startswith(b"\x89PNG")
    assert len(payload_of((tmp_path / "frame.html").read_text("utf-8"))["tracks"]) == len(tracks)


def payload_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def test_the_viewer_holds_the_tracks(swapped: Tracks) -> None:
    payload = payload_of(viewer_fragment(swapped, "swapped"))
    assert payload["tracks"] == [swapped[number].tolist() for number in range(len(swapped))]
    assert payload["event"] == swapped.hits.known_truth.event.tolist()
    assert payload["layer"] == swapped.hits.layer.tolist()
    assert payload["missed"] == judge(swapped).missed.T.tolist()
    position = torch.tensor(payload["position"]).T
    torch.testing.assert_close(position, swapped.hits.position, rtol=0, atol=0.0051)


def test_the_viewer_switches_what_the_truth_allows(swapped: Tracks) -> None:
    def switches(tracks: Tracks) -> list[str]:
        return re.findall(r'data-show="(\w+)"', viewer_fragment(tracks, ""))

    assert switches(swapped) == ["correct", "wrong", "bad", "missed", "free"]
    assert switches(without_truth(swapped)) == ["plain", "free"]
    assert "event" not in payload_of(viewer_fragment(without_truth(swapped), ""))


def test_a_page_needs_no_network_and_escapes_its_title(swapped: Tracks, tmp_path: Path) -> None:
    write_html(swapped, tmp_path / "frame.html", title='</script><b a="1">&%%{data}')
    page = (tmp_path / "frame.html").read_text("utf-8")
    addresses = re.findall(r'(?:src|href|action|data)\s*=\s*["\']?([^"\'>\s]+)', page)
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttpRequest|import\(", page)
    assert "<b a=" not in page
    assert "&lt;/script&gt;&lt;b a=&quot;1&quot;&gt;&amp;%%{data}" in page
    assert page.count("<script") == page.count("</script>") == 2


def test_a_full_frame_stays_small(tmp_path: Path) -> None:
    hits = straight_hits(n_events=150, n_layers=20)
    chains = [[event + 150 * layer for layer in range(20)] for event in range(150)]
    write_html(tracks_of(hits, chains), tmp_path / "frame.html", title="150 primaries")
    assert (tmp_path / "frame.html").stat().st_size < 2_000_000


@pytest.mark.skipif(shutil.which("node") is None, reason="node checks the script")
def test_the_script_is_well_formed(swapped: Tracks, tmp_path: Path) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", viewer_fragment(swapped, ""), re.DOTALL)
    (tmp_path / "script.js").write_text(script, encoding="utf-8")
    subprocess.run(["node", "--check", str(tmp_path / "script.js")], check=True)
