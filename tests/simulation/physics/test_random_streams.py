"""Random numbers: the published generators bit by bit, and the distributions made of them."""

import math

import hypothesis.strategies as st
import numba
import numpy as np
import pytest
import scipy.stats
from hypothesis import given

from trackscape.simulation.physics.random_streams import (
    next_bits,
    normals,
    on_circle,
    open_stream,
    poisson,
    uniform,
)

BITS = 2**64 - 1
STREAMS, LENGTH = 1000, 500
seeds = st.integers(0, 2**63 - 1)


def mix(value: int) -> int:
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & BITS
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & BITS
    return value ^ (value >> 31)


def splitmix64(state: int, count: int) -> list[int]:
    """The first outputs of the generator of Steele, Lea and Flood."""
    return [mix((state + (i + 1) * 0x9E3779B97F4A7C15) & BITS) for i in range(count)]


def xoshiro256plusplus(state: list[int], count: int) -> list[int]:
    """The first outputs of the generator of Blackman and Vigna."""

    def rotate(value: int, bits: int) -> int:
        return (value << bits | value >> (64 - bits)) & BITS

    s, outputs = list(state), []
    for _ in range(count):
        outputs.append((rotate((s[0] + s[3]) & BITS, 23) + s[0]) & BITS)
        shifted = s[1] << 17 & BITS
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = rotate(s[3], 45)
    return outputs


@numba.njit
def draw(stream: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Uniform numbers, pairs of normal numbers, and points on a circle."""
    flat, normal, circle = np.empty(count), np.empty((count, 2)), np.empty((count, 2))
    for i in range(count):
        flat[i] = uniform(stream)
        normal[i, 0], normal[i, 1] = normals(stream)
        circle[i, 0], circle[i, 1] = on_circle(stream)
    return flat, normal, circle


@numba.njit
def draw_poisson(stream: np.ndarray, mean: float, count: int) -> np.ndarray:
    numbers = np.empty(count, np.int64)
    for i in range(count):
        numbers[i] = poisson(stream, mean)
    return numbers


@numba.njit
def draw_neighbours(seed: int, streams: int, length: int) -> np.ndarray:
    """Uniform numbers of neighbouring streams, (streams, length)."""
    stream = np.empty(4, np.uint64)
    numbers = np.empty((streams, length))
    for i in range(streams):
        open_stream(seed, i, stream)
        for j in range(length):
            numbers[i, j] = uniform(stream)
    return numbers


@pytest.fixture(scope="module")
def neighbours() -> np.ndarray:
    return draw_neighbours(11, STREAMS, LENGTH)


def test_the_first_output_of_splitmix64_is_the_well_known_one(new_stream):
    # Seed 0 is mixed to 0, so that stream 0 of seed 0 is seeded like splitmix64 of state 0.
    assert splitmix64(0, 1) == [0xE220A8397B1DCDAF]
    assert int(new_stream(0)[0]) == 0xE220A8397B1DCDAF


@given(seeds, seeds)
def test_streams_are_xoshiro_seeded_by_splitmix(new_stream, seed, number):
    stream = new_stream(seed, number)
    state = splitmix64(mix(seed) ^ number, 4)
    assert stream.tolist() == state
    assert [int(next_bits(stream)) for _ in range(5)] == xoshiro256plusplus(state, 5)


@given(seeds, seeds, st.integers(1, 100))
def test_the_same_seed_gives_the_same_numbers_and_no_other_does(new_stream, seed, number, other):
    first, again = new_stream(seed, number), new_stream(seed, number)
    assert [uniform(first) for _ in range(3)] == [uniform(again) for _ in range(3)]
    start = new_stream(seed, number).tolist()
    assert not set(start) & set(new_stream(seed, number ^ other).tolist())
    assert not set(start) & set(new_stream(seed ^ other, number).tolist())


def test_uniform_numbers_are_uniform_and_inside_of_the_interval(new_stream):
    numbers = draw(new_stream(1), 200_000)[0]
    assert 0.0 < numbers.min() < 1e-4
    assert 1.0 - 1e-4 < numbers.max() < 1.0
    assert scipy.stats.kstest(numbers, "uniform").pvalue > 1e-4


@pytest.mark.parametrize(("bits", "expected"), [(0, 2.0**-53), (BITS, 1.0 - 2.0**-53)])
def test_the_least_and_the_largest_uniform_number_have_finite_logarithms(bits, expected):
    # The output is rotate(s0 + s3, 23) + s0.
    number = uniform(np.array([0, 1, 1, bits], np.uint64))
    assert number == expected
    assert math.isfinite(math.log(number))
    assert math.log(number) < 0.0


def test_normal_numbers_are_normal_and_their_pairs_independent(new_stream):
    pairs = draw(new_stream(2), 200_000)[1]
    for numbers in pairs.T:
        assert scipy.stats.kstest(numbers, "norm").pvalue > 1e-4
    correlation = np.corrcoef(pairs[:, 0], pairs[:, 1])[0, 1]
    assert abs(correlation) < 5 / math.sqrt(len(pairs))
    # Independent normal numbers make an isotropic cloud with exponential squared radii.
    assert scipy.stats.kstest((pairs**2).sum(1) / 2, "expon").pvalue > 1e-4


def test_points_on_the_circle_are_on_it_everywhere(new_stream):
    cosine, sine = draw(new_stream(3), 200_000)[2].T
    assert np.abs(cosine**2 + sine**2 - 1.0).max() < 1e-12
    turns = np.arctan2(sine, cosine) / (2.0 * math.pi) + 0.5
    assert scipy.stats.kstest(turns, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("mean", [0.1, 1.0, 10.0, 29.0, 31.0, 100.0])
def test_poisson_numbers_have_the_mean_as_mean_and_as_variance(new_stream, mean):
    numbers = draw_poisson(new_stream(4), mean, 400_000)
    count = len(numbers)
    assert abs(numbers.mean() - mean) < 5 * math.sqrt(mean / count)
    # The variance of a sample of them varies by μ + 2μ²; rounding a normal number adds 1/12.
    rounding = 1 / 12 if mean > 30 else 0.0
    spread = math.sqrt((mean + 2 * mean**2) / count)
    assert abs(numbers.var() - mean - rounding) < 5 * spread


@pytest.mark.parametrize("mean", [0.1, 1.0, 10.0, 29.0])
def test_poisson_numbers_up_to_a_mean_of_30_are_exact(new_stream, mean):
    numbers = draw_poisson(new_stream(5), mean, 200_000)
    likely = np.arange(scipy.stats.poisson.ppf(1e-4, mean), scipy.stats.poisson.ppf(0.9999, mean))
    expected = len(numbers) * scipy.stats.poisson.pmf(likely, mean)
    observed = np.array([(numbers == k).sum() for k in likely])
    squares = ((observed - expected) ** 2 / expected).sum()
    assert scipy.stats.chi2.sf(squares, len(likely)) > 1e-4


def test_nothing_happens_where_nothing_is_expected(new_stream):
    assert not draw_poisson(new_stream(6), 0.0, 100).any()


def test_streams_of_neighbouring_primaries_are_uncorrelated(neighbours):
    first = neighbours - 0.5
    for lag in (1, 2, 64):
        product = 12.0 * first[lag:] * first[:-lag]
        assert abs(product.mean()) < 5 / math.sqrt(product.size)
    # Also in the number of one that is drawn next to a number of the other.
    product = 12.0 * first[1:, 1:] * first[:-1, :-1]
    assert abs(product.mean()) < 5 / math.sqrt(product.size)


def test_the_first_numbers_of_neighbouring_primaries_are_uniform(neighbours):
    for column in neighbours.T[:4]:
        assert scipy.stats.kstest(column, "uniform").pvalue > 1e-4
    assert (
        scipy.stats.kstest(neighbours.mean(1), "norm", (0.5, 1 / math.sqrt(12 * LENGTH))).pvalue
        > 1e-4
    )
