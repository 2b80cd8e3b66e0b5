"""Differences that are there are found, with intervals that hold."""

import math

import pytest
import torch

from studies.agreement import (
    compare_choices,
    failed_seeds,
    mean_disagreement,
    seeds_and_frames,
)


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
    same = mean_disagreement(choices, minus=choices)
    assert (same.value, same.error) == (0, 0)
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
    assert found.high < 0
    assert found.low <= 0
    assert seeds_and_frames(noise).low <= 0
    same = seeds_and_frames(second - second)
    assert (same.value, same.error) == (0, 0)


def test_interval_has_the_width_of_the_spread_over_seeds_and_frames(rng):
    n_seeds, n_frames = 6, 300
    of_seed = torch.randn(n_seeds, 1, generator=rng)
    of_frame = 10 * torch.randn(1, n_frames, generator=rng)
    found = seeds_and_frames(of_seed + of_frame)
    error = math.sqrt(of_seed.var() / n_seeds + of_frame.var() / n_frames)
    assert found.error == pytest.approx(error, rel=1e-4)
    assert 5 < found.freedom < 299
    assert found.high - found.value > 1.96 * error


def test_one_pair_of_seeds_tells_nothing_of_others(rng):
    chosen = [torch.rand(400, generator=rng) < 0.1 for _ in range(2)]
    wrong = torch.stack([each.view(20, 20).sum(dim=1) for each in chosen])
    found = mean_disagreement(compare_choices(chosen, wrong=wrong, edges=torch.full((20,), 20)))
    assert 0 < found.value < 1
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_failed_seeds_are_those_of_more_than_twice_the_median():
    assert failed_seeds([0.1, 0.19, 0.2, 0.21], median=0.1) == 1
