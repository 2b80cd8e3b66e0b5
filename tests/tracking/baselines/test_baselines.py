"""What holds for every baseline: whole chains, clean tracks found, symmetries of physics."""

import dataclasses
import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.data import Hits, Tracks
from trackscape.errors import DataError
from trackscape.evaluation import METRICS, count_frame
from trackscape.graph_construction import connect_layers
from trackscape.tracking import accept, chosen_segments
from trackscape.tracking.baselines import BASELINES, KalmanFilter, MotionModel, PhysicsAssignment

Chains = Callable[[Tracks], set[tuple[int, ...]]]
every_method = pytest.mark.parametrize("name", BASELINES)


def moved(hits: Hits, *, turn: float = 0.0, shift: tuple[float, float] = (0.0, 0.0)) -> Hits:
    """The frame in double precision, turned about the beam axis and shifted across it."""
    x, y, z = hits.position.double().T
    cosine, sine = math.cos(turn), math.sin(turn)
    position = [cosine * x - sine * y + shift[0], sine * x + cosine * y + shift[1], z]
    return dataclasses.replace(hits, position=torch.stack(position, dim=1))


@every_method
@pytest.mark.parametrize("kink", [0.0, 0.004])
def test_tracks_far_apart_are_found_exactly(name: str, kink: float, beam: Callable[..., Hits]):
    hits = beam(kink=kink)
    tracks = BASELINES[name](hits)
    event = hits.known_truth.event
    assert [event[chain].unique().tolist() for chain in tracks] == [[n] for n in range(9)]


@every_method
@given(seed=st.integers(0, 2**31), n_hits=st.integers(0, 60), wide=st.booleans())
@settings(max_examples=15)
def test_every_hit_is_on_exactly_one_track(
    random_hits: Callable[..., Hits], name: str, seed: int, n_hits: int, wide: bool
):
    width, n_layers = (60.0, 5) if wide else (1.0, 17)
    hits = random_hits(seed, n_hits=n_hits, n_layers=n_layers, width=width)
    tracks = BASELINES[name](hits)
    assert sorted(tracks.index.tolist()) == list(range(n_hits))
    assert tracks.first.tolist() == sorted(tracks.first.tolist())
    layer = tracks.hits.layer
    assert all(layer[chain].tolist() == sorted(set(layer[chain].tolist())) for chain in tracks)


@every_method
@pytest.mark.parametrize("layers", [[], [0], [7], [3, 3, 3], [0, 9]])
def test_small_frames(name: str, layers: list[int]):
    layer = torch.tensor(layers, dtype=torch.int64)
    position = torch.stack([20.0 * torch.arange(len(layer)), 0.0 * layer, 5.5 * layer], dim=1)
    hits = Hits(position=position, energy=torch.zeros(len(layer)), layer=layer)
    assert [chain.tolist() for chain in BASELINES[name](hits)] == [[n] for n in range(len(layer))]


@every_method
def test_the_axes_and_the_origin_across_the_beam_do_not_matter(
    name: str, real_frames: list[Hits], chains: Chains
):
    for hits in real_frames[:3]:
        before = chains(BASELINES[name](moved(hits)))
        assert chains(BASELINES[name](moved(hits, turn=0.7))) == before
        assert chains(BASELINES[name](moved(hits, shift=(40.0, -25.0)))) == before


@every_method
def test_the_truth_is_not_looked_at(name: str, real_frames: list[Hits], chains: Chains):
    hits = real_frames[0]
    measured = Hits(position=hits.position, energy=hits.energy, layer=hits.layer)
    assert chains(BASELINES[name](measured)) == chains(BASELINES[name](hits))


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "track-follower"])
def test_the_order_of_the_hits_in_a_layer_does_not_matter(
    name: str, real_frames: list[Hits], chains: Chains
):
    # Geant4's files list them by event, so a method that looked at the order would cheat. The
    # track follower begins with one seed of a layer or another, and is told from it below.
    hits = real_frames[1]
    order = torch.randperm(len(hits), generator=torch.Generator().manual_seed(3))
    order = order[torch.argsort(hits.layer[order], stable=True)]
    shuffled = chains(BASELINES[name](hits.select(order)))
    back = {tuple(order[torch.tensor(chain)].tolist()) for chain in shuffled}
    assert back == chains(BASELINES[name](hits))


# What they reach on these frames, less some percent; mixing up layers or signs costs far more.
@pytest.mark.parametrize(
    ("name", "purity", "complete"),
    [
        ("greedy", 0.78, 0.72),
        ("track-follower", 0.86, 0.75),
        ("kalman", 0.88, 0.85),
        ("physics-assignment", 0.86, 0.83),
    ],
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_real_protons_are_found(
    name: str, purity: float, complete: float, shuffle: bool, real_frames: list[Hits]
):
    counts = []
    for hits in real_frames:
        if shuffle:
            order = torch.randperm(len(hits), generator=torch.Generator().manual_seed(1))
            hits = hits.select(order).sorted_by_layer()
        tracks = accept(BASELINES[name](hits))
        counts.append(count_frame(tracks, chosen_segments(tracks, graph=connect_layers(hits))))
    assert METRICS["purity"](counts).value > purity
    assert METRICS["complete_efficiency"](counts).value > complete


@pytest.mark.parametrize("method", [KalmanFilter, PhysicsAssignment])
def test_layers_that_the_detector_lacks_are_refused(method: type, beam: Callable[..., Hits]):
    hits = beam()
    deep = dataclasses.replace(hits, layer=hits.layer + 40)
    with pytest.raises(DataError, match=r"43 layers of the detector bergen-auto.*layer 53\."):
        method(motion=MotionModel())(deep)
