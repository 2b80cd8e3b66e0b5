"""Permutations of runs give the p-values that they should, and those of pairs do not."""

import itertools

import pytest
import torch
from torch import Tensor

from studies.loss_landscape.groups import compare_groups
from trackscape.errors import LandscapeError

FIRST = torch.tensor([True] * 5 + [False] * 5)


def sharing_runs(generator: torch.Generator, *, of_run: float = 1.0, n: int = 10) -> Tensor:
    """Measures of pairs to which each of the two runs adds something of its own."""
    run = of_run * torch.randn(n, generator=generator, dtype=torch.float64)
    noise = torch.randn(n, n, generator=generator, dtype=torch.float64)
    return run[:, None] + run + (noise + noise.T) / 2


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def brute_force(measures: Tensor, n_first: int, contrast: str) -> tuple[float, float]:
    """Effect and p-value of the difference of means, with loops."""

    def effect(group: set[int]) -> float:
        kinds: dict[object, list[float]] = {}
        for i, j in itertools.combinations(range(len(measures)), 2):
            inside = (i in group) + (j in group)
            kind = inside if contrast == "within" else inside == 1
            kinds.setdefault(kind, []).append(float(measures[i, j]))
        if contrast == "within":
            return mean(kinds[2]) - mean(kinds[0])
        return mean(kinds[True]) - mean(kinds[False])

    observed = effect(set(range(n_first)))
    effects = [
        effect(set(chosen)) for chosen in itertools.combinations(range(len(measures)), n_first)
    ]
    extreme = [abs(each) >= abs(observed) - 1e-12 for each in effects]
    return observed, mean([float(each) for each in extreme])


@pytest.mark.parametrize("contrast", ["within", "between"])
@pytest.mark.parametrize("n_first", [3, 4])
def test_enumeration_is_brute_force(rng, contrast, n_first):
    for _ in range(5):
        measures = sharing_runs(rng, n=7)
        first = torch.arange(7) < n_first
        found = compare_groups(measures, first, contrast=contrast, statistic="difference")
        effect, p_value = brute_force(measures, n_first, contrast)
        assert found.exact
        assert found.effect.value == pytest.approx(effect)
        assert found.p_value == pytest.approx(p_value)


@pytest.mark.parametrize(
    ("contrast", "statistic"), [("within", "welch"), ("between", "difference")]
)
def test_p_values_are_uniform_without_a_difference(rng, contrast, statistic):
    found = [
        compare_groups(sharing_runs(rng), FIRST, contrast=contrast, statistic=statistic).p_value
        for _ in range(200)
    ]
    for level in (0.05, 0.2, 0.5, 0.8):
        share = mean([float(p <= level) for p in found])
        error = (level * (1 - level) / 200) ** 0.5
        assert share == pytest.approx(level, abs=3.5 * error + 0.01)


def test_permuted_pairs_find_differences_that_are_not_there(rng):
    found = [
        compare_groups(sharing_runs(rng), FIRST, permute="pairs", most=400).p_value
        for _ in range(150)
    ]
    assert mean([float(p <= 0.05) for p in found]) > 0.25


def test_permuted_pairs_are_right_if_nothing_is_shared(rng):
    found = [
        compare_groups(sharing_runs(rng, of_run=0), FIRST, permute="pairs", most=400).p_value
        for _ in range(200)
    ]
    assert mean([float(p <= 0.1) for p in found]) == pytest.approx(0.1, abs=0.07)


def test_a_difference_is_found(rng):
    measures = sharing_runs(rng, of_run=0.1)
    measures[:5, :5] += 5
    found = compare_groups(measures, FIRST)
    assert found.p_value == pytest.approx(2 / 252)  # the least that 5 and 5 runs can give
    assert found.effect.low < 5 < found.effect.high
    assert found.effect.low > 3
    measures[:5, 5:] += 9
    measures[5:, :5] += 9
    found = compare_groups(measures, FIRST, contrast="between", statistic="difference")
    assert found.p_value == pytest.approx(2 / 252)
    assert found.effect.value == pytest.approx(6.5, abs=1)


def test_the_interval_holds_about_as_often_as_it_says(rng):
    found = [compare_groups(sharing_runs(rng), FIRST, most=1) for _ in range(300)]
    held = mean([float(each.effect.low <= 0 <= each.effect.high) for each in found])
    assert held == pytest.approx(0.925, abs=3.5 * (0.925 * 0.075 / 300) ** 0.5)


def test_many_permutations_are_drawn_with_a_seed(rng):
    measures, first = sharing_runs(rng, n=16), torch.arange(16) < 8
    found = compare_groups(measures, first, most=500, seed=1)
    assert not found.exact
    assert found.permutations == 500
    assert found == compare_groups(measures, first, most=500, seed=1)
    assert found.p_value != compare_groups(measures, first, most=500, seed=2).p_value
    # 12,869 others are all that there are.
    exact = compare_groups(measures, first, most=20_000)
    assert exact.exact
    assert found.p_value == pytest.approx(exact.p_value, abs=0.08)


def test_a_p_value_is_never_zero(rng):
    measures = sharing_runs(rng, of_run=0, n=16)
    measures[:8, :8] += 100
    assert compare_groups(measures, torch.arange(16) < 8, most=99).p_value == pytest.approx(0.01)


@pytest.mark.parametrize("statistic", ["welch", "difference"])
def test_equal_measures_are_no_difference(statistic):
    found = compare_groups(torch.ones(6, 6), torch.arange(6) < 3, statistic=statistic)
    assert (found.effect.value, found.statistic, found.p_value) == (0, 0, 1)


@pytest.mark.parametrize("contrast", ["within", "between"])
def test_the_order_of_runs_does_not_matter(rng, contrast):
    measures, order = sharing_runs(rng), torch.randperm(10, generator=rng)
    found = compare_groups(measures, FIRST, contrast=contrast)
    other = compare_groups(measures[order][:, order], FIRST[order], contrast=contrast)
    assert found.statistic == pytest.approx(other.statistic)
    assert found.p_value == pytest.approx(other.p_value)


def test_refusals_say_what_is_wrong(rng):
    measures = sharing_runs(rng, n=6)
    with pytest.raises(LandscapeError, match="symmetric matrix"):
        compare_groups(measures + torch.arange(6), torch.arange(6) < 3)
    with pytest.raises(LandscapeError, match="symmetric matrix"):
        compare_groups(measures, torch.arange(5) < 3)
    with pytest.raises(LandscapeError, match="leave out runs that failed"):
        compare_groups(measures.where(measures < measures.max(), torch.nan), torch.arange(6) < 3)
    with pytest.raises(LandscapeError, match="at least 2 pairs of each kind within groups"):
        compare_groups(measures, torch.arange(6) < 2)
