"""Kinks change with displacements as the sums say, and not at all with the weak modes."""

import dataclasses

import numpy as np
import pytest
import torch

from trackscape.alignment import WEAK_MODES, align_hits, displace_hits, no_alignment
from trackscape.alignment.kinks import sum_kinks
from trackscape.alignment.layers import displaced_further
from trackscape.alignment.solution import free_of_weak_modes, next_alignment, weak_modes
from trackscape.data import HitGraph, Hits, TripletGraph
from trackscape.scoring import load_method
from trackscape.scoring.track_model import pair_beliefs, run_bp

DEPTH = np.array([225.2, 277.6, 333.4, 338.9, 344.4, 349.9])
ALL = np.ones(6, dtype=bool)
ROUNDS = 30  # until messages do not change any more


@pytest.fixture(scope="module")
def triplets(straight_tracks) -> TripletGraph:
    """Tracks so near to each other that the model is unsure of them."""
    hits = straight_tracks(4, n_layers=6, spacing=0.3).to(torch.float64)
    noise = torch.randn(len(hits), 2, generator=torch.Generator().manual_seed(0)).double()
    position = hits.position.clone()
    position[:, :2] += 0.05 * noise
    model = load_method("trackscape")
    return model.prepare(model.connect(dataclasses.replace(hits, position=position)))


def squared_kinks(graph: TripletGraph, hits: Hits) -> torch.Tensor:
    """Squares of the kinks of the pairs of a graph, with its hits elsewhere, (P,)."""
    downstream, upstream = graph.hit_graph.edge_index
    step = hits.position[downstream] - hits.position[upstream]
    slope = step[:, :2] / step[:, 2:]
    owner = torch.repeat_interleave(graph.triplet_ptr.diff())
    return (slope[owner] - slope[graph.upstream]).square().sum(dim=1)


def moved(graph: TripletGraph, hits: Hits) -> TripletGraph:
    """The same pairs of other hits."""
    hit_graph = HitGraph(hits=hits, edge_index=graph.hit_graph.edge_index)
    return dataclasses.replace(
        graph, hit_graph=hit_graph, slope_change_sq=squared_kinks(graph, hits)
    )


@torch.no_grad()
def potentials_of(graph: TripletGraph) -> torch.Tensor:
    return load_method("trackscape")(graph).potentials.double()


def sums_of(graph: TripletGraph, potentials: torch.Tensor, fitted: np.ndarray = ALL):
    belief = pair_beliefs(potentials, graph=graph, n_iterations=ROUNDS)[2]
    values = potentials.numpy()
    narrowness = np.exp(-2 * values[:, 6:]) / 0.01**2
    return sum_kinks(graph, belief, np.exp(values[:, 3:6]) * narrowness, narrowness, fitted)


def test_the_pull_is_the_derivative_of_the_evidence_by_each_displacement(triplets):
    """The pairs and what the network says of segments stay; only the kinks change."""
    potentials, hits, step = potentials_of(triplets), triplets.hit_graph.hits, 1e-5

    def log_partition(more: np.ndarray) -> float:
        there = displaced_further(no_alignment(DEPTH), more)
        graph = moved(triplets, align_hits(hits, there))
        return float(run_bp(potentials, graph=graph, n_iterations=ROUNDS)[1])

    differences = [
        (log_partition(step * unit) - log_partition(-step * unit)) / (2 * step)
        for unit in np.eye(18).reshape(18, 3, 6)
    ]
    pull = sums_of(triplets, potentials).pull
    assert np.abs(pull).max() > 10
    np.testing.assert_allclose(pull, differences, rtol=2e-3, atol=2e-3 * np.abs(pull).max())


@pytest.mark.parametrize("mode", range(5), ids=lambda mode: WEAK_MODES[mode])
def test_a_weak_mode_bends_no_track(triplets, mode):
    hits = triplets.hit_graph.hits
    constant, along = np.ones(6), (DEPTH - DEPTH.mean()) / 100
    shift, rotation = np.zeros((6, 2)), np.zeros(6)
    if mode < 4:
        shift[:, mode % 2] = constant if mode < 2 else along
    else:
        rotation = 0.1 * constant
    there = dataclasses.replace(no_alignment(DEPTH), shift=shift, rotation=rotation)
    seen = displace_hits(hits, there)
    assert (seen.position - hits.position).abs().max() > 0.1
    torch.testing.assert_close(squared_kinks(triplets, seen), triplets.slope_change_sq)


def test_a_twist_bends_no_track_along_the_beam(triplets):
    line = torch.tensor([[20.0, 10.0]]).expand(6, 2).double()
    hits = Hits(
        position=torch.cat([line, torch.from_numpy(DEPTH)[:, None]], dim=1),
        energy=torch.ones(6),
        layer=torch.arange(6),
    )
    twist = dataclasses.replace(no_alignment(DEPTH), rotation=1e-5 * (DEPTH - DEPTH.mean()))
    model = load_method("trackscape")
    graph = model.prepare(model.connect(hits))
    kinks = squared_kinks(graph, displace_hits(hits, twist)).sqrt()
    torch.testing.assert_close(kinks, torch.zeros_like(kinks), rtol=0, atol=1e-6)


def test_weak_modes_are_orthonormal_and_taken_out():
    fitted = np.array([True, True, False, True, True, True])
    modes = weak_modes(DEPTH, fitted)
    np.testing.assert_allclose(modes.T @ modes, np.eye(6), atol=1e-12)
    values = np.random.default_rng(0).normal(size=(3, 6))
    rest = free_of_weak_modes(values, DEPTH, fitted)
    np.testing.assert_allclose(modes.T @ rest.ravel(), 0, atol=1e-12)
    np.testing.assert_allclose(free_of_weak_modes(rest, DEPTH, fitted), rest, atol=1e-12)
    assert not rest[:, 2].any()


def test_least_squares_straighten_a_track_that_is_displaced(straight_tracks, displaced):
    """Protons far from each other that scatter nowhere: one solution tells all layers."""
    hits = straight_tracks(20, n_layers=6).to(torch.float64)
    truth = displaced(DEPTH, 3, size=0.05)
    model = load_method("trackscape")
    graph = model.prepare(model.connect(displace_hits(hits, truth)))
    start = dataclasses.replace(no_alignment(DEPTH), fitted=ALL)
    sums = sums_of(graph, potentials_of(graph))
    np.testing.assert_allclose(sums.protons, 20, rtol=0.02)
    found = next_alignment(start, sums, stride=1.0)
    wrong = np.concatenate([(found.shift - truth.shift).T, [found.rotation - truth.rotation]])
    np.testing.assert_allclose(free_of_weak_modes(wrong, DEPTH, ALL), 0, atol=2e-5)


def test_pairs_of_layers_that_are_not_fitted_say_nothing(triplets):
    fitted = np.array([True, True, True, True, False, True])
    sums = sums_of(triplets, potentials_of(triplets), fitted)
    outside = ~np.tile(fitted, 3)
    assert not sums.pull[outside].any()
    assert not sums.stiffness[outside].any()
    assert sums.protons[4] == sums.protons[5] == 0
    assert (sums.protons[:4] > 0).all()
