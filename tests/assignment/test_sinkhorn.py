"""Entropic transport: its constraints, its limit, its gradient against differences."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from trackscape.assignment import Assigner, log_transport_plan, sinkhorn_loss
from trackscape.data import HitGraph
from trackscape.errors import AssignmentError
from trackscape.graph_construction import connect_layers

SEED = st.integers(0, 2**31)
REJECT = Assigner(semantics="with_unmatched", unmatched_cost=0.4)


def crowd_costs(crowd: Callable[[int], HitGraph], seed: int) -> tuple[HitGraph, Tensor]:
    graph = crowd(seed)
    random = torch.Generator().manual_seed(seed)
    return graph, 0.01 + 0.98 * torch.rand(graph.n_edges, generator=random, dtype=torch.float64)


@settings(max_examples=40)
@given(seed=SEED)
def test_for_temperatures_towards_zero_it_is_the_assignment(square, matchings, at_costs, seed):
    random = torch.Generator().manual_seed(seed)
    cost = 0.01 + 0.98 * torch.rand(9, generator=random, dtype=torch.float64)
    best, second = (matchings @ (cost - 0.4)).sort().values[:2]
    # Along a cycle of three edges, a share of about exp(-gap / (3 temperature)) goes astray.
    assume(second - best > 0.1)
    options = {"assigner": REJECT, "temperature": 0.005, "sweeps": 500}
    plan = log_transport_plan(at_costs(cost, square), **options).exp()
    assert torch.allclose(plan, REJECT.choose(cost, graph=square).double(), atol=0.02)


@given(seed=SEED, temperature=st.floats(0.02, 1), sweeps=st.integers(1, 30))
def test_no_downstream_hit_has_more_than_one_partner(crowd, at_costs, seed, temperature, sweeps):
    graph, cost = crowd_costs(crowd, seed)
    plan = log_transport_plan(
        at_costs(cost, graph), assigner=REJECT, temperature=temperature, sweeps=sweeps
    ).exp()
    partners = torch.zeros(len(graph.hits), dtype=torch.float64)
    assert bool((plan >= 0).all())
    assert float(partners.index_add(0, graph.edge_index[0], plan).max()) <= 1 + 1e-9


def test_in_the_end_no_upstream_hit_has_either(crowd, at_costs):
    graph, cost = crowd_costs(crowd, 1)
    plan = log_transport_plan(
        at_costs(cost, graph), assigner=REJECT, temperature=0.1, sweeps=300
    ).exp()
    partners = torch.zeros(len(graph.hits), dtype=torch.float64)
    assert float(partners.index_add(0, graph.edge_index[1], plan).max()) <= 1 + 1e-6


@pytest.mark.parametrize("temperature", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("cost", [0.1, 0.4, 0.8])
def test_a_lone_edge_has_a_closed_form(straight_tracks, at_costs, cost, temperature):
    # P / (1 - P)^2 = exp((r - c) / temperature), from the conditions of optimality.
    graph = connect_layers(straight_tracks(1, n_layers=2, first_layer=6).to(torch.float64))
    scores = at_costs(torch.tensor([cost], dtype=torch.float64), graph)
    plan = log_transport_plan(scores, assigner=REJECT, temperature=temperature, sweeps=300).exp()
    share = plan.item()
    expected = math.exp((0.4 - cost) / temperature)
    assert share / (1 - share) ** 2 == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("sweeps", [1, 7])
def test_gradients_are_those_of_differences(square, at_costs, sweeps):
    random = torch.Generator().manual_seed(3)
    cost = 0.1 + 0.8 * torch.rand(9, generator=random, dtype=torch.float64)
    cost.requires_grad_()
    label = torch.eye(3, dtype=torch.float64).flatten()
    options = {"assigner": REJECT, "temperature": 0.1, "sweeps": sweeps}
    assert torch.autograd.gradcheck(
        lambda c: log_transport_plan(at_costs(c, square), **options).exp(), cost
    )
    assert torch.autograd.gradgradcheck(
        lambda c: sinkhorn_loss(at_costs(c, square), label, **options), cost
    )


@given(seed=SEED)
def test_the_loss_is_the_cross_entropy_of_the_plan(crowd, at_costs, edge_weight, seed):
    graph, cost = crowd_costs(crowd, seed)
    label = (torch.arange(graph.n_edges) % 3 == 0).double()
    options = {"assigner": REJECT, "temperature": 0.2, "sweeps": 5}
    p = log_transport_plan(at_costs(cost, graph), **options).exp()
    expected = -edge_weight(graph) @ (label * p.log() + (1 - label) * (1 - p).log())
    loss = sinkhorn_loss(at_costs(cost, graph), label, **options)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-9)


def test_low_temperatures_neither_underflow_nor_lose_the_gradient(crowd, at_costs):
    graph = crowd(5)
    label = (torch.arange(graph.n_edges) % 3 == 0).double()
    cost = (0.99 - 0.98 * (1 - label)).requires_grad_()  # everything is wrong
    loss = sinkhorn_loss(at_costs(cost, graph), label, assigner=REJECT, temperature=1e-3, sweeps=10)
    (gradient,) = torch.autograd.grad(loss, cost)
    assert math.isfinite(loss.item())
    assert bool(gradient.isfinite().all())
    assert bool((gradient[label > 0] > 0).all())


def test_transport_needs_a_price_and_positive_settings(square, at_costs):
    scores = at_costs(torch.full((9,), 0.5, dtype=torch.float64), square)
    with pytest.raises(AssignmentError, match='semantics "with_unmatched", got "max_cardinality"'):
        log_transport_plan(scores, assigner=Assigner(), temperature=0.1, sweeps=5)
    with pytest.raises(AssignmentError, match=r"positive temperature, got 0\.0"):
        log_transport_plan(scores, assigner=REJECT, temperature=0.0, sweeps=5)
    with pytest.raises(AssignmentError, match="at least 1 sweeps, got 0"):
        log_transport_plan(scores, assigner=REJECT, temperature=0.1, sweeps=0)
