"""Losses against the means that one writes down by hand."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.assignment import (
    Assigner,
    by_region,
    cross_entropy_loss,
    hamming_loss,
    hinge_loss,
    spo_plus_loss,
)
from trackscape.data import HitGraph, Hits
from trackscape.graph_construction import connect_layers

SEED = st.integers(0, 2**31)
ASSIGNERS = {
    "max_cardinality": Assigner(),
    "with_unmatched": Assigner(semantics="with_unmatched", unmatched_cost=0.4),
}
both_meanings = pytest.mark.parametrize("assigner", ASSIGNERS.values(), ids=ASSIGNERS.keys())
both_losses = pytest.mark.parametrize(
    ("loss", "scale"),
    [(hinge_loss, {"margin": 0.2}), (spo_plus_loss, {"contrast": 0.5})],
    ids=["hinge", "spo_plus"],
)
few = settings(max_examples=15)  # each loss and meaning, with graphs of its own


@pytest.fixture
def graph(straight_tracks: Callable[..., Hits]) -> HitGraph:
    """Two lone tracks: edges upstream from layers 0, 0, 1, 1, 2, 2, 3, 3."""
    return connect_layers(straight_tracks(2, n_layers=5, spacing=100.0))


def test_the_hamming_loss_counts_wrong_decisions():
    chosen, label = torch.tensor([1.0, 1, 0, 0, 1]), torch.tensor([1.0, 0, 1, 0, 1])
    assert hamming_loss(chosen, label).item() == pytest.approx(2 / 5)
    assert hamming_loss(label, label).item() == 0
    assert hamming_loss(torch.full((5,), 0.3), label).item() == pytest.approx(
        (0.7 * 3 + 0.3 * 2) / 5
    )


def test_the_cross_entropy_is_its_formula():
    logit, label = torch.tensor([0.0, 2.0, -3.0]), torch.tensor([1.0, 0.0, 0.0])
    p = [1 / (1 + math.exp(-value)) for value in logit.tolist()]
    expected = -(math.log(p[0]) + math.log(1 - p[1]) + math.log(1 - p[2])) / 3
    assert cross_entropy_loss(logit, label).item() == pytest.approx(expected, rel=1e-6)


def test_regions_weigh_the_same(graph: HitGraph):
    prediction = torch.tensor([1.0, 1, 1, 0, 0, 0, 1, 0])
    label = torch.tensor([1.0, 0, 1, 1, 0, 1, 0, 0])
    assert graph.touches_tracker.tolist() == [True] * 6 + [False] * 2
    loss = by_region(hamming_loss, prediction, label, graph=graph)
    assert loss.item() == pytest.approx(3 / 6 + 1 / 2)


def test_gradients_are_those_of_the_two_means(graph: HitGraph):
    prediction = torch.zeros(8, requires_grad=True)
    by_region(hamming_loss, prediction, torch.zeros(8), graph=graph).backward()
    assert prediction.grad is not None
    assert prediction.grad.tolist() == pytest.approx([1 / 6] * 6 + [1 / 2] * 2)


@pytest.mark.parametrize(("first_layer", "n_layers"), [(0, 3), (5, 6), (5, 1)])
def test_a_region_without_edges_adds_nothing(
    first_layer: int, n_layers: int, straight_tracks: Callable[..., Hits]
):
    hits = straight_tracks(2, first_layer=first_layer, n_layers=n_layers, spacing=100.0)
    graph = connect_layers(hits)
    prediction = torch.full((graph.n_edges,), 0.25, requires_grad=True)
    loss = by_region(hamming_loss, prediction, torch.zeros(graph.n_edges), graph=graph)
    assert loss.item() == pytest.approx(0.25 if graph.n_edges else 0.0)
    loss.backward()  # a frame without edges must not stop a training
    assert prediction.grad is not None


def test_weights_are_those_of_the_mean(graph: HitGraph):
    logit, label = torch.linspace(-2, 2, 8), torch.tensor([1.0, 0, 1, 1, 0, 1, 0, 0])
    weight = torch.linspace(0, 3, 8)
    loss = by_region(cross_entropy_loss, logit, label, weight, graph=graph)
    each = torch.nn.functional.softplus(-logit * (2 * label - 1)) * weight
    assert loss.item() == pytest.approx(each[:6].mean().item() + each[6:].mean().item())
    ones = by_region(cross_entropy_loss, logit, label, torch.ones(8), graph=graph)
    assert torch.equal(ones, by_region(cross_entropy_loss, logit, label, graph=graph))


def costs(seed: int, label: torch.Tensor) -> torch.Tensor:
    """What wrong decisions cost: more or less than nothing for false edges, for true ones more."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(len(label), generator=generator, dtype=torch.float64)
    return torch.where(label > 0, values, 3 * values - 1)


@both_losses
@both_meanings
@few
@given(seed=SEED)
def test_costs_of_one_are_the_loss_as_it_was(task, differentiate, loss, scale, assigner, seed):
    graph, label, cost, _ = task(seed, assigner)
    plain, weighted = (
        differentiate(
            lambda s, more=more: loss(s, label, assigner=assigner, **scale, **more),
            cost=cost,
            graph=graph,
        )
        for more in ({}, {"cost": torch.ones_like(cost)})
    )
    assert all(torch.equal(one, other) for one, other in zip(plain, weighted, strict=True))


@both_losses
@both_meanings
@few
@given(seed=SEED)
def test_no_loss_is_below_the_regret(task, at_costs, edge_weight, loss, scale, assigner, seed):
    graph, label, cost, _ = task(seed, assigner)
    wrong = assigner.choose(cost, graph=graph) != (label > 0)
    of_each = costs(seed, label)
    regret = (edge_weight(graph) * of_each * wrong).sum()
    value = loss(at_costs(cost, graph), label, assigner=assigner, cost=of_each, **scale)
    assert value.item() >= next(iter(scale.values())) * regret.item() - 1e-12


@both_losses
@both_meanings
@few
@given(seed=SEED)
def test_a_perfect_frame_has_no_gradient(task, differentiate, loss, scale, assigner, seed):
    graph, label, _, _ = task(seed, assigner)
    value, gradient = differentiate(
        lambda s: loss(s, label, assigner=assigner, cost=costs(seed, label), **scale),
        cost=0.999 - 0.998 * label,
        graph=graph,
    )
    assert value.item() == pytest.approx(0, abs=1e-9)
    assert not bool(gradient.any())


@both_losses
@both_meanings
@few
@given(seed=SEED)
def test_gradients_with_costs_are_differences(
    task, differentiate, at_costs, loss, scale, assigner, seed
):
    graph, label, cost, direction = task(seed, assigner)

    def value(scores):
        return loss(scores, label, assigner=assigner, cost=costs(seed, label), **scale)

    _, gradient = differentiate(value, cost=cost, graph=graph)
    above, below = (value(at_costs(cost + s * direction, graph)) for s in (1e-7, -1e-7))
    assert (above - below).item() / 2e-7 == pytest.approx((gradient @ direction).item(), abs=1e-6)


@given(seed=SEED)
def test_the_hinge_with_costs_is_the_largest_of_its_terms(square, matchings, at_costs, seed):
    generator = torch.Generator().manual_seed(seed)
    cost = 0.05 + 0.9 * torch.rand(9, generator=generator, dtype=torch.float64)
    label = matchings[seed % len(matchings)]
    of_each, assigner = costs(seed, label), ASSIGNERS["with_unmatched"]
    terms = [0.3 * of_each @ (y - label).abs() - (cost - 0.4) @ (y - label) for y in matchings]
    loss = hinge_loss(at_costs(cost, square), label, assigner=assigner, margin=0.3, cost=of_each)
    assert loss.item() == pytest.approx(max(terms).item() / 9, abs=1e-12)
