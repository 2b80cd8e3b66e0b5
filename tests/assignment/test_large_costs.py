"""Costs of all sizes: solved as exactly as rounding allows, or refused, and never fatal."""

from fractions import Fraction
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from trackscape.assignment import Assigner, Backend, solve
from trackscape.assignment.solver.sparse import solve_sparse
from trackscape.data import HitGraph, Hits
from trackscape.errors import AssignmentError

BACKENDS = pytest.mark.parametrize("backend", get_args(Backend))
FLOAT_MAX = float(np.finfo(float).max)
SCALES = (5e-324, 1e-300, 1e-30, 1.0, 1e15, 1e99)
OFFSETS = (0.0, 1e12, -1e12, 1e17, 1e90, -1e90)


def all_pairs(shape: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    row, column = np.indices(shape).reshape(2, -1)
    return row, column


def exact_sum(values: NDArray[np.float64]) -> Fraction:
    return sum((Fraction(float(value)) for value in values), Fraction(0))


@BACKENDS
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    seed=st.integers(0, 2**31),
    scale=st.sampled_from(SCALES),
    offset=st.sampled_from(OFFSETS),
)
@settings(max_examples=60)
def test_scaled_and_shifted_costs_are_solved_as_scipy_does(
    backend: str, shape: tuple[int, int], seed: int, scale: float, offset: float
):
    cost = offset + scale * np.random.default_rng(seed).integers(-9, 9, shape).astype(float)
    row, column = all_pairs(shape)
    expected = exact_sum(cost[linear_sum_assignment(cost - cost.min())])
    span = Fraction(float(np.ptp(cost)))
    for semantics in ("max_cardinality", "perfect"):
        chosen = solve(cost.ravel(), row=row, column=column, semantics=semantics, backend=backend)
        assert chosen.sum() == min(shape)
        assert abs(exact_sum(cost.ravel()[chosen]) - expected) <= span * Fraction(1e-9)


@BACKENDS
@pytest.mark.parametrize("cost", [0.5, 1e17, -1e17, 1e99, -1e99, 5e-324, 0.0])
def test_equal_costs_of_any_size_lose_no_match(backend: str, cost: float):
    row, column = all_pairs((3, 4))
    costs = np.full(12, cost)
    assert solve(costs, row=row, column=column, backend=backend).sum() == 3
    more = cost + abs(cost) / 4 + 1e-3
    options = {"semantics": "with_unmatched", "backend": backend}
    assert solve(costs, row=row, column=column, unmatched_cost=more, **options).sum() == 3
    assert solve(costs, row=row, column=column, unmatched_cost=cost, **options).sum() == 0


@BACKENDS
@pytest.mark.parametrize("unmatched_cost", [1e20, 1e60, 1e100])
def test_a_huge_reject_cost_hides_no_difference(backend: str, unmatched_cost: float):
    row, column = all_pairs((2, 2))
    cost = np.array([0.2, 0.1, 0.1, 0.2])
    options = {"semantics": "with_unmatched", "backend": backend}
    chosen = solve(cost, row=row, column=column, unmatched_cost=unmatched_cost, **options)
    assert chosen.tolist() == [False, True, True, False]


@BACKENDS
@pytest.mark.parametrize("value", [FLOAT_MAX, -FLOAT_MAX, 8e307, -1e300, np.inf, -np.inf, np.nan])
def test_costs_near_the_largest_number_are_refused(backend: str, value: float):
    row, column = all_pairs((2, 2))
    cost = np.array([0.1, value, 0.2, 0.3])
    for semantics, unmatched_cost in (
        ("max_cardinality", None),
        ("perfect", None),
        ("with_unmatched", 0.5),
    ):
        with pytest.raises(AssignmentError, match=r"edge 1 costs .*forbidden pair out"):
            solve(
                cost,
                row=row,
                column=column,
                semantics=semantics,
                unmatched_cost=unmatched_cost,
                backend=backend,
            )
    with pytest.raises(AssignmentError, match="finite unmatched costs"):
        solve(np.zeros(4), row=row, column=column, semantics="with_unmatched", unmatched_cost=value)
    with pytest.raises(AssignmentError, match="finite unmatched costs"):
        Assigner(semantics="with_unmatched", unmatched_cost=value, backend=backend)


@BACKENDS
def test_costs_of_a_graph_near_the_largest_number_are_refused(backend: str):
    hits = Hits(position=torch.zeros(2, 3), energy=torch.ones(2), layer=torch.arange(2))
    graph = HitGraph(hits=hits, edge_index=torch.tensor([[1], [0]]))
    with pytest.raises(AssignmentError, match="edge 0 costs"):
        Assigner(backend=backend).choose(torch.tensor([FLOAT_MAX]).double(), graph=graph)


@BACKENDS
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.float16, np.float32, np.bool_])
def test_costs_of_any_real_type_are_solved(backend: str, dtype: type):
    row, column = all_pairs((2, 2))
    cost = np.array([1, 0, 0, 1], dtype=dtype)
    assert solve(cost, row=row, column=column, backend=backend).tolist() == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "cost", [np.array(["a", "b"]), np.array([1j, 2.0]), np.zeros((2, 1)), [None, 1.0]]
)
def test_costs_that_are_no_row_of_real_numbers_are_refused(cost: NDArray[np.float64]):
    with pytest.raises(AssignmentError, match="one real number"):
        solve(cost, row=np.arange(2), column=np.arange(2))


@pytest.mark.parametrize("value", [np.nan, FLOAT_MAX, -FLOAT_MAX, np.inf, -np.inf])
def test_the_search_ends_whatever_it_is_given(value: float):
    random = np.random.default_rng(0)
    for _ in range(50):
        pairs = np.argwhere(random.random((5, 5)) < 0.8)
        cost = np.where(random.random(len(pairs)) < 0.4, value, random.random(len(pairs)))
        with np.errstate(all="ignore"):
            found = solve_sparse(
                cost, row=pairs[:, 0], column=pairs[:, 1], shape=(5, 5), most_matches=5
            )
        assert found.selected.shape == cost.shape


@pytest.mark.parametrize("unmatched_cost", [None, 1e17 + 64])
def test_duals_prove_the_choice_for_costs_that_are_alike_and_large(unmatched_cost: float | None):
    row, column = all_pairs((3, 3))
    cost = 1e17 + 16.0 * np.random.default_rng(1).integers(0, 6, 9)
    found = solve_sparse(
        cost, row=row, column=column, shape=(4, 4), most_matches=3, unmatched_cost=unmatched_cost
    )
    margin = cost - (found.row_dual[row] + found.column_dual[column])
    assert (margin >= -64).all()
    assert np.abs(margin[found.selected]).max() <= 64
    assert found.row_dual[3] == found.column_dual[3] == 0


def test_older_names_of_meanings_and_costs_give_the_same():
    cost, edges = np.array([0.1, 0.5, 0.4]), {"row": [0, 0, 1], "column": [0, 1, 0]}
    edges = {name: np.array(values) for name, values in edges.items()}
    new = solve(cost, **edges, semantics="with_unmatched", unmatched_cost=0.7)
    assert (solve(cost, **edges, semantics="reject", reject=0.7) == new).all()
    assert (solve(cost, **edges, semantics="card") == solve(cost, **edges)).all()
