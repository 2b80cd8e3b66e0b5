"""The path for tracking against the one that training differentiates."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.data import Hits
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.samples import VALIDATION
from trackscape.scoring import Scorer, TrackModel, load_method
from trackscape.scoring.track_model import perceptron
from trackscape.scoring.track_model.first_round import LEAST_LIKELY
from trackscape.scoring.track_model.inference import _slopes_and_odds
from trackscape.scoring.track_model.potentials import FOLLOW, MIXTURE, bounded


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return load_method("trackscape")


@pytest.fixture(scope="module")
def frames() -> list[Hits]:
    return split_frames(read_hits(VALIDATION), per_frame=50)[:4]


def small_frame(seed: int, *, n_protons: int, n_layers: int = 7) -> Hits:
    """Straight lines that are bent a little at each layer and cross each other."""
    random = np.random.default_rng(seed)
    z = 5.5 * np.arange(n_layers)
    slope = random.normal(0, 0.03, (n_protons, n_layers, 2)).cumsum(axis=1)
    across = random.uniform(-3, 3, (n_protons, 1, 2)) + (5.5 * slope).cumsum(axis=1)
    position = np.concatenate([across, np.broadcast_to(z[:, None], (n_protons, n_layers, 1))], 2)
    return Hits(
        position=torch.from_numpy(position.reshape(-1, 3)).float(),
        energy=torch.from_numpy(random.uniform(0.01, 0.08, n_protons * n_layers)).float(),
        layer=torch.arange(n_layers).repeat(n_protons),
    ).sorted_by_layer()


@torch.no_grad()
def largest_difference(scorer: Scorer, hits: Hits) -> float:
    """Of the probabilities of all segments, 0 for those that the path for tracking leaves out."""
    plain, fast = scorer.score(hits), scorer.score_likely(hits)
    n = len(hits)
    keys = plain.graph.edge_index[0] * n + plain.graph.edge_index[1]
    place = torch.searchsorted(keys, fast.graph.edge_index[0] * n + fast.graph.edge_index[1])
    assert torch.equal(plain.graph.edge_index[:, place], fast.graph.edge_index)
    probability = torch.zeros(plain.graph.n_edges)
    probability[place] = fast.probability
    return float((plain.probability - probability).abs().max())


def test_probabilities_are_those_of_all_pairs(scorer: Scorer, frames: list[Hits]) -> None:
    assert max(largest_difference(scorer, hits) for hits in frames) < 1e-3


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n_protons=st.integers(1, 8))
def test_probabilities_of_small_frames_agree(seed: int, n_protons: int) -> None:
    hits = small_frame(seed, n_protons=n_protons)
    assert largest_difference(load_method("trackscape"), hits) < 1e-3


def test_most_segments_are_left_out_and_only_improbable_ones(
    scorer: Scorer, frames: list[Hits]
) -> None:
    plain, fast = scorer.score(frames[0]), scorer.score_likely(frames[0])
    assert fast.graph.n_edges < plain.graph.n_edges / 2
    assert int((plain.probability > 0.01).sum()) <= fast.graph.n_edges
    assert LEAST_LIKELY < 1e-6


def test_potentials_are_those_of_the_network_in_float32(scorer: Scorer, frames: list[Hits]) -> None:
    assert isinstance(scorer, TrackModel)
    graph = scorer.connect(frames[0])
    with torch.no_grad():
        potentials = bounded(scorer.potentials(scorer.inputs(graph))).double().T
    potentials[FOLLOW : FOLLOW + MIXTURE] -= 2 * potentials[FOLLOW + MIXTURE :]
    potentials[FOLLOW + MIXTURE :] *= -2
    _, odds = _slopes_and_odds(graph, scorer.potentials)
    torch.testing.assert_close(
        torch.from_numpy(odds).double().log(), potentials, rtol=1e-5, atol=5e-5
    )


def test_the_tangent_is_exact_to_float32() -> None:
    x = np.linspace(-12, 12, 20_001).astype(np.float32)
    found = np.array([perceptron._tanh(value) for value in x[::20]])
    np.testing.assert_allclose(found, np.tanh(x[::20].astype(np.float64)), atol=5e-7)


def test_networks_without_perceptron_or_in_float64_score_all_segments(frames: list[Hits]) -> None:
    for network in (TrackModel(hidden=0), TrackModel().double(), TrackModel().plain()):
        all_edges = network.connect(frames[0]).n_edges
        assert network.score_likely(frames[0]).graph.n_edges == all_edges


def test_a_frame_without_segments_has_no_scores(scorer: Scorer) -> None:
    for hits in (
        small_frame(1, n_protons=2, n_layers=1),
        small_frame(1, n_protons=1).select(torch.zeros(0, dtype=torch.long)),
    ):
        assert scorer.score_likely(hits).graph.n_edges == 0
