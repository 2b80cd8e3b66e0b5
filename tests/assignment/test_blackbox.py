"""Gradients through the assignment against both formulas, and where a step along them leads."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from trackscape.assignment import (
    Assigner,
    Convention,
    blackbox_assignment,
    by_region,
    hamming_loss,
)
from trackscape.data import EdgeScores, HitGraph, Hits
from trackscape.errors import AssignmentError
from trackscape.graph_construction import connect_layers
from trackscape.graph_construction.labels import edge_labels

SEED = st.integers(0, 2**31)
CONVENTIONS = pytest.mark.parametrize("convention", ["published", "corrected"])


def normal(graph: HitGraph, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(graph.n_edges, generator=generator, dtype=torch.float64)


def cost_gradient(
    logit: Tensor,
    loss: Callable[[Tensor], Tensor],
    *,
    graph: HitGraph,
    assigner: Assigner | None = None,
    strength: float,
    convention: Convention,
) -> Tensor:
    """Gradient for the costs, from that for the logits: dc / dlogit = - p (1 - p)."""
    logit = logit.clone().requires_grad_()
    scores = EdgeScores(graph=graph, logit=logit)
    chosen = blackbox_assignment(
        scores, assigner=assigner or Assigner(), strength=strength, convention=convention
    )
    loss(chosen).backward()
    assert logit.grad is not None
    p = scores.probability.detach()
    return -logit.grad / (p * (1 - p))


@CONVENTIONS
@given(seed=SEED)
def test_the_value_is_the_assignment(
    convention: Convention, crowd: Callable[[int], HitGraph], seed: int
):
    graph = crowd(seed)
    scores = EdgeScores(graph=graph, logit=3 * normal(graph, seed))
    chosen = blackbox_assignment(scores, assigner=Assigner(), strength=1.0, convention=convention)
    assert chosen.dtype == torch.float64
    assert torch.equal(chosen > 0, Assigner()(scores).selected)
    assert set(chosen.tolist()) <= {0.0, 1.0}


@CONVENTIONS
def test_hopeless_edges_are_chosen_as_in_the_reconstruction(
    convention: Convention, straight_tracks: Callable[..., Hits]
):
    # In single precision every cost is 1, and training would see another assignment.
    graph = connect_layers(straight_tracks(2, n_layers=2, first_layer=6, spacing=1.0))
    label = edge_labels(graph)
    assert graph.n_edges == 4
    for likely in (label, 1 - label):
        scores = EdgeScores(graph=graph, logit=3 * likely - 21)
        chosen = blackbox_assignment(
            scores, assigner=Assigner(), strength=1.0, convention=convention
        )
        assert torch.equal(chosen > 0, Assigner()(scores).selected)


@given(seed=SEED, strength=st.floats(0.1, 50), unmatched_cost=st.none() | st.floats(0.1, 1))
def test_the_published_gradient_is_its_formula(
    crowd: Callable[[int], HitGraph], seed: int, strength: float, unmatched_cost: float | None
):
    graph = crowd(seed)
    assigner = Assigner(
        semantics="max_cardinality" if unmatched_cost is None else "with_unmatched",
        unmatched_cost=unmatched_cost,
    )
    logit, g = 2 * normal(graph, seed), normal(graph, seed + 1)
    cost = torch.sigmoid(-logit)
    before = assigner.choose(cost, graph=graph).double()
    after = assigner.choose((cost + strength * g).clamp(min=0), graph=graph).double()
    gradient = cost_gradient(
        logit,
        lambda chosen: chosen @ g,
        graph=graph,
        assigner=assigner,
        strength=strength,
        convention="published",
    )
    assert torch.allclose(gradient, after - before, rtol=1e-9, atol=1e-12)


@given(seed=SEED, strength=st.floats(0.01, 5), unmatched_cost=st.none() | st.floats(0.1, 1))
def test_the_corrected_gradient_is_its_formula(
    crowd: Callable[[int], HitGraph], seed: int, strength: float, unmatched_cost: float | None
):
    graph = crowd(seed)
    assigner = Assigner(
        semantics="max_cardinality" if unmatched_cost is None else "with_unmatched",
        unmatched_cost=unmatched_cost,
    )
    logit, g = 2 * normal(graph, seed), normal(graph, seed + 1)
    cost = torch.sigmoid(-logit)
    factor = strength / float(g.abs().max())
    before = assigner.choose(cost, graph=graph).double()
    after = assigner.choose(cost + factor * g, graph=graph).double()
    gradient = cost_gradient(
        logit,
        lambda chosen: chosen @ g,
        graph=graph,
        assigner=assigner,
        strength=strength,
        convention="corrected",
    )
    assert torch.allclose(gradient, (after - before) / factor, rtol=1e-9, atol=1e-12)


@given(seed=SEED, strength=st.floats(0.01, 5), size=st.floats(1e-6, 1e6))
def test_the_corrected_direction_does_not_depend_on_the_size_of_the_loss(
    crowd: Callable[[int], HitGraph], seed: int, strength: float, size: float
):
    graph = crowd(seed)
    logit, g = 2 * normal(graph, seed), normal(graph, seed + 1)
    options = {"graph": graph, "strength": strength, "convention": "corrected"}
    gradient = cost_gradient(logit, lambda chosen: chosen @ g, **options)
    scaled = cost_gradient(logit, lambda chosen: size * (chosen @ g), **options)
    assert torch.allclose(scaled, size * gradient, rtol=1e-6, atol=1e-12 * size)


@given(seed=SEED, strength=st.floats(0.01, 50))
def test_the_second_solution_has_less_loss_and_more_cost(
    crowd: Callable[[int], HitGraph], seed: int, strength: float
):
    graph = crowd(seed)
    logit, g = 2 * normal(graph, seed), normal(graph, seed + 1)
    gradient = cost_gradient(
        logit,
        lambda chosen: chosen @ g,
        graph=graph,
        strength=strength,
        convention="corrected",
    )
    assert float(gradient @ g) <= 1e-9
    assert float(gradient @ torch.sigmoid(-logit)) >= -1e-9


@CONVENTIONS
@given(seed=SEED)
def test_a_step_along_the_gradient_reaches_the_second_solution(
    convention: Convention, straight_tracks: Callable[..., Hits], seed: int
):
    # Two hits in each layer have two matchings. Costs lie between 0 and 1, so that a step of 1
    # in each of the four edges, two of them up and two down, always turns one into the other.
    graph = connect_layers(
        straight_tracks(2, n_layers=2, first_layer=6, spacing=1.0).to(torch.float64)
    )
    assert graph.n_edges == 4
    logit, g = 2 * normal(graph, seed), normal(graph, seed + 1)
    strength = 3.0
    factor = strength / float(g.abs().max()) if convention == "corrected" else strength
    cost = torch.sigmoid(-logit)
    shifted = cost + factor * g
    shifted = shifted.clamp(min=0) if convention == "published" else shifted
    gradient = cost_gradient(
        logit, lambda chosen: chosen @ g, graph=graph, strength=strength, convention=convention
    )
    step = factor if convention == "corrected" else 1.0
    reached = Assigner().choose(cost - step * gradient, graph=graph)
    assert torch.equal(reached, Assigner().choose(shifted, graph=graph))


@given(seed=SEED)
def test_a_very_large_strength_leads_to_the_labels(crowd: Callable[[int], HitGraph], seed: int):
    # With labels that are an assignment themselves, this is the structured perceptron.
    graph = crowd(seed)
    label = Assigner().choose(normal(graph, seed + 1), graph=graph).double()
    logit = 2 * normal(graph, seed)
    chosen = Assigner().choose(torch.sigmoid(-logit), graph=graph).double()
    strength = 1e6
    gradient = cost_gradient(
        logit,
        lambda chosen: hamming_loss(chosen, label),
        graph=graph,
        strength=strength,
        convention="corrected",
    )
    factor = strength * graph.n_edges  # |g| = 1 / E for every edge
    assert torch.allclose(gradient * factor, label - chosen, rtol=1e-6, atol=1e-9)
    gradient = cost_gradient(
        logit,
        lambda chosen: by_region(hamming_loss, chosen, label, graph=graph),
        graph=graph,
        strength=strength,
        convention="corrected",
    )
    assert torch.equal(gradient.sign(), (label - chosen).sign())


@CONVENTIONS
def test_a_constant_loss_has_no_gradient(convention: Convention, crowd: Callable[[int], HitGraph]):
    graph = crowd(3)
    gradient = cost_gradient(
        normal(graph, 1),
        lambda chosen: 0 * chosen.sum() + 7,
        graph=graph,
        strength=1.0,
        convention=convention,
    )
    assert torch.equal(gradient.abs(), torch.zeros(graph.n_edges, dtype=torch.float64))


@CONVENTIONS
def test_a_correct_assignment_has_no_gradient(
    convention: Convention, crowd: Callable[[int], HitGraph]
):
    graph = crowd(4)
    label = Assigner().choose(normal(graph, 1), graph=graph).double()
    gradient = cost_gradient(
        40 * label - 20,
        lambda chosen: hamming_loss(chosen, label),
        graph=graph,
        strength=0.5,
        convention=convention,
    )
    assert not bool(gradient.any())


@CONVENTIONS
def test_a_graph_without_edges_has_an_empty_gradient(
    convention: Convention, random_hits: Callable[..., Hits]
):
    graph = connect_layers(random_hits(1, n_hits=3, n_layers=1))
    gradient = cost_gradient(
        torch.zeros(0), torch.sum, graph=graph, strength=1.0, convention=convention
    )
    assert gradient.shape == (0,)


@pytest.mark.parametrize("strength", [0.0, -1.0, math.nan])
def test_a_strength_that_is_not_positive_is_refused(
    strength: float, crowd: Callable[[int], HitGraph]
):
    graph = crowd(1)
    scores = EdgeScores(graph=graph, logit=normal(graph, 1))
    with pytest.raises(AssignmentError, match=f"positive strength, got {strength}"):
        blackbox_assignment(scores, assigner=Assigner(), strength=strength, convention="corrected")


def test_an_unknown_convention_is_refused(crowd: Callable[[int], HitGraph]):
    graph = crowd(1)
    scores = EdgeScores(graph=graph, logit=normal(graph, 1))
    with pytest.raises(AssignmentError, match="published or corrected, got 'paper'"):
        blackbox_assignment(scores, assigner=Assigner(), strength=1.0, convention="paper")
