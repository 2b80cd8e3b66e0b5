"""Intervals of few seeds hold as often as they say, and as their text admits."""

import math

import pytest
import torch
from scipy import special, stats
from torch import Tensor

from studies.agreement import resample
from studies.intervals import Interval, LeftOut, leave_one_out

SAMPLES = 20_000
PAIRS = ("effects of seeds", "effects of seeds and pairs", "effects of pairs", "distance")
"""What measures of pairs are made of."""


def draw(shape: tuple[int, ...], generator: torch.Generator, *, skewed: bool = False) -> Tensor:
    """Numbers of mean 0 and variance 1: normal, or exponential."""
    if skewed:
        return torch.empty(shape, dtype=torch.float64).exponential_(generator=generator) - 1
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def coverage(left: LeftOut, figure: Tensor, true: float = 0.0, *, level: float = 0.95) -> float:
    """How often the intervals of figures (R, N) hold the true one."""
    error, freedom = left.error(figure)
    reach = torch.from_numpy(special.stdtrit(freedom.numpy(), (1 + level) / 2)) * error
    return float(((figure[0] - true).abs() <= reach).double().mean())


def of_means(n_seeds: int, generator: torch.Generator, **how: bool) -> float:
    left, values = leave_one_out(n_seeds), draw((n_seeds, SAMPLES), generator, **how)
    return coverage(left, left.seeds @ values / left.seeds.sum(dim=1, keepdim=True))


def of_pairs(kind: str, n_seeds: int, generator: torch.Generator, **how: bool) -> float:
    """Of means over all pairs of seeds, of measures whose true mean is known."""
    weights = resample(range(n_seeds))
    pairs = torch.combinations(torch.arange(n_seeds))
    places = draw((n_seeds, 8 if kind == "distance" else 1, SAMPLES), generator, **how)
    first, second = places[pairs].unbind(dim=1)
    true = 0.0
    if kind == "distance":  # of weights in 8 directions; E |x - y|^2 = 2 in each of them
        values, true = (first - second).square().sum(dim=1), 16.0
    elif kind == "one direction":  # E |x - y|
        values, true = (first - second).abs()[:, 0], 1.0 if how.get("skewed") else 1.1283792
    else:  # effects of both seeds, and of the pair
        values = kind.startswith("effects of seeds") * ((first + second) / 2)[:, 0]
        if kind.endswith("pairs"):
            values = values + draw(values.shape, generator, **how)
    weight = weights.runs[:, pairs].prod(dim=2)
    return coverage(weights.left, (weight @ values) / weight.sum(dim=1, keepdim=True), true)


def of_frames(
    ratio: float, n_seeds: int, generator: torch.Generator, *, level: float = 0.95, **how: bool
) -> float:
    """Of means over seeds and 40 frames, whose effects are so many times as large."""
    left = leave_one_out(n_seeds, 40)
    means = [
        weights
        @ draw((weights.shape[1], SAMPLES), generator, **how)
        / weights.sum(dim=1, keepdim=True)
        for weights in left
    ]
    return coverage(left, means[0] + ratio * means[1], level=level)


def of_noise(n_seeds: int, generator: torch.Generator, **how: bool) -> float:
    """Of means over seeds and 40 frames that differ in both together only."""
    left = leave_one_out(n_seeds, 40)
    values = draw((n_seeds, 40, SAMPLES // 5), generator, **how)
    sums = torch.einsum("rs,rf,sfn->rn", left.seeds, left.frames, values)
    sizes = left.seeds.sum(dim=1) * left.frames.sum(dim=1)
    return coverage(left, sums / sizes[:, None])


@pytest.mark.parametrize("n_seeds", [5, 10])
def test_intervals_of_normal_seeds_hold_as_often_as_they_say(n_seeds, rng):
    found = [of_means(n_seeds, rng), *(of_pairs(kind, n_seeds, rng) for kind in PAIRS)]
    found += [of_frames(ratio, n_seeds, rng) for ratio in (0.3, 1, 3, 10)]
    assert min(found) > 0.935
    assert 0.98 < of_noise(n_seeds, rng) < 1  # is counted twice: too wide, and never too narrow
    # The one exception: a distance of numbers, as if networks differed in one direction only.
    assert of_pairs("one direction", n_seeds, rng) == pytest.approx(0.92, abs=0.01)


@pytest.mark.parametrize("n_seeds", [5, 10])
def test_intervals_of_skewed_seeds_hold_as_often_as_the_pages_admit(n_seeds, rng):
    how = {"skewed": True}
    means = [of_means(n_seeds, rng, **how), of_frames(0.3, n_seeds, rng, **how)]
    assert 0.87 < min(means) < max(means) < 0.91
    pairs = [of_pairs(kind, n_seeds, rng, **how) for kind in (*PAIRS, "one direction")]
    assert 0.82 < min(pairs) < 0.84 < 0.96 < max(pairs) < 0.99


@pytest.mark.parametrize("n_seeds", [5, 10])
def test_p_values_of_the_best_of_eleven_are_not_too_small(n_seeds, rng):
    """Where both seeds and frames play a part, and one of 11 tests must be below 0.05 / 11."""
    level = 1 - 0.05 / 11
    found = [of_frames(ratio, n_seeds, rng, level=level) for ratio in (0.3, 1, 3, 10)]
    assert min(found) > 1 - 1.4 * 0.05 / 11


def test_an_interval_of_means_is_that_of_students_t(rng):
    values = draw((6, 1), rng)
    left = leave_one_out(6)
    found = left.interval((left.seeds @ values / left.seeds.sum(dim=1, keepdim=True))[:, 0])
    theirs = stats.ttest_1samp(values[:, 0].numpy(), 0.0)
    assert (found.low, found.high) == pytest.approx(tuple(theirs.confidence_interval(0.95)))
    assert found.p_value() == pytest.approx(float(theirs.pvalue))
    assert found.freedom == pytest.approx(5)
    assert found.p_value(found.high) == pytest.approx(0.05)


def test_a_difference_of_independent_figures_is_that_of_welch_with_fewer_degrees_of_freedom(rng):
    samples = [draw((4,), rng), 3 * draw((7,), rng) + 1]
    figures = [
        Interval(float(each.mean()), float(each.std() / len(each) ** 0.5), len(each) - 1)
        for each in samples
    ]
    found = figures[0].minus(figures[1])
    theirs = stats.ttest_ind(*(each.numpy() for each in samples), equal_var=False)
    assert found.value / found.error == pytest.approx(float(theirs.statistic))
    assert 3 < found.freedom < theirs.df


def test_what_cannot_be_told_has_no_bounds():
    left = leave_one_out(5)
    figure = torch.ones(6).double()
    figure[3] = math.nan  # say, that seed is in all of the pairs
    found = left.interval(figure)
    assert (found.low, found.value, found.high) == (-math.inf, 1, math.inf)
    assert found.p_value() == 1
    for few in (leave_one_out(2, 9), leave_one_out(9, 2)):
        assert few.interval(torch.ones(12).double()).error == math.inf
    assert found.minus(Interval(0.5, 0.1, 4)).p_value() == 1


def test_a_constant_is_sure():
    left = leave_one_out(5, 3)
    found = left.interval(torch.full((9,), 0.3, dtype=torch.float64))
    assert (found.low, found.high) == (0.3, 0.3)
    assert found.p_value() == 0
    assert found.p_value(0.3) == 1
