"""Perturbed assignments against 100,000 samples of all six assignments of three hits to three."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from trackscape.assignment import Assigner, Noise, perturbed_assignment
from trackscape.errors import AssignmentError

SEED = st.integers(0, 2**31)
SIGMA = 0.2
COST = torch.tensor([0.2, 0.5, 0.6, 0.4, 0.3, 0.5, 0.7, 0.6, 0.35], dtype=torch.float64)
GRADIENT = torch.tensor([1.0, -0.5, 0.3, 0.0, 0.8, -1.0, 0.6, 0.2, -0.4], dtype=torch.float64)


def reference(every: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean of y, gradient of g·E[y] for the costs, and the standard error of the latter."""
    noise = torch.randn(100_000, 9, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    chosen = every[((COST + SIGMA * noise) @ every.T).argmin(dim=1)]
    value = chosen @ GRADIENT
    terms = noise * (value - value.mean())[:, None] / SIGMA
    return chosen.mean(dim=0), terms.mean(dim=0), terms.std(dim=0) / len(noise) ** 0.5


@pytest.mark.parametrize(("samples", "antithetic"), [(2, False), (6, False), (6, True)])
def test_the_gradient_is_unbiased(square, matchings, differentiate, samples, antithetic):
    mean, gradient, error = reference(matchings[matchings.sum(dim=1) == 3])
    values, found = [], []
    for frame in range(1200):
        noise = Noise(sigma=SIGMA, seed=1, frame=frame)

        def loss(scores, noise=noise):
            chosen = perturbed_assignment(
                scores, assigner=Assigner(), noise=noise, samples=samples, antithetic=antithetic
            )
            values.append(chosen.detach())
            return chosen @ GRADIENT

        found.append(differentiate(loss, cost=COST, graph=square)[1])
    found = torch.stack(found)
    errors = (found.var(dim=0) / len(found) + error**2).sqrt()
    assert bool(((found.mean(dim=0) - gradient).abs() < 4.5 * errors).all())
    assert bool((errors < 0.3 * gradient.abs().max()).all())
    assert torch.allclose(torch.stack(values).mean(dim=0), mean, atol=0.04)


@given(seed=SEED, samples=st.integers(2, 5))
def test_the_gradient_is_its_formula(square, differentiate, seed, samples):
    noise = Noise(sigma=SIGMA, seed=seed)
    shifts = noise.draw(samples, like=COST)
    losses = [Assigner().choose(COST + z, graph=square).double() @ GRADIENT for z in shifts]
    expected = torch.zeros(9, dtype=torch.float64)
    for m in range(samples):
        others = sum(losses[:m] + losses[m + 1 :]) / (samples - 1)
        expected += shifts[m] / SIGMA * (losses[m] - others) / (samples * SIGMA)
    value, gradient = differentiate(
        lambda s: (
            perturbed_assignment(s, assigner=Assigner(), noise=noise, samples=samples) @ GRADIENT
        ),
        cost=COST,
        graph=square,
    )
    assert value.item() == pytest.approx(sum(losses).item() / samples)
    assert torch.allclose(gradient, expected, atol=1e-9)


@given(seed=SEED)
def test_parts_that_share_no_hit_do_not_disturb_each_other(two_squares, differentiate, seed):
    cost, g = COST.repeat(2), torch.cat([GRADIENT, torch.zeros(9, dtype=torch.float64)])
    noise = Noise(sigma=SIGMA, seed=seed)

    def gradient(g: Tensor) -> Tensor:
        return differentiate(
            lambda s: perturbed_assignment(s, assigner=Assigner(), noise=noise, samples=4) @ g,
            cost=cost,
            graph=two_squares,
        )[1]

    first, second = gradient(g), gradient(g.flip(0))
    assert not bool(first[9:].any())
    assert not bool(second[:9].any())
    assert torch.allclose(gradient(g + g.flip(0)), first + second, atol=1e-12)


def test_opposite_noise_halves_the_draws(square, at_costs):
    noise = Noise(sigma=SIGMA, seed=3)
    z = noise.draw(1, like=COST)[0]
    pair = [Assigner().choose(COST + sign * z, graph=square).double() for sign in (1, -1)]
    chosen = perturbed_assignment(
        at_costs(COST, square), assigner=Assigner(), noise=noise, samples=2, antithetic=True
    )
    assert torch.equal(chosen, (pair[0] + pair[1]) / 2)


@pytest.mark.parametrize(
    ("law", "samples", "antithetic"),
    [("normal", 1, False), ("normal", 3, True), ("sum_of_gamma", 4, False)],
)
def test_estimates_that_do_not_exist_are_refused(square, at_costs, law, samples, antithetic):
    noise = Noise(sigma=SIGMA, seed=3, law=law)
    with pytest.raises(AssignmentError, match=r"at least 2 samples|normal noise"):
        perturbed_assignment(
            at_costs(COST, square),
            assigner=Assigner(),
            noise=noise,
            samples=samples,
            antithetic=antithetic,
        )
