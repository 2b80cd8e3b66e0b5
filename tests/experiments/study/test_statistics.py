"""Differences that are there are found, with intervals that hold; disagreement is what it says."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from trackscape.experiments.study.statistics import (
    compare_choices,
    disagreement,
    failed_seeds,
    mean_disagreement,
    seeds_and_frames,
)


def of_decisions(a: Tensor, b: Tensor, truth: Tensor) -> float:
    differ, error_a, error_b = (
        (x != y).double().mean() for x, y in ((a, b), (a, truth), (b, truth))
    )
    return float(disagreement(differ, error_a=error_a, error_b=error_b))


@pytest.mark.parametrize(
    ("differ", "error_a", "error_b", "expected"),
    [
        (0.1, 0.1, 0.1, 0.5),
        (0.1, 0.2, 0.1, 0.0),  # all errors of the better are errors of the worse
        (0.3, 0.2, 0.1, 1.0),  # no common error
        (0.15, 0.2, 0.1, 0.25),
        (0.55, 0.8, 0.7, 0.5),  # errors that cannot avoid each other
        (0.0, 0.0, 0.0, 0.0),
    ],
)
def test_disagreement_by_hand(differ, error_a, error_b, expected):
    share, a, b = torch.tensor([differ, error_a, error_b], dtype=torch.float64)
    assert float(disagreement(share, error_a=a, error_b=b)) == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=2, max_size=30))
def test_disagreement_is_between_the_least_and_the_most_that_errors_allow(rows):
    a, b, truth = torch.tensor(rows).T
    found = of_decisions(a, b, truth)
    assert -1e-9 <= found <= 1 + 1e-9
    assert found == pytest.approx(of_decisions(b, a, truth), abs=1e-9)
    wrong_a, wrong_b = a != truth, b != truth
    if not bool((wrong_a & ~wrong_b).any()):
        assert found == pytest.approx(0, abs=1e-9)
    elif bool(wrong_b.any()) and not bool((wrong_a & wrong_b).any()):
        assert found == pytest.approx(1)


def test_choices_are_counted_by_frame():
    # Two frames of 3 and 2 edges; nothing is true, so that what is chosen is wrong.
    chosen = [
        torch.tensor(bits).bool() for bits in ([1, 0, 0, 1, 0], [0, 1, 0, 1, 0], [0, 0, 0, 0, 1])
    ]
    wrong = torch.tensor([[1, 1], [1, 1], [0, 1]])
    choices = compare_choices(chosen, wrong=wrong, edges=torch.tensor([3, 2]))
    assert choices.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert choices.differ.tolist() == [[2, 0], [1, 2], [1, 2]]
    # m = 2/5, q = 2/5, 2/5; then m = 3/5, q = 2/5, 1/5: no common error.
    found = choices.disagreements(torch.ones(1, 2).double())
    assert found[0].tolist() == pytest.approx([0.5, 1.0, 1.0])
    assert mean_disagreement(choices).value == pytest.approx(2.5 / 3)
    second_frame_only = choices.disagreements(torch.tensor([[0.0, 1.0]]).double())
    assert second_frame_only[0].tolist() == pytest.approx([0.0, 1.0, 1.0])


def test_a_method_disagrees_as_much_as_itself(rng):
    chosen = [torch.rand(400, generator=rng) < 0.1 for _ in range(3)]
    wrong = torch.stack([each.view(20, 20).sum(dim=1) for each in chosen])
    choices = compare_choices(chosen, wrong=wrong, edges=torch.full((20,), 20))
    assert mean_disagreement(choices, minus=choices) == (0, 0, 0)
    alone = mean_disagreement(choices)
    # Errors at random: of 40 in 400 about 4 are common, hence nearly 0.9.
    assert alone.low < alone.value < alone.high
    assert alone.value == pytest.approx(0.9, abs=0.06)


def test_a_known_difference_is_found_and_its_sign_is_sure(rng):
    noise = 0.02 * torch.randn(5, 200, generator=rng)
    of_frame = torch.rand(200, generator=rng)  # the same for both methods: pairing removes it
    first, second = of_frame + noise, of_frame - 0.01 + noise.flip(0)
    found = seeds_and_frames(second - first)
    assert found.low < -0.01 < found.high
    assert found.below_zero
    assert not found.above_zero
    assert not seeds_and_frames(noise).above_zero
    assert seeds_and_frames(second - second) == (0, 0, 0)


def test_interval_has_the_width_of_the_spread_over_seeds_and_frames(rng):
    n_seeds, n_frames = 6, 300
    of_seed = torch.randn(n_seeds, 1, generator=rng)
    of_frame = 10 * torch.randn(1, n_frames, generator=rng)
    found = seeds_and_frames(of_seed + of_frame)
    error = math.sqrt(of_seed.var() / n_seeds + of_frame.var() / n_frames)
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(error, rel=0.06)


def test_interval_holds_as_often_as_it_says(rng):
    held = 0
    for _ in range(200):
        sample = torch.randn(5, 1, generator=rng) + 5 * torch.randn(1, 60, generator=rng)
        found = seeds_and_frames(sample)
        held += found.low <= 0 <= found.high
    assert held / 200 == pytest.approx(0.95, abs=0.05)


def test_failed_seeds_are_those_of_more_than_twice_the_median():
    assert failed_seeds([0.1, 0.19, 0.2, 0.21], median=0.1) == 1
