"""The angle encoding against its formula, and its table against it."""

import math
from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.scoring.line_graph.encoding import STEPS, AngleEncoding

REAL = dict(STEPS)


def highest_frequency(size: int) -> float:
    return math.exp(-(size - 2) * math.log(0.001) / size)


@given(angle=st.floats(0, math.pi), size=st.sampled_from([2, 8, 128]))
def test_the_encoding_is_the_formula(angle: float, size: int):
    encoding = AngleEncoding(size)(torch.tensor([angle], dtype=torch.float64))[0].tolist()
    for k in range(size // 2):
        frequency = math.exp(-2 * k * math.log(0.001) / size)
        assert encoding[2 * k] == pytest.approx(math.sin(math.sqrt(angle) * frequency), abs=1e-12)
        assert encoding[2 * k + 1] == pytest.approx(
            math.cos(math.sqrt(angle) * frequency), abs=1e-12
        )


def error_bound(steps: int) -> float:
    """Of the interpolation; the root of the angle changes by up to 2 along the grid."""
    return (highest_frequency(128) * 2 / steps) ** 4 / 384 + 1e-12


def test_the_table_is_fine_enough():
    assert error_bound(REAL[torch.float32]) < 7e-6
    assert error_bound(REAL[torch.float64]) < 1e-10


@pytest.fixture(scope="module", autouse=True)
def coarse_table() -> Iterator[None]:
    """A small table in double precision, for speed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STEPS, torch.float64, 1 << 12)
        yield


@pytest.fixture(scope="module")
def encode() -> AngleEncoding:
    """One for many tests, since it makes its table only once."""
    return AngleEncoding(128)


@settings(max_examples=30)
@given(angles=st.lists(st.floats(0, math.pi) | st.floats(0, 1e-3), min_size=1, max_size=20))
def test_interpolated_columns_are_the_encoding(encode: AngleEncoding, angles: list[float]):
    angle = torch.tensor(angles, dtype=torch.float64)
    matrix = encode(angle).repeat(2, 1)
    columns = encode.columns(angle, copies=2)
    assert columns.shape == (2 * len(angles), 128)
    product = columns.product(torch.eye(128, dtype=torch.float64))
    bound = error_bound(STEPS[torch.float64])
    assert torch.allclose(product, matrix, rtol=0, atol=bound)
    mean, variance = columns.moments()
    assert torch.allclose(mean, matrix.mean(dim=0), rtol=0, atol=bound)
    # Squares swing twice as fast with half of the size; those of the mean add twice its error.
    variance_bound = (16 / 2 + 2) * bound
    assert torch.allclose(variance, matrix.var(dim=0, correction=0), rtol=0, atol=variance_bound)


def test_interpolated_columns_reach_both_ends_in_single_precision(encode: AngleEncoding):
    angle = torch.tensor([0.0, 1e-12, math.pi])
    assert float(angle[-1]) > math.pi  # float32 rounds pi up
    product = encode.columns(angle, copies=1).product(torch.eye(128))
    assert torch.allclose(product.double(), encode(angle.double()), rtol=0, atol=7e-6)


def test_the_encoding_of_no_angle_is_finite():
    encoding = AngleEncoding(6)(torch.zeros(2))
    assert encoding.tolist() == [[0, 1, 0, 1, 0, 1]] * 2
    assert AngleEncoding(6)(torch.zeros(0)).shape == (0, 6)


def test_single_precision_encodes_as_double():
    angle = torch.rand(100, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    encode = AngleEncoding(128)
    # The highest frequency is about 900, so that rounding moves the phase by up to 1e-4.
    assert torch.allclose(encode(angle.float()).double(), encode(angle), rtol=0, atol=2e-4)
