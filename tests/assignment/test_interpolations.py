"""I-MLE, AIMLE, LPGD and the identity: their formulas, and what they become in limits."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.assignment import (
    AdaptiveStrength,
    Assigner,
    Noise,
    adaptive_implicit_assignment,
    blackbox_assignment,
    fenchel_young_loss,
    hamming_loss,
    identity_assignment,
    implicit_assignment,
    lagrangian_assignment,
)
from trackscape.errors import AssignmentError

SEED = st.integers(0, 2**31)
STRENGTH = st.floats(0.01, 2)
ASSIGNERS = {
    "max_cardinality": Assigner(),
    "with_unmatched": Assigner(semantics="with_unmatched", unmatched_cost=0.4),
}
both_meanings = pytest.mark.parametrize("assigner", ASSIGNERS.values(), ids=ASSIGNERS.keys())
NOISE = Noise(sigma=0.1, seed=5, frame=2)


@both_meanings
@given(seed=SEED, strength=STRENGTH)
def test_implicit_is_its_formula(task, differentiate, assigner, seed, strength):
    graph, _, cost, g = task(seed, assigner)
    scale = strength / float(g.abs().max())
    noise = Noise(sigma=0.1, seed=seed, law="sum_of_gamma")
    expected, mean = torch.zeros_like(cost), torch.zeros_like(cost)
    for shift in noise.draw(2, like=cost):
        before, after = (
            assigner.choose(c, graph=graph).double()
            for c in (cost + shift, cost + scale * g + shift)
        )
        mean += before / 2
        expected += (after - before) / (2 * scale)
    value, gradient = differentiate(
        lambda s: (
            implicit_assignment(s, assigner=assigner, noise=noise, samples=2, strength=strength) @ g
        ),
        cost=cost,
        graph=graph,
    )
    assert value.item() == pytest.approx((mean @ g).item())
    assert torch.allclose(gradient, expected, rtol=1e-9, atol=1e-12)


@both_meanings
@given(seed=SEED, samples=st.integers(1, 3))
def test_implicit_with_a_large_strength_is_fenchel_young(
    straight_tracks, task, differentiate, assigner, seed, samples
):
    graph, label, cost, _ = task(seed, assigner)
    strength = 1e6

    def decide(scores):
        chosen = implicit_assignment(
            scores, assigner=assigner, noise=NOISE, samples=samples, strength=strength
        )
        return hamming_loss(chosen, label)

    _, implicit = differentiate(decide, cost=cost, graph=graph)
    _, fenchel_young = differentiate(
        lambda s: fenchel_young_loss(s, label, assigner=assigner, noise=NOISE, samples=samples),
        cost=cost,
        graph=graph,
    )
    # Means over the frame here, over its regions there; |g| = 1 / E for every edge.
    tracker = graph.touches_tracker
    size = torch.where(tracker, tracker.sum(), (~tracker).sum())
    assert torch.allclose(
        implicit * strength * graph.n_edges, fenchel_young * size, rtol=1e-6, atol=1e-8
    )


@both_meanings
@given(seed=SEED, strength=STRENGTH)
def test_blackbox_is_implicit_without_noise_and_the_lower_lagrangian(
    task, differentiate, assigner, seed, strength
):
    graph, _, cost, g = task(seed, assigner)
    quiet = Noise(sigma=1e-12, seed=seed)
    blackbox, implicit, lower = (
        differentiate(lambda s, decide=decide: decide(s) @ g, cost=cost, graph=graph)
        for decide in (
            lambda s: blackbox_assignment(
                s, assigner=assigner, strength=strength, convention="corrected"
            ),
            lambda s: implicit_assignment(
                s, assigner=assigner, noise=quiet, samples=1, strength=strength
            ),
            lambda s: lagrangian_assignment(s, assigner=assigner, strength=strength, side="lower"),
        )
    )
    for other in (implicit, lower):
        assert torch.equal(other[0], blackbox[0])
        assert torch.allclose(other[1], blackbox[1], rtol=1e-9, atol=1e-12)


@both_meanings
@given(seed=SEED, strength=STRENGTH)
def test_both_sides_of_the_lagrangian(task, differentiate, assigner, seed, strength):
    graph, _, cost, g = task(seed, assigner)
    lower, upper, average = (
        differentiate(
            lambda s, side=side: (
                lagrangian_assignment(s, assigner=assigner, strength=strength, side=side) @ g
            ),
            cost=cost,
            graph=graph,
        )[1]
        for side in ("lower", "upper", "average")
    )
    scale = strength / float(g.abs().max())
    chosen, worse = (assigner.choose(c, graph=graph).double() for c in (cost, cost - scale * g))
    assert torch.allclose(upper, (chosen - worse) / scale, rtol=1e-9, atol=1e-12)
    assert torch.allclose(average, (lower + upper) / 2, rtol=1e-9, atol=1e-12)
    # Neither step may raise the linear loss, and the two of them bound each other.
    assert max(float(lower @ g), float(upper @ g)) <= 1e-9


def test_the_upper_side_sees_decisions_that_are_right_by_a_hair(square, differentiate):
    label = Assigner().choose(torch.rand(9, dtype=torch.float64), graph=square).double()

    def gradient(side: str, cost: torch.Tensor) -> torch.Tensor:
        def decide(scores):
            chosen = lagrangian_assignment(scores, assigner=Assigner(), strength=0.2, side=side)
            return hamming_loss(chosen, label)

        return differentiate(decide, cost=cost, graph=square)[1]

    near, far = 0.5 - 0.05 * label, 0.9 - 0.8 * label
    assert not bool(gradient("lower", near).any())
    assert bool((gradient("upper", near)[label > 0] > 0).any())
    assert not bool(gradient("upper", far).any())


@given(seed=SEED)
def test_the_identity_leaves_out_what_cannot_matter(task, differentiate, seed):
    assigner = ASSIGNERS["max_cardinality"]
    graph, _, cost, g = task(seed, assigner)
    layer = graph.hits.layer[graph.edge_index[0]]
    offset = torch.randn(6, generator=torch.Generator().manual_seed(seed)).double()[layer]
    assert torch.equal(
        assigner.choose(cost + offset, graph=graph), assigner.choose(cost, graph=graph)
    )
    _, gradient = differentiate(
        lambda s: identity_assignment(s, assigner=assigner) @ g, cost=cost, graph=graph
    )
    _, same = differentiate(
        lambda s: identity_assignment(s, assigner=assigner) @ (g + offset), cost=cost, graph=graph
    )
    assert torch.allclose(gradient, same, atol=1e-12)
    for pair in layer.unique():
        part = layer == pair
        assert gradient[part].sum().item() == pytest.approx(0, abs=1e-12)
        assert torch.allclose(gradient[part], g[part].mean() - g[part], atol=1e-12)


@given(seed=SEED)
def test_the_identity_keeps_everything_where_tracks_may_end(task, differentiate, seed):
    assigner = ASSIGNERS["with_unmatched"]
    graph, _, cost, g = task(seed, assigner)
    value, gradient = differentiate(
        lambda s: identity_assignment(s, assigner=assigner) @ g, cost=cost, graph=graph
    )
    assert value.item() == pytest.approx((assigner.choose(cost, graph=graph).double() @ g).item())
    assert torch.allclose(gradient, -g, atol=1e-12)


def test_the_strength_adapts_until_the_wanted_share_has_a_gradient(task, differentiate):
    assigner = ASSIGNERS["with_unmatched"]
    graph, label, cost, _ = task(2, assigner)
    shares = []
    for start in (0.002, 1.0):
        strength = AdaptiveStrength(start, changed=0.1)
        for frame in range(700):
            noise = Noise(sigma=0.05, seed=1, frame=frame)

            def decide(scores, noise=noise, strength=strength):
                chosen = adaptive_implicit_assignment(
                    scores, assigner=assigner, noise=noise, samples=1, strength=strength
                )
                return hamming_loss(chosen, label)

            _, gradient = differentiate(decide, cost=cost, graph=graph)
            shares.append(int(gradient.count_nonzero()) / graph.n_edges)
        assert sum(shares[-200:]) / 200 == pytest.approx(0.1, abs=0.03)


def test_an_adaptive_step_is_that_of_the_strength_as_it_was(task, differentiate):
    assigner = ASSIGNERS["max_cardinality"]
    graph, _, cost, g = task(7, assigner)
    strength = AdaptiveStrength(0.3, changed=0.999)
    _, adaptive = differentiate(
        lambda s: (
            adaptive_implicit_assignment(
                s, assigner=assigner, noise=NOISE, samples=2, strength=strength
            )
            @ g
        ),
        cost=cost,
        graph=graph,
    )
    _, fixed = differentiate(
        lambda s: (
            implicit_assignment(s, assigner=assigner, noise=NOISE, samples=2, strength=0.3) @ g
        ),
        cost=cost,
        graph=graph,
    )
    assert torch.equal(adaptive, fixed)
    assert float(strength.value) == pytest.approx(0.3 * 1.01, rel=1e-4)
    again = AdaptiveStrength(0.9, changed=0.5)
    again.load_state_dict(strength.state_dict())
    assert float(again.value) == float(strength.value)


def test_the_adaptive_strength_stays_within_the_costs():
    strength = AdaptiveStrength(0.995, changed=0.5)
    strength.adapt(0.0)
    assert float(strength.value) == 1.0
    strength = AdaptiveStrength(0.001, changed=0.5)
    strength.adapt(1.0)
    assert float(strength.value) == 0.001
    with pytest.raises(AssignmentError, match="strength within"):
        AdaptiveStrength(2.0, changed=0.5)
    with pytest.raises(AssignmentError, match="changed share between 0 and 1"):
        AdaptiveStrength(0.5, changed=1.0)


def test_impossible_settings_are_refused(square, at_costs):
    scores = at_costs(torch.full((9,), 0.5, dtype=torch.float64), square)
    with pytest.raises(AssignmentError, match="lower, upper or average, got 'both'"):
        lagrangian_assignment(scores, assigner=Assigner(), strength=1.0, side="both")
    for strength in (0.0, float("inf")):
        with pytest.raises(AssignmentError, match="positive strength"):
            lagrangian_assignment(scores, assigner=Assigner(), strength=strength, side="lower")
        with pytest.raises(AssignmentError, match="positive strength"):
            implicit_assignment(
                scores, assigner=Assigner(), noise=NOISE, samples=1, strength=strength
            )
