"""Structured losses: against differences and integrals of their values, and against each other."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from trackscape.assignment import (
    Assigner,
    Noise,
    blackbox_assignment,
    by_region,
    fenchel_young_loss,
    hamming_loss,
    hinge_loss,
    spo_plus_loss,
)
from trackscape.errors import AssignmentError
from trackscape.graph_construction import connect_layers
from trackscape.graph_construction.labels import edge_labels

SEED = st.integers(0, 2**31)
ASSIGNERS = {
    "max_cardinality": Assigner(),
    "with_unmatched": Assigner(semantics="with_unmatched", unmatched_cost=0.4),
}


def perceptron_loss(scores, label, *, assigner):
    """The hinge loss with next to no margin: by how much a wrong choice is cheaper."""
    return hinge_loss(scores, label, assigner=assigner, margin=1e-12)


NOISE = Noise(sigma=0.1, seed=5, frame=2)
LOSSES = {
    "perceptron": lambda scores, label, assigner: perceptron_loss(scores, label, assigner=assigner),
    "hinge": lambda scores, label, assigner: hinge_loss(
        scores, label, assigner=assigner, margin=0.2
    ),
    "spo_plus": lambda scores, label, assigner: spo_plus_loss(
        scores, label, assigner=assigner, contrast=0.5
    ),
    "fenchel_young": lambda scores, label, assigner: fenchel_young_loss(
        scores, label, assigner=assigner, noise=NOISE, samples=3
    ),
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
both_meanings = pytest.mark.parametrize("assigner", ASSIGNERS.values(), ids=ASSIGNERS.keys())
of_each = settings(max_examples=30)  # loss and meaning, each with graphs of its own


@every_loss
@both_meanings
@of_each
@given(seed=SEED)
def test_the_gradient_is_that_of_the_value(task, differentiate, at_costs, loss, assigner, seed):
    graph, label, cost, direction = task(seed, assigner)
    _, gradient = differentiate(lambda s: loss(s, label, assigner), cost=cost, graph=graph)
    step = 1e-7 * direction
    above, below = (loss(at_costs(c, graph), label, assigner) for c in (cost + step, cost - step))
    slope = (above - below).item() / 2e-7
    assert slope == pytest.approx((gradient @ direction).item(), abs=1e-6)


@every_loss
@both_meanings
def test_the_value_is_the_integral_of_the_gradient(task, differentiate, loss, assigner):
    # Along a way on which the decision jumps many times.
    graph, label, start, _ = task(3, assigner)
    end = task(4, assigner).cost[: len(start)]
    end = torch.cat([end, 1 - start[len(end) :]])
    ways, integral, steps = end - start, 0.0, 600
    for part in (torch.arange(steps) + 0.5) / steps:
        cost = start + part * ways
        _, gradient = differentiate(lambda s: loss(s, label, assigner), cost=cost, graph=graph)
        integral += (gradient @ ways).item() / steps
    first, last = (
        differentiate(lambda s: loss(s, label, assigner), cost=cost, graph=graph)[0].item()
        for cost in (start, end)
    )
    assert last - first == pytest.approx(integral, abs=2e-3 * (1 + abs(last - first)))


@every_loss
@both_meanings
@of_each
@given(seed=SEED)
def test_a_loss_is_never_negative_and_convex(task, at_costs, loss, assigner, seed):
    graph, label, cost, _ = task(seed, assigner)
    other = cost.flip(0)
    low, high, middle = (
        loss(at_costs(c, graph), label, assigner).item() for c in (cost, other, (cost + other) / 2)
    )
    assert min(low, high, middle) >= -1e-12
    assert middle <= (low + high) / 2 + 1e-9


@every_loss
@both_meanings
@of_each
@given(seed=SEED)
def test_far_on_the_right_side_there_is_no_loss(task, differentiate, loss, assigner, seed):
    graph, label, _, _ = task(seed, assigner)
    value, gradient = differentiate(
        lambda s: loss(s, label, assigner), cost=0.999 - 0.998 * label, graph=graph
    )
    assert value.item() == pytest.approx(0, abs=1e-9)
    assert not bool(gradient.any())


@both_meanings
@of_each
@given(seed=SEED)
def test_the_fenchel_young_gradient_is_its_formula(
    task, differentiate, edge_weight, assigner, seed
):
    graph, label, cost, _ = task(seed, assigner)
    chosen = [
        assigner.choose(cost + shift, graph=graph).double() for shift in NOISE.draw(3, like=cost)
    ]
    expected = edge_weight(graph) * (label - torch.stack(chosen).mean(dim=0))
    _, gradient = differentiate(
        lambda s: LOSSES["fenchel_young"](s, label, assigner), cost=cost, graph=graph
    )
    assert torch.allclose(gradient, expected, atol=1e-12)


@both_meanings
@of_each
@given(seed=SEED, a=st.floats(0.01, 3))
def test_spo_plus_is_its_published_formula(task, differentiate, edge_weight, assigner, seed, a):
    # max over y of (t - 2c)·y, + 2c·y* - t·y*, for the true costs t; costs count from the price of
    # staying alone. Neighbouring layers are problems of their own, so that weights may differ.
    graph, label, cost, _ = task(seed, assigner)
    true_cost = a * (1 - 2 * label)
    relative = cost - (assigner.unmatched_cost or 0)
    alone = (
        Assigner(semantics="with_unmatched", unmatched_cost=0.0)
        if assigner.unmatched_cost
        else Assigner()
    )
    best = alone.choose(2 * relative - true_cost, graph=graph).double()
    terms = (true_cost - 2 * relative) * best + (2 * relative - true_cost) * label
    value, gradient = differentiate(
        lambda s: spo_plus_loss(s, label, assigner=assigner, contrast=a), cost=cost, graph=graph
    )
    assert value.item() == pytest.approx((edge_weight(graph) @ terms).item(), abs=1e-9)
    assert torch.allclose(gradient, 2 * edge_weight(graph) * (label - best), atol=1e-12)


@both_meanings
@of_each
@given(seed=SEED, margin=st.floats(0.01, 2))
def test_spo_plus_is_twice_the_hinge(task, differentiate, assigner, seed, margin):
    graph, label, cost, _ = task(seed, assigner)
    spo = differentiate(
        lambda s: spo_plus_loss(s, label, assigner=assigner, contrast=2 * margin),
        cost=cost,
        graph=graph,
    )
    hinge = differentiate(
        lambda s: hinge_loss(s, label, assigner=assigner, margin=margin), cost=cost, graph=graph
    )
    assert all(torch.allclose(one, 2 * other) for one, other in zip(spo, hinge, strict=True))


@given(seed=SEED, margin=st.floats(0.01, 1))
def test_the_hinge_is_the_largest_of_its_terms(square, matchings, at_costs, seed, margin):
    generator = torch.Generator().manual_seed(seed)
    cost = 0.05 + 0.9 * torch.rand(9, generator=generator, dtype=torch.float64)
    assert len(matchings) == 34
    label = matchings[seed % 34]
    unmatched_cost = 0.4
    terms = [
        margin * (y - label).abs().sum() - ((cost - unmatched_cost) * (y - label)).sum()
        for y in matchings
    ]
    loss = hinge_loss(
        at_costs(cost, square),
        label,
        assigner=Assigner(semantics="with_unmatched", unmatched_cost=unmatched_cost),
        margin=margin,
    )
    assert loss.item() == pytest.approx(max(terms).item() / 9, abs=1e-12)


@both_meanings
@of_each
@given(seed=SEED)
def test_blackbox_with_a_large_strength_is_the_perceptron(task, differentiate, assigner, seed):
    graph, label, cost, _ = task(seed, assigner)
    strength = 1e6

    def decide(scores):
        chosen = blackbox_assignment(
            scores, assigner=assigner, strength=strength, convention="corrected"
        )
        return hamming_loss(chosen, label)

    def unweighted(scores):
        return perceptron_loss(scores, label, assigner=assigner)

    _, blackbox = differentiate(decide, cost=cost, graph=graph)
    _, perceptron = differentiate(unweighted, cost=cost, graph=graph)
    assert torch.equal(blackbox.sign(), perceptron.sign())
    factor = strength * graph.n_edges  # |g| = 1 / E for every edge
    assert torch.allclose((blackbox * factor).abs(), (perceptron != 0).double(), atol=1e-6)


def test_any_choice_of_true_partners_is_right(crowd, at_costs, differentiate):
    # Hits of four events in each layer: most have several true partners.
    graph = crowd(11)
    label = edge_labels(graph).double()
    assert torch.bincount(graph.edge_index[0, label > 0]).max() > 1
    assigner = ASSIGNERS["with_unmatched"]
    true = assigner.choose(0.5 - 0.4 * label, graph=graph)
    assert bool((label[true] == 1).all())
    chosen = true.double()
    _, gradient = differentiate(
        lambda s: hinge_loss(s, label, assigner=assigner, margin=1e-3),
        cost=0.95 - 0.9 * chosen,
        graph=graph,
    )
    # Another true partner may get a lower cost, but no right choice is punished for being right.
    assert float((gradient * chosen).abs().sum()) == 0


def test_the_noise_makes_the_loss_and_nothing_else(task, at_costs):
    assigner = ASSIGNERS["with_unmatched"]
    graph, label, cost, _ = task(8, assigner)

    def loss(noise: Noise) -> float:
        return fenchel_young_loss(
            at_costs(cost, graph), label, assigner=assigner, noise=noise, samples=2
        ).item()

    assert loss(NOISE) == loss(Noise(sigma=0.1, seed=5, frame=2))
    others = {loss(Noise(sigma=0.1, seed=s, frame=f)) for s, f in ((5, 3), (6, 2))}
    assert loss(NOISE) not in others


@every_loss
def test_second_derivatives_are_those_of_the_costs(task, at_costs, loss):
    # The losses are linear in the costs between two jumps, but curved in the logits.
    assigner = ASSIGNERS["with_unmatched"]
    graph, label, cost, direction = task(9, assigner)
    logit = -torch.logit(cost)

    def gradient(value: Tensor) -> Tensor:
        value = value.detach().requires_grad_()
        scores = at_costs(torch.sigmoid(-value), graph)
        (result,) = torch.autograd.grad(loss(scores, label, assigner), value)
        return result

    leaf = logit.clone().requires_grad_()
    value = loss(at_costs(torch.sigmoid(-leaf), graph), label, assigner)
    (first,) = torch.autograd.grad(value, leaf, create_graph=True)
    (curvature,) = torch.autograd.grad(first @ direction, leaf)
    difference = (gradient(logit + 1e-6 * direction) - gradient(logit - 1e-6 * direction)) / 2e-6
    assert torch.allclose(curvature, difference, atol=1e-6)


def test_a_graph_without_edges_has_no_loss(random_hits, at_costs):
    graph = connect_layers(random_hits(1, n_hits=3, n_layers=1))
    empty = torch.zeros(0, dtype=torch.float64, requires_grad=True)
    for loss in LOSSES.values():
        value = loss(at_costs(empty, graph), torch.zeros(0), ASSIGNERS["with_unmatched"])
        assert value.item() == 0
        value.backward()
        assert empty.grad is not None


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_scales_are_positive(task, at_costs, value):
    assigner = ASSIGNERS["max_cardinality"]
    graph, label, cost, _ = task(1, assigner)
    scores = at_costs(cost, graph)
    with pytest.raises(AssignmentError, match=f"positive margin, got {value}"):
        hinge_loss(scores, label, assigner=assigner, margin=value)
    with pytest.raises(AssignmentError, match=f"positive contrast, got {value}"):
        spo_plus_loss(scores, label, assigner=assigner, contrast=value)


def test_regions_are_averaged_apart(task, at_costs, edge_weight):
    assigner = ASSIGNERS["with_unmatched"]
    graph, label, cost, _ = task(12, assigner)
    chosen = assigner.choose(cost, graph=graph).double()
    terms = (cost - 0.4) * (label - chosen)
    expected = by_region(lambda value, _: value.mean(), terms, label, graph=graph)
    loss = perceptron_loss(at_costs(cost, graph), label, assigner=assigner)
    assert loss.item() == pytest.approx(expected.item())
    assert loss.item() == pytest.approx((edge_weight(graph) @ terms).item())
