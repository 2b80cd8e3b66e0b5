"""Any permutation of the rows, the same tracks: for every tracker, and in spite of all ties."""

import dataclasses
import functools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape import samples
from trackscape.assignment import Assigner
from trackscape.data import Hits, Tracks
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, split_frames
from trackscape.scoring import load_method
from trackscape.tracking import TRACKERS, chosen_segments, load_tracker, reconstruct
from trackscape.tracking.follow import canonical_order

DEPTH = (225.2, 277.6, 333.4, 338.9, 344.4, 349.9, 355.4)
tracker_of = functools.cache(load_tracker)


@st.composite
def frames_with_ties(draw: st.DrawFn) -> tuple[Hits, torch.Tensor]:
    """Hits on a coarse grid, many of them at one point or with one deposit, and a permutation."""
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, len(DEPTH) - 1),
                st.sampled_from([-1.0, 0.0, 1.0]),
                st.sampled_from([0.0, 0.5]),
                st.sampled_from([0.02, 0.1]),
            ),
            min_size=1,
            max_size=30,
        )
    )
    order = draw(st.permutations(range(len(rows))))
    layer, x, y, energy = zip(*rows, strict=True)
    z = [DEPTH[number] for number in layer]
    hits = Hits(
        position=torch.tensor([x, y, z], dtype=torch.float32).T.contiguous(),
        energy=torch.tensor(energy, dtype=torch.float32),
        layer=torch.tensor(layer, dtype=torch.int64),
    )
    return hits, torch.tensor(order)


def measured(tracks: Tracks) -> list[list[tuple[float, ...]]]:
    """What was measured on each track; hits that are equal in all of it are the same here."""
    hits = tracks.hits
    rows = torch.cat([hits.layer[:, None], hits.position, hits.energy[:, None]], dim=1).tolist()
    return sorted([tuple(rows[hit]) for hit in chain.tolist()] for chain in tracks)


@pytest.mark.parametrize("name", TRACKERS)
@given(problem=frames_with_ties())
@settings(max_examples=25)
def test_any_permutation_of_the_rows_gives_the_same_tracks(
    name: str, problem: tuple[Hits, torch.Tensor]
):
    hits, order = problem
    tracker = tracker_of(name)
    assert measured(tracker(hits.select(order))) == measured(tracker(hits))


@functools.cache
def simulated_frame() -> Hits:
    return split_frames(read_hits(samples.TRAIN), per_frame=50)[0]


@pytest.mark.parametrize("name", TRACKERS)
def test_a_simulated_frame_may_be_shuffled_and_pixelised(name: str):
    frame = simulated_frame()
    pixel = torch.tensor([0.5, 0.5, 1.0])
    coarse = dataclasses.replace(frame, position=(frame.position / pixel).round() * pixel)
    tracker = tracker_of(name)
    for hits in (frame, coarse):
        shuffled = hits.select(torch.from_numpy(np.random.default_rng(5).permutation(len(hits))))
        assert measured(tracker(shuffled)) == measured(tracker(hits))


def test_the_whole_reconstruction_does_not_depend_on_the_rows_either():
    hits, scorer = simulated_frame(), load_method("line-graph-pat")
    shuffled = hits.select(torch.arange(len(hits)).flip(0))
    found = [reconstruct(h, scorer=scorer, assigner=Assigner()) for h in (hits, shuffled)]
    assert measured(found[0]) == measured(found[1])


@pytest.mark.parametrize("name", ["kalman", "trackscape"])
def test_tracks_number_the_hits_of_the_frame_as_its_graph_does(name: str):
    hits = simulated_frame()
    tracks = tracker_of(name)(hits)
    assert tracks.hits is hits
    assert tracks.first.tolist() == sorted(tracks.first.tolist())
    assert int(chosen_segments(tracks, graph=connect_layers(hits)).selected.sum()) > 500


def test_the_order_is_that_of_layer_deposit_position_and_spot():
    hits = Hits(
        position=torch.tensor([[1.0, 0, 9], [0, 0, 9], [0, 0, 9], [5, 0, 8], [0, 0, 9]]),
        energy=torch.tensor([0.1, 0.1, 0.1, 0.9, 0.05]),
        layer=torch.tensor([1, 1, 1, 0, 1]),
        spot=torch.tensor([[0.0, 0], [0, 2], [0, 1], [0, 0], [0, 0]]),
    )
    assert canonical_order(hits).tolist() == [3, 4, 2, 1, 0]
