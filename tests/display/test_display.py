"""Pictures of frames: what they say must be what the tracks are."""

import base64
import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
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
from trackscape.tracking import Rated


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
    (frame,) = payload_of((tmp_path / "frame.html").read_text("utf-8"))["frames"]
    assert len(chains_in(frame)) == len(tracks)


def payload_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def unpack(packed: list[str]) -> np.ndarray:
    kind, text = packed
    sizes = {"Uint8Array": "<u1", "Uint16Array": "<u2", "Uint32Array": "<u4"}
    return np.frombuffer(base64.b64decode(text), sizes[kind])


def chains_in(frame: dict[str, Any]) -> list[list[int]]:
    ends = np.cumsum(unpack(frame["length"]))
    return [part.tolist() for part in np.split(unpack(frame["index"]), ends)[:-1]]


def test_the_viewer_holds_the_tracks(swapped: Tracks) -> None:
    payload = payload_of(viewer_fragment(swapped, "swapped"))
    (frame,) = payload["frames"]
    hits, truth = swapped.hits, swapped.hits.known_truth
    assert chains_in(frame) == [swapped[number].tolist() for number in range(len(swapped))]
    assert unpack(frame["layer"]).tolist() == hits.layer.tolist()
    assert unpack(frame["missed"]).reshape(-1, 2).tolist() == judge(swapped).missed.T.tolist()
    particle = unpack(frame["particle"])
    for name in ("event", "track", "parent"):
        found = np.array(frame["particles"][name])[particle]
        assert found.tolist() == getattr(truth, name).tolist()
    assert "pdg" not in frame["particles"], "these hits have no codes"
    assert "probability" not in frame


def decoded_position(payload: dict[str, Any], frame: int) -> torch.Tensor:
    counts = np.stack([unpack(axis) for axis in payload["frames"][frame]["position"]], axis=1)
    return torch.from_numpy(counts * np.array(payload["step"]) + np.array(payload["origin"]))


@pytest.mark.parametrize(("scale", "error"), [(1.0, 0.005), (100.0, 0.0294)])
def test_positions_keep_their_resolution(swapped: Tracks, scale: float, error: float) -> None:
    """Steps of 0.01 mm, or of 1/65535 of the extent, 3.85 m here, where that is more."""
    hits = swapped.hits
    large = Hits(position=scale * hits.position, energy=hits.energy, layer=hits.layer)
    tracks = Tracks(hits=large, index=swapped.index, offset=swapped.offset)
    found = decoded_position(payload_of(viewer_fragment(tracks, "")), 0)
    torch.testing.assert_close(found, large.position.double(), rtol=0, atol=1.01 * error)


@pytest.mark.parametrize("most", [200.0, 6.0, 2e-3])
def test_deposits_keep_their_resolution(swapped: Tracks, most: float) -> None:
    energy = torch.linspace(0, most, len(swapped.hits))
    hits = Hits(position=swapped.hits.position, energy=energy, layer=swapped.hits.layer)
    payload = payload_of(viewer_fragment(tracks_of(hits, []), ""))
    found = torch.from_numpy(unpack(payload["frames"][0]["energy"]) * payload["energyStep"])
    error = 0.51 * max(1e-4, most / 65535)
    torch.testing.assert_close(found, energy.double(), rtol=1e-6, atol=error)


def test_several_frames_share_one_scale_and_keep_their_probabilities(swapped: Tracks) -> None:
    other = tracks_of(straight_hits(n_events=3, n_layers=6), [[0, 3, 6], [1, 4]])
    log_odds = torch.tensor([-3.0, 4.0]).double()
    rated = Rated(other, other, log_odds, torch.zeros(2).double())
    payload = payload_of(viewer_fragment([swapped, rated], "", first=7))
    assert payload["first"] == 7
    first, second = payload["frames"]
    assert "probability" not in first
    said = torch.from_numpy(unpack(second["probability"]) / 1e4)
    torch.testing.assert_close(said, rated.probability, rtol=0, atol=0.51e-4)
    for number, tracks in enumerate((swapped, other)):
        found = decoded_position(payload, number)
        torch.testing.assert_close(found, tracks.hits.position.double(), rtol=0, atol=0.0051)
    assert [n for n, _ in payload["layers"]] == list(range(8))
    assert [z for _, z in payload["layers"]] == [225 + 5.5 * n for n in range(8)]


def test_measured_frames_have_no_truth_in_the_page(swapped: Tracks) -> None:
    (frame,) = payload_of(viewer_fragment(without_truth(swapped), ""))["frames"]
    assert not {"particle", "particles", "missed"} & set(frame)


def test_a_page_needs_a_frame(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="one or more frames"):
        write_html([], tmp_path / "frame.html", title="")


def test_the_page_counts_every_frame(swapped: Tracks, tmp_path: Path) -> None:
    write_html([swapped, swapped], tmp_path / "frame.html", title="two", first=4)
    page = (tmp_path / "frame.html").read_text("utf-8")
    rows = re.findall(r"<tr>(.*?)</tr>", page)[1:]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    # 54 hits, 17 without a track, 5 tracks; 3 correct, 2 wrong, 2 wrong and 12 missing segments.
    assert cells == [[number, "54", "17", "5", "3", "2", "2", "12"] for number in ("4", "5")]


def test_a_page_needs_no_network_and_escapes_its_title(swapped: Tracks, tmp_path: Path) -> None:
    write_html(swapped, tmp_path / "frame.html", title='</script><b a="1">&%%{data}')
    page = (tmp_path / "frame.html").read_text("utf-8")
    page = page.replace("http://www.w3.org/2000/svg", "")  # a name, for saved pictures
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
    assert (tmp_path / "frame.html").stat().st_size < 200_000


@pytest.mark.skipif(shutil.which("node") is None, reason="node checks the script")
def test_the_script_is_well_formed(swapped: Tracks, tmp_path: Path) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", viewer_fragment(swapped, ""), re.DOTALL)
    (tmp_path / "script.js").write_text(script, encoding="utf-8")
    subprocess.run(["node", "--check", str(tmp_path / "script.js")], check=True)
