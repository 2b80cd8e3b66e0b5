"""Bootstrap intervals: coverage of a known mean, determinism, and the limits."""

import pytest
import torch

from trackscape.errors import DataError
from trackscape.evaluation import bootstrap_interval


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_covers_the_true_mean_about_as_often_as_it_says(rng):
    samples = torch.rand(200, 50, generator=rng)
    intervals = [bootstrap_interval(sample, generator=rng, resamples=300) for sample in samples]
    covered = sum(low <= 0.5 <= high for low, high in intervals) / len(intervals)
    assert 0.88 < covered < 0.99


def test_width_is_that_of_the_normal_approximation(rng):
    sample = torch.randn(400, generator=rng, dtype=torch.float64)
    low, high = bootstrap_interval(sample, generator=rng, resamples=4000)
    assert low < sample.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * float(sample.std()) / 20, rel=0.06)


def test_the_seed_decides(rng):
    sample = torch.rand(30, generator=rng)
    one, same, other = (bootstrap_interval(sample, generator=seeded(seed)) for seed in (1, 1, 2))
    assert one == same != other


def test_one_frame_gives_an_interval_without_width():
    assert bootstrap_interval(torch.tensor([0.75]), generator=seeded()) == (0.75, 0.75)


def test_a_quotient_of_sums_weighs_the_frames_by_their_denominators(rng):
    wanted = torch.randint(1, 100, (40,), generator=rng)
    low, high = bootstrap_interval(0.3 * wanted, denominator=wanted, generator=seeded())
    assert (low, high) == pytest.approx((0.3, 0.3))
    unequal = torch.where(wanted > 50, wanted, 0)
    low, high = bootstrap_interval(unequal, denominator=wanted, generator=seeded())
    assert low < float(unequal.sum() / wanted.sum()) < high


def test_frames_without_denominator_give_zero():
    zeros = torch.zeros(5)
    assert bootstrap_interval(zeros, denominator=zeros, generator=seeded()) == (0.0, 0.0)


def test_needs_a_frame():
    with pytest.raises(DataError, match="at least one frame"):
        bootstrap_interval(torch.zeros(0), generator=seeded())
