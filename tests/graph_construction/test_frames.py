"""Readout frames against a literal loop over events, and the cleaning of a frame by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.data import Hits, Truth
from trackscape.errors import DataError
from trackscape.graph_construction import clean_frame, cluster_size, split_frames

BRIGHT, DIM = 0.1, 0.001  # MeV: 10 pixels and 1
ROW = st.tuples(
    st.integers(0, 6), st.integers(1, 2), st.integers(0, 3), st.sampled_from([BRIGHT, DIM])
)


def make_hits(
    rows: list[tuple[int, int, int, float]], *, spots: list[tuple[float, float]] | None = None
) -> Hits:
    """Rows (event, track, layer, energy), with the spot of each row or without spots."""
    event, track, layer = (
        torch.tensor([row[column] for row in rows], dtype=torch.int64) for column in range(3)
    )
    return Hits(
        position=torch.zeros(len(rows), 3),
        energy=torch.tensor([row[3] for row in rows]).float(),
        layer=layer,
        spot=None if spots is None else torch.tensor(spots).float().view(-1, 2),
        truth=Truth(event=event, track=track, parent=track - 1),
    )


def make_frame(layers: list[int], *, energy: float = BRIGHT) -> Hits:
    return make_hits([(number, 1, layer, energy) for number, layer in enumerate(layers)])


def keys_of(hits: Hits) -> list[tuple[int, int, int]]:
    truth = hits.known_truth
    return sorted(zip(hits.layer.tolist(), truth.event.tolist(), truth.track.tolist(), strict=True))


def literal_frames(
    rows: list[tuple[int, int, int, float]], *, spot_of_event: dict[int, int], per_frame: int
) -> list[list[tuple[int, int, int]]]:
    """Keys (layer, event, track) of the hits of each frame before they are cleaned."""
    frames: list[list[tuple[int, int, int]]] = []
    for spot in sorted(set(spot_of_event.values())):
        events = sorted({row[0] for row in rows if spot_of_event[row[0]] == spot})
        while len(events) >= per_frame:
            group, events = events[:per_frame], events[per_frame:]
            keys = {(layer, event, track) for event, track, layer, _ in rows if event in group}
            frames.append(sorted(keys))
    return frames


@given(
    rows=st.lists(ROW, min_size=1, max_size=30),
    per_frame=st.integers(1, 3),
    n_spots=st.integers(1, 3),
)
def test_frames_are_those_of_a_literal_loop(
    rows: list[tuple[int, int, int, float]], per_frame: int, n_spots: int
):
    # Events of the spots take turns, as where spots are scanned several times.
    spot_of_event = {event: event % n_spots for event in range(7)}
    spots = [(3.0 * spot_of_event[row[0]], -1.0) for row in rows]
    hits = make_hits(rows, spots=spots if n_spots > 1 else None)
    expected = literal_frames(rows, spot_of_event=spot_of_event, per_frame=per_frame)
    if not expected:
        with pytest.raises(DataError, match=f"at least {per_frame} protons"):
            split_frames(hits, per_frame=per_frame)
        return
    frames = split_frames(hits, per_frame=per_frame)
    assert len(frames) == len(expected)
    energy: dict[tuple[int, int, int], float] = {}
    for event, track, layer, value in rows:
        energy[layer, event, track] = energy.get((layer, event, track), 0.0) + value
    for frame, keys in zip(frames, expected, strict=True):
        size = cluster_size(torch.tensor([energy[key] for key in keys]))
        large = [key for key, pixels in zip(keys, size.tolist(), strict=True) if pixels >= 2]
        layers = {layer for layer, _, _ in large}
        connected = [key for key in large if set(range(min(layers), key[0])) <= layers]
        assert keys_of(frame) == connected
        assert bool((frame.layer.diff() >= 0).all())


def test_an_event_counts_even_if_all_its_hits_are_too_small():
    rows = [(0, 1, 0, BRIGHT), (1, 1, 0, DIM), (5, 1, 0, BRIGHT), (9, 1, 0, BRIGHT)]
    frames = split_frames(make_hits(rows), per_frame=2)
    assert [frame.known_truth.event.tolist() for frame in frames] == [[0], [5, 9]]


def test_events_of_two_spots_never_share_a_frame():
    rows = [(event, 1, 0, BRIGHT) for event in range(5)]
    spots = [(0.0, 0.0)] * 3 + [(7.0, 0.0)] * 2
    frames = split_frames(make_hits(rows, spots=spots), per_frame=2)
    assert [frame.known_truth.event.tolist() for frame in frames] == [[0, 1], [3, 4]]
    assert [frame.spot[0].tolist() for frame in frames] == [[0, 0], [7, 0]]


def test_too_many_protons_for_one_frame_are_refused():
    with pytest.raises(DataError, match=r"at least 4 protons .* has 3"):
        split_frames(make_frame([0, 0, 0]), per_frame=4)


@pytest.mark.parametrize("per_frame", [0, -1])
def test_a_frame_needs_a_proton(per_frame: int):
    with pytest.raises(DataError, match="at least 1 proton"):
        split_frames(make_frame([0]), per_frame=per_frame)


@pytest.mark.parametrize("spots", [None, []])
def test_a_file_without_hits_is_refused(spots: list[tuple[float, float]] | None):
    with pytest.raises(DataError):
        split_frames(make_hits([], spots=spots), per_frame=1)


@pytest.mark.parametrize(
    ("layers", "kept", "kept_as_published"),
    [
        ([], [], []),
        ([4], [4], [4]),
        ([4, 4], [4, 4], [4, 4]),
        ([0, 1, 2], [0, 1, 2], [0, 1, 2]),
        ([2, 0, 1, 4, 5, 7], [0, 1, 2], [0, 1]),
        ([0, 2, 2], [0], []),
        ([3, 3, 4, 4, 6], [3, 3, 4, 4], [3, 3]),
    ],
)
def test_layers_behind_a_gap_are_dropped(
    layers: list[int], kept: list[int], kept_as_published: list[int]
):
    assert clean_frame(make_frame(layers)).layer.tolist() == kept
    published = clean_frame(make_frame(layers), drop_last_connected=True)
    assert published.layer.tolist() == kept_as_published


def test_a_layer_with_small_clusters_only_is_a_gap():
    rows = [(0, 1, 0, BRIGHT), (0, 1, 1, DIM), (0, 1, 2, BRIGHT)]
    assert clean_frame(make_hits(rows)).layer.tolist() == [0]
    assert len(clean_frame(make_frame([0, 1, 2], energy=DIM))) == 0


def test_clusters_of_two_pixels_stay():
    # The border lies at 5.07 keV; see the tests of the cluster size.
    assert len(clean_frame(make_frame([0, 1], energy=0.0051))) == 2
    assert len(clean_frame(make_frame([0, 1], energy=0.0050))) == 0


def test_two_identical_hits_both_stay():
    hits = make_hits([(0, 1, 3, BRIGHT), (0, 1, 3, BRIGHT)])
    assert clean_frame(hits).known_truth.event.tolist() == [0, 0]
