"""Resamples of trainings and frames: equal stays equal, and intervals are as wide as due."""

import math

import pytest
import torch

from trackscape.experiments.landscape_study.draws import draw, mean_of_pairs, mean_over_frames

GROUPS = ["a"] * 5 + ["b"] * 5
PAIRS = torch.combinations(torch.arange(10))
WITHIN_A = (PAIRS < 5).all(dim=1)
ACROSS = (PAIRS[:, 0] < 5) & (PAIRS[:, 1] >= 5)


def test_each_group_and_the_frames_are_drawn_apart():
    draws = draw(GROUPS, n_frames=7)
    assert torch.allclose(draws.runs[:, :5].sum(dim=1), torch.ones(()).double())
    assert torch.allclose(draws.runs[:, 5:].sum(dim=1), torch.ones(()).double())
    assert torch.allclose(draws.frames.sum(dim=1), torch.ones(()).double())
    assert torch.equal(draw(GROUPS, n_frames=3).runs, draws.runs)


def test_a_run_makes_no_pair_with_itself():
    draws = draw(["a", "a"], n_frames=1)
    # One of the two is drawn, so that there is no pair, and the only one counts.
    assert draws.of_pairs(torch.tensor([[0, 1]])).eq(1).all()


def test_a_constant_has_no_interval():
    draws = draw(GROUPS, n_frames=4)
    for chosen in (WITHIN_A, ACROSS):
        values = torch.full((len(PAIRS), 4), 0.3).double()
        found = mean_over_frames(values, pairs=PAIRS, chosen=chosen, draws=draws).interval
        assert list(found) == pytest.approx([0.3] * 3)


def test_the_interval_of_an_effect_of_runs_is_that_of_runs_not_of_pairs():
    """Half the sum of effects of the runs of two groups of n: the variance of 2 means of n."""
    generator = torch.Generator().manual_seed(3)
    effects = torch.randn(10, generator=generator).double()
    values = effects[PAIRS].mean(dim=1)
    draws = draw(GROUPS, n_frames=1)
    found = mean_of_pairs(values, values[None], pairs=PAIRS, chosen=ACROSS, draws=draws).interval
    assert found.value == pytest.approx(float(effects.mean()))
    error = math.sqrt(float(effects[:5].var() / 5 + effects[5:].var() / 5)) / 2
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(error, rel=0.1)


def test_frames_play_their_part():
    values = torch.arange(40.0).double().expand(len(PAIRS), -1)
    draws = draw(GROUPS, n_frames=40)
    found = mean_over_frames(values, pairs=PAIRS, chosen=WITHIN_A, draws=draws).interval
    error = float(values[0].std()) / math.sqrt(40)
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(error, rel=0.1)


def test_differences_and_quotients_are_of_the_same_draws():
    generator = torch.Generator().manual_seed(5)
    values = torch.rand(len(PAIRS), 6, generator=generator).double() + 1
    draws = draw(GROUPS, n_frames=6)
    found = mean_over_frames(values, pairs=PAIRS, chosen=WITHIN_A, draws=draws)
    twice = mean_over_frames(2 * values, pairs=PAIRS, chosen=WITHIN_A, draws=draws)
    assert list((twice / found).interval) == pytest.approx([2, 2, 2])
    assert list((found - found).interval) == [0, 0, 0]
