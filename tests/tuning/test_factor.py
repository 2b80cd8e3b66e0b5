"""A factor that grew and shrank is that of its matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.errors import DataError
from trackscape.tuning.factor import BLOCK_ROWS, GrowingFactor

NOISE = 1e-4


def covariance(points: np.ndarray) -> np.ndarray:
    """Smooth, so that its condition is bad: about n / NOISE."""
    apart = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    return np.exp(-apart) + NOISE * np.eye(len(points))


def grown(points: np.ndarray) -> GrowingFactor:
    matrix, made = covariance(points), GrowingFactor()
    for n in range(len(points)):
        made.append(matrix[:n, n], matrix[n, n], least=NOISE)
    return made


def assert_factor_of(found: GrowingFactor, matrix: np.ndarray) -> None:
    assert found.n == len(matrix)
    if len(matrix):
        np.testing.assert_allclose(found.dense(), np.linalg.cholesky(matrix), rtol=0, atol=1e-10)


@pytest.mark.parametrize("n", [1, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 3 * BLOCK_ROWS + 7])
def test_appended_rows_are_those_of_the_whole_factor(n):
    points = np.random.default_rng(n).random((n, 3))
    assert_factor_of(grown(points), covariance(points))
    assert_factor_of(GrowingFactor.of(covariance(points)), covariance(points))


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 3)),
        st.tuples(st.just("block"), st.integers(1, 90)),
        st.tuples(st.just("truncate"), st.floats(0.3, 1)),
        st.tuples(st.just("remove"), st.floats(0, 0.999)),
        st.tuples(st.just("refit"), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(operations=OPERATIONS, seed=st.integers(0, 2**31))
def test_any_sequence_of_operations_leaves_the_factor_of_what_is_there(operations, seed):
    random = np.random.default_rng(seed)
    points, factor = np.empty((0, 3)), GrowingFactor()
    for what, number in operations:
        n = len(points)
        if what in ("append", "block"):
            points = np.vstack([points, random.random((number, 3))])
            matrix = covariance(points)
        if what == "append":
            for row in range(n, len(points)):
                factor.append(matrix[:row, row], matrix[row, row], least=NOISE)
        elif what == "block":
            factor.append_block(matrix[:n, n:], matrix[n:, n:], least=NOISE)
        elif what == "truncate":
            points = points[: int(number * n)]
            factor.truncate(len(points))
        elif what == "remove" and n:
            points = np.delete(points, int(number * n), axis=0)
            factor.remove(int(number * n))
        elif what == "refit" and n:
            factor = GrowingFactor.of(covariance(points))
        assert_factor_of(factor, covariance(points))


@pytest.mark.parametrize("n", [5, BLOCK_ROWS, 2 * BLOCK_ROWS + 9])
@pytest.mark.parametrize("shape", [(), (1,), (6,)])
def test_solutions_solve(n, shape):
    random = np.random.default_rng(n)
    factor = grown(random.random((n, 2)))
    lower, right = factor.dense(), random.random((n, *shape))
    np.testing.assert_allclose(lower @ factor.solve(right), right, rtol=0, atol=1e-10)
    np.testing.assert_allclose(lower.T @ factor.solve_transposed(right), right, rtol=0, atol=1e-10)


def test_a_point_that_is_there_already_leaves_the_noise():
    points = np.random.default_rng(0).random((70, 2))
    factor, k = grown(points), covariance(points)
    for _ in range(3):
        column = np.append(k[:, 0], np.ones(factor.n - 70))
        column[0] = 1.0
        _, delta = factor.append(column, 1.0, least=NOISE)  # not even noise on the diagonal
        assert delta >= np.sqrt(NOISE)


def test_rows_of_the_factor():
    factor = grown(np.random.default_rng(0).random((100, 2)))
    q, delta = factor.row(80)
    np.testing.assert_array_equal([*q, delta], factor.dense()[80, :81])
    assert factor.log_diagonal() == pytest.approx(np.log(factor.dense().diagonal()).sum())


def test_what_is_not_positive_definite_is_refused():
    with pytest.raises(DataError, match="row 1 depends"):
        GrowingFactor.of(np.ones((3, 3)))
    factor = GrowingFactor.of(np.eye(2))
    with pytest.raises(DataError, match="positive definite"):
        factor.append_block(np.ones((2, 1)), np.ones((1, 1)), least=NOISE)
