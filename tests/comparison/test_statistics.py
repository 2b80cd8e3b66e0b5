"""Errors are those of repeated samples, distances those of scipy."""

import math
import statistics

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from trackscape.comparison.statistics import (
    Measurement,
    Sample,
    central_mean_and_spread,
    distance,
    grouped_median,
    half_width,
    mean,
    per_primary,
    quantile,
    share,
)

SAMPLES = 400
values = st.lists(st.integers(-6, 6).map(float), min_size=2, max_size=40).map(np.array)


@given(first=values, second=values)
def test_distances_equal_those_of_scipy(first, second):
    found = distance(Sample(first, len(first)), Sample(second, len(second)))
    expected = scipy.stats.ks_2samp(first, second, method="asymp").statistic
    assert found.ks == pytest.approx(expected, abs=1e-12)
    expected = scipy.stats.wasserstein_distance(first, second)
    assert found.wasserstein == pytest.approx(expected, abs=1e-12)
    assert found.numbers == (len(first), len(second))


def test_distances_of_a_shift_and_of_samples_that_do_not_overlap():
    sample = np.array([1.0, 2.0, 5.0])
    near = distance(Sample(sample, 3), Sample(sample + 0.25, 3))
    assert (near.ks, near.wasserstein) == pytest.approx((1 / 3, 0.25))
    far = distance(Sample(sample, 3), Sample(sample + 10, 3))
    assert (far.ks, far.wasserstein) == pytest.approx((1.0, 10.0))


def test_noise_of_the_distance_is_that_of_the_kolmogorov_distribution():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=800), generator.normal(size=400)
    found = distance(Sample(first, 800), Sample(second, 400))
    exact = scipy.special.kolmogi(0.05) * math.sqrt(1 / 800 + 1 / 400)
    assert found.noise == pytest.approx(exact, rel=1e-3)
    assert scipy.stats.ks_2samp(first, second, method="asymp").pvalue > 0.05
    assert found.ks < found.noise


def clustered(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """300 events with 1 to 4 values each, half of whose variance is common to the event."""
    event = np.repeat(np.arange(300), generator.integers(1, 5, size=300))
    common = generator.normal(size=300)[event]
    return (common + generator.normal(size=len(event))) / math.sqrt(2), event


STATISTICS = {
    "median": (lambda x, e: quantile(x, 0.5, event=e), 0.0),
    "95 %": (lambda x, e: quantile(x, 0.95, event=e), scipy.stats.norm.ppf(0.95)),
    "mean": (lambda x, e: mean(x, event=e), 0.0),
    "share": (lambda x, e: share(x > 1, event=e), scipy.stats.norm.sf(1)),
    "half-width": (
        lambda x, e: half_width(np.stack([x, -2 * x], axis=1), event=e),
        1.5 * scipy.stats.norm.ppf(0.84),
    ),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_errors_cover_the_truth_as_often_as_they_say(name):
    estimate, truth = STATISTICS[name]
    generator = np.random.default_rng(1)
    found = [estimate(*clustered(generator)) for _ in range(SAMPLES)]
    spread = np.std([one.value for one in found])
    assert np.mean([one.error for one in found]) == pytest.approx(spread, rel=0.1)
    covered = np.mean([abs(one.value - truth) < one.error for one in found])
    assert covered == pytest.approx(0.683, abs=0.06)


def test_errors_of_the_central_mean_and_spread_are_the_spread_of_repeated_samples():
    generator = np.random.default_rng(2)
    # Asymmetric, with a tail: the energy behind a phantom looks like this, turned around.
    found = [central_mean_and_spread(generator.gamma(3.0, size=500)) for _ in range(SAMPLES)]
    for number in range(2):
        spread = np.std([pair[number].value for pair in found])
        errors = np.mean([pair[number].error for pair in found])
        assert errors == pytest.approx(spread, rel=0.1)


def test_central_mean_and_spread_ignore_an_outlier():
    sample = np.append(np.linspace(-1, 1, 999), 1e6)
    middle, spread = central_mean_and_spread(sample)
    assert middle.value == pytest.approx(0, abs=0.01)
    assert spread.value == pytest.approx(0.95 / math.sqrt(3), abs=0.01)


@given(counts=st.lists(st.integers(0, 5), min_size=1, max_size=30).filter(any))
def test_hits_per_primary_count_the_primaries_without_hits(counts):
    event = np.repeat(np.arange(len(counts)), counts)
    found = per_primary(event, primaries=len(counts))
    assert found.value == pytest.approx(np.mean(counts))
    expected = np.std(counts) / math.sqrt(len(counts))
    assert found.error == pytest.approx(expected, abs=1e-7)
    assert found.number == sum(counts)


@given(layers=st.lists(st.integers(0, 12), min_size=1, max_size=50))
def test_grouped_median_is_that_of_the_standard_library(layers):
    found = grouped_median(np.array(layers))
    # The library takes the middle value of an even number, we the point with half of the area.
    if len(layers) % 2:
        assert found.value == pytest.approx(statistics.median_grouped(layers))
    assert grouped_median(np.array(layers) + 3).value == pytest.approx(found.value + 3)
    assert min(layers) - 0.5 <= found.value <= max(layers) + 0.5


def test_grouped_median_shows_a_shift_by_a_third_of_a_layer():
    generator = np.random.default_rng(3)
    depth = generator.normal(20, 1.2, size=20_000)
    medians = [grouped_median(np.round(depth + shift).astype(int)) for shift in (0, 0.3)]
    error = math.hypot(*(one.error for one in medians))
    assert medians[1].value - medians[0].value == pytest.approx(0.3, abs=3 * error)
    assert medians[0].error == pytest.approx(1.2533 * 1.2 / math.sqrt(20_000), rel=0.1)


def test_scaling_scales_value_and_error():
    assert Measurement(0.5, 0.1, 7).scaled(100) == Measurement(50, 10, 7)
