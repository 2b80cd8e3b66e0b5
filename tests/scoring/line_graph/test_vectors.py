"""Each function of rows against NumPy, in single and double precision."""

from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackscape.scoring.line_graph.kernels import vectors as v

TYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SEED = st.integers(0, 2**31)


def rows(seed: int, n: int, dtype: Any) -> Any:
    return np.random.default_rng(seed).normal(size=(n, v.ROW_WIDTH)).astype(dtype)


def tolerance(dtype: Any) -> dict[str, float]:
    return {"rtol": 0, "atol": 100 * float(np.finfo(dtype).eps)}


@numba.njit
def apply_all(x, matrix, out):
    store, load = v.store, v.load
    a, b, c = load(x, 0), load(x, 1), load(x, 2)
    weights = v.load_matrix(matrix)
    store(out, 0, v.affine(x, 0, weights, b))
    store(out, 1, v.leaky(a))
    store(out, 2, v.leaky_slope(a))
    store(out, 3, v.maximum(a, b))
    store(out, 4, v.multiply_add(a, b, c))
    store(out, 5, v.where_larger(a, b, c, a))
    store(out, 6, v.spread(0.5, a))
    store(out, 7, a + b - a * c)


@TYPES
@given(seed=SEED)
def test_functions_of_rows_are_those_of_numpy(dtype: Any, seed: int):
    x, matrix, out = rows(seed, 3, dtype), rows(seed + 1, 16, dtype), rows(seed, 8, dtype)
    apply_all(x, matrix, out)
    a, b, c = x
    expected = [
        a @ matrix + b,
        np.where(a > 0, a, 0.01 * a),
        np.where(a > 0, 1, 0.01),
        np.maximum(a, b),
        a * b + c,
        np.where(a > b, c, a),
        np.full(v.ROW_WIDTH, 0.5),
        a + b - a * c,
    ]
    for got, row in zip(out, expected, strict=True):
        np.testing.assert_allclose(got, row, **tolerance(dtype))


@numba.njit
def choose_equal(numbers, number, x, out):
    row = v.load(numbers, 0)
    here = v.spread(number, row)
    v.store(out, 0, v.where_equal(row, here, v.load(x, 0), v.load(x, 1)))
    return v.any_equal(row, here)


@given(seed=SEED, numbers=st.lists(st.integers(-1, 3), min_size=16, max_size=16))
def test_columns_are_chosen_by_number(seed: int, numbers: list[int]):
    x, out = rows(seed, 2, np.float32), rows(seed, 1, np.float32)
    array = np.array([numbers], np.int32)
    assert choose_equal(array, 2, x, out) == (2 in numbers)
    np.testing.assert_array_equal(out[0], np.where(array[0] == 2, x[0], x[1]))
