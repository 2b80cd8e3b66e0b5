"""Means over pairs without one training, or frame: equal stays equal, intervals as wide as due."""

import math

import pytest
import torch

from studies.agreement import ratio, resample

SEEDS = [*range(5), *range(5)]  # of two settings
PAIRS = torch.combinations(torch.arange(10))
WITHIN = (PAIRS < 5).all(dim=1)
ACROSS = (PAIRS[:, 0] < 5) & (PAIRS[:, 1] >= 5)
SAME_START = PAIRS[:, 1] - PAIRS[:, 0] == 5


def test_a_seed_is_left_out_of_all_settings_at_once():
    weights = resample(SEEDS, n_frames=3)
    assert weights.runs.shape == (1 + 5 + 3, 10)
    assert weights.runs[0].eq(1).all()
    assert weights.runs[1].nonzero()[:, 0].tolist() == [1, 2, 3, 4, 6, 7, 8, 9]
    assert weights.runs[6:].eq(1).all()
    assert weights.frames[:6].eq(1).all()
    assert weights.frames[6].tolist() == [0, 1, 1]


def test_a_constant_has_no_error():
    weights = resample(SEEDS, n_frames=4)
    for chosen in (WITHIN, ACROSS, SAME_START):
        values = torch.full((len(PAIRS), 4), 0.3).double()
        found = weights.interval(weights.mean_over_frames(values, pairs=PAIRS, chosen=chosen))
        assert found.value == pytest.approx(0.3)
        assert found.error == pytest.approx(0)


@pytest.mark.parametrize("chosen", [WITHIN, SAME_START])
def test_the_interval_of_an_effect_of_seeds_is_that_of_seeds_not_of_pairs(chosen, rng):
    """Both settings of a seed have the same effect: there are 5 of them, however many pairs."""
    effects = torch.randn(5, generator=rng).double()
    values = effects.repeat(2)[PAIRS].mean(dim=1)
    weights = resample(SEEDS)
    found = weights.interval(weights.mean(values[None], pairs=PAIRS, chosen=chosen))
    assert found.value == pytest.approx(float(effects.mean()))
    assert found.error == pytest.approx(float(effects.std()) / math.sqrt(5))
    assert found.freedom == pytest.approx(4)


def test_frames_play_their_part():
    values = torch.arange(40.0).double().expand(len(PAIRS), -1)
    weights = resample(SEEDS, n_frames=40)
    found = weights.interval(weights.mean_over_frames(values, pairs=PAIRS, chosen=WITHIN))
    assert found.error == pytest.approx(float(values[0].std()) / math.sqrt(40))
    assert found.freedom == pytest.approx(39)


def test_differences_and_quotients_are_of_the_same_seeds_and_frames(rng):
    values = torch.rand(len(PAIRS), 6, generator=rng).double() + 1
    weights = resample(SEEDS, n_frames=6)
    found = weights.mean_over_frames(values, pairs=PAIRS, chosen=WITHIN)
    twice = weights.mean_over_frames(2 * values, pairs=PAIRS, chosen=WITHIN)
    same = weights.interval(ratio(twice, found))
    assert (same.value, same.error) == pytest.approx((2, 0))
    assert weights.interval(ratio(found - found, 0 * found)).value == 0
    # Of one pair nothing is left without one of its seeds, and nothing is divided by nothing.
    one = PAIRS.eq(torch.tensor([0, 1])).all(dim=1)
    alone = weights.mean_over_frames(values, pairs=PAIRS, chosen=one)
    assert weights.interval(ratio(alone, alone)).error == math.inf
