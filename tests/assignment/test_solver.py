"""The solver against enumeration, scipy and the laws that an optimum obeys, for all backends."""

import itertools
import math
from collections.abc import Iterator
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from trackscape.assignment import Backend, Semantics, solve
from trackscape.errors import AssignmentError

Costs = dict[tuple[int, int], float]
Objective = tuple[int, float]
"""Rows without partner, which come first with card, and the sum that is minimised."""

COST = st.floats(-3, 3) | st.integers(0, 2).map(float)
PAIR = st.tuples(st.integers(0, 3), st.integers(0, 3))
PROBLEM = st.dictionaries(PAIR, COST, max_size=16)
BACKENDS = pytest.mark.parametrize("backend", get_args(Backend))


def choose(costs: Costs, **options: object) -> set[tuple[int, int]]:
    """Solves and asserts that no row and no column is used twice."""
    pairs = np.array(list(costs), dtype=np.int64).reshape(-1, 2)
    selected = solve(
        np.array(list(costs.values()), dtype=np.float64),
        row=pairs[:, 0],
        column=pairs[:, 1],
        **options,
    )
    assert selected.shape == (len(costs),)
    assert selected.dtype == np.bool_
    chosen = pairs[selected]
    assert len(set(chosen[:, 0].tolist())) == len(set(chosen[:, 1].tolist())) == len(chosen)
    return {(row, column) for row, column in chosen.tolist()}


def matchings(costs: Costs) -> Iterator[set[tuple[int, int]]]:
    """All sets of pairs in which no row and no column comes twice."""
    for size in range(5):
        for pairs in itertools.combinations(costs, size):
            rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
            if len(rows) == len(columns) == size:
                yield set(pairs)


def card_value(costs: Costs, chosen: set[tuple[int, int]]) -> Objective:
    return -len(chosen), math.fsum(costs[pair] for pair in chosen)


def reject_value(
    costs: Costs, chosen: set[tuple[int, int]], unmatched_cost: dict[int, float]
) -> float:
    alone = {row for row, _ in costs} - {row for row, _ in chosen}
    return math.fsum([*(costs[pair] for pair in chosen), *(unmatched_cost[row] for row in alone)])


def dense_costs(seed: int, *, rows: int, columns: int, density: float, tied: bool = False) -> Costs:
    random = np.random.default_rng(seed)
    return {
        (row, column): float(random.integers(3)) if tied else random.normal()
        for row in range(rows)
        for column in range(columns)
        if random.random() < density
    }


@BACKENDS
@settings(max_examples=60)
@given(costs=PROBLEM)
def test_card_is_the_best_of_all_largest_matchings(backend: Backend, costs: Costs):
    size, value = min(card_value(costs, matching) for matching in matchings(costs))
    chosen = choose(costs, semantics="max_cardinality", backend=backend)
    assert card_value(costs, chosen) == (size, pytest.approx(value, abs=1e-9))


@BACKENDS
@settings(max_examples=60)
@given(costs=PROBLEM)
def test_full_is_card_or_an_error(backend: Backend, costs: Costs):
    size, value = min(card_value(costs, matching) for matching in matchings(costs))
    smaller = min(len({row for row, _ in costs}), len({column for _, column in costs}))
    if -size < smaller:
        with pytest.raises(AssignmentError, match=f"only {-size} of {smaller} can be matched"):
            choose(costs, semantics="perfect", backend=backend)
    else:
        chosen = choose(costs, semantics="perfect", backend=backend)
        assert card_value(costs, chosen) == (size, pytest.approx(value, abs=1e-9))


@BACKENDS
@settings(max_examples=60)
@given(costs=PROBLEM, unmatched_cost=st.lists(st.floats(-2, 4), min_size=4, max_size=4))
def test_reject_is_the_cheapest_of_all_matchings(
    backend: Backend, costs: Costs, unmatched_cost: list[float]
):
    of_row = dict(enumerate(unmatched_cost))
    cheapest = min(reject_value(costs, matching, of_row) for matching in matchings(costs))
    of_edge = np.array([of_row[row] for row, _ in costs])
    chosen = choose(costs, semantics="with_unmatched", unmatched_cost=of_edge, backend=backend)
    assert reject_value(costs, chosen, of_row) == pytest.approx(cheapest, abs=1e-9)


@BACKENDS
@given(costs=PROBLEM, unmatched_cost=st.floats(-2, 4))
def test_one_reject_is_the_same_for_every_row(
    backend: Backend, costs: Costs, unmatched_cost: float
):
    of_row = dict.fromkeys(range(4), unmatched_cost)
    one = choose(costs, semantics="with_unmatched", unmatched_cost=unmatched_cost, backend=backend)
    each = choose(
        costs,
        semantics="with_unmatched",
        unmatched_cost=np.full(len(costs), unmatched_cost),
        backend=backend,
    )
    value = reject_value(costs, each, of_row)
    assert reject_value(costs, one, of_row) == pytest.approx(value, abs=1e-9)
    assert all(costs[pair] < unmatched_cost for pair in one)


@BACKENDS
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("shape", [(30, 30), (25, 40), (40, 25), (1, 20), (20, 1)])
@pytest.mark.parametrize("density", [0.05, 0.3, 1.0])
def test_larger_problems_agree_with_scipy(
    backend: Backend, shape: tuple[int, int], density: float, tied: bool
):
    costs = dense_costs(7, rows=shape[0], columns=shape[1], density=density, tied=tied)
    present = csr_array(
        ([1] * len(costs), tuple(zip(*costs, strict=True)) or ([], [])), shape=shape
    )
    size = int((maximum_bipartite_matching(present) >= 0).sum())
    # Forbidden pairs cost so much that scipy uses as few of them as it can.
    matrix = np.full(shape, 1e4)
    for pair, cost in costs.items():
        matrix[pair] = cost
    best = [matrix[pair] for pair in zip(*linear_sum_assignment(matrix), strict=True)]
    value = math.fsum(cost for cost in best if cost < 1e4)
    chosen = choose(costs, backend=backend)
    assert card_value(costs, chosen) == (-size, pytest.approx(value, abs=1e-6))


@pytest.mark.parametrize("semantics", ["max_cardinality", "with_unmatched"])
@given(seed=st.integers(0, 2**31), tied=st.booleans(), density=st.floats(0.05, 1.0))
def test_backends_agree_on_the_objective(
    semantics: Semantics, seed: int, tied: bool, density: float
):
    costs = dense_costs(seed, rows=9, columns=12, density=density, tied=tied)
    options = {
        "semantics": semantics,
        "unmatched_cost": 0.4 if semantics == "with_unmatched" else None,
    }
    reference = choose(costs, backend="scipy", **options)
    of_row = dict.fromkeys(range(9), 0.4)
    for backend in get_args(Backend):
        chosen = choose(costs, backend=backend, **options)
        if semantics == "max_cardinality":
            size, value = card_value(costs, reference)
            assert card_value(costs, chosen) == (size, pytest.approx(value, abs=1e-6))
        else:
            value = reject_value(costs, reference, of_row)
            assert reject_value(costs, chosen, of_row) == pytest.approx(value, abs=1e-6)


@BACKENDS
@given(costs=PROBLEM)
def test_card_is_a_very_large_reject(backend: Backend, costs: Costs):
    size, value = card_value(costs, choose(costs, backend=backend))
    forced = choose(costs, semantics="with_unmatched", unmatched_cost=1e4, backend=backend)
    assert card_value(costs, forced) == (size, pytest.approx(value, abs=1e-6))


@BACKENDS
@given(costs=PROBLEM, constant=st.floats(-50, 50))
def test_a_constant_changes_no_card(backend: Backend, costs: Costs, constant: float):
    size, value = card_value(costs, choose(costs, backend=backend))
    shifted = choose({pair: cost + constant for pair, cost in costs.items()}, backend=backend)
    assert card_value(costs, shifted) == (size, pytest.approx(value, abs=1e-9))


@BACKENDS
@given(costs=PROBLEM, random=st.randoms(use_true_random=False))
def test_names_and_order_of_edges_do_not_matter(backend: Backend, costs: Costs, random):
    rows, columns = random.sample(range(100), 4), random.sample(range(100), 4)
    renamed = {(rows[row], columns[column]): cost for (row, column), cost in costs.items()}
    edges = random.sample(list(renamed.items()), len(renamed))
    size, value = card_value(costs, choose(costs, backend=backend))
    assert card_value(renamed, choose(dict(edges), backend=backend)) == (
        size,
        pytest.approx(value, abs=1e-9),
    )


@BACKENDS
@pytest.mark.parametrize("semantics", ["max_cardinality", "perfect", "with_unmatched"])
def test_no_edges_are_no_choice(backend: Backend, semantics: Semantics):
    unmatched_cost = 0.5 if semantics == "with_unmatched" else None
    assert choose({}, semantics=semantics, unmatched_cost=unmatched_cost, backend=backend) == set()


@BACKENDS
def test_rows_that_want_the_same_column_cannot_all_be_matched(backend: Backend):
    costs = {(0, 0): 0.3, (1, 0): 0.1, (2, 0): 0.2, (2, 1): 0.9, (0, 2): 9.0}
    assert choose(costs, backend=backend) == {(0, 2), (1, 0), (2, 1)}
    del costs[0, 2]
    assert choose(costs, backend=backend) == {(1, 0), (2, 1)}


EDGES = {"row": np.array([0, 0, 1]), "column": np.array([0, 1, 0])}
COSTS = np.array([0.1, 0.5, 0.4])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_costs_that_are_no_numbers_are_refused_by_name(value: float):
    with pytest.raises(AssignmentError, match=rf"edge 1 costs {value}.*forbidden pair out"):
        solve(np.array([0.1, value, 0.4]), **EDGES)


def test_an_edge_that_comes_twice_is_refused():
    with pytest.raises(AssignmentError, match="some edges come twice"):
        solve(COSTS, row=np.array([5, 5, 1]), column=np.array([3, 3, 0]))


@pytest.mark.parametrize(("rows", "columns"), [(2, 3), (3, 2), (4, 3)])
def test_lengths_that_differ_are_refused(rows: int, columns: int):
    with pytest.raises(AssignmentError, match=f"3 costs, {rows} rows and {columns} columns"):
        solve(COSTS, row=np.arange(rows), column=np.arange(columns))


def test_unknown_semantics_are_refused_with_the_known_ones():
    with pytest.raises(
        AssignmentError, match="max_cardinality, perfect or with_unmatched, got 'greedy'"
    ):
        solve(COSTS, **EDGES, semantics="greedy")


def test_an_unknown_backend_is_refused_by_name():
    with pytest.raises(AssignmentError, match="lapsolver"):
        solve(COSTS, **EDGES, backend="lapsolver")


def test_a_reject_cost_belongs_to_reject_only():
    with pytest.raises(AssignmentError, match="unmatched_cost belongs"):
        solve(COSTS, **EDGES, semantics="with_unmatched")
    with pytest.raises(AssignmentError, match="unmatched_cost belongs"):
        solve(COSTS, **EDGES, semantics="max_cardinality", unmatched_cost=0.5)


@pytest.mark.parametrize(
    "unmatched_cost", [math.nan, math.inf, np.array([0.5, math.nan, 0.5]), np.array([0.5, 0.5])]
)
def test_reject_costs_that_are_no_numbers_are_refused(unmatched_cost: float | NDArray[np.float64]):
    with pytest.raises(AssignmentError):
        solve(COSTS, **EDGES, semantics="with_unmatched", unmatched_cost=unmatched_cost)


@BACKENDS
def test_nothing_is_changed_in_place(backend: Backend):
    cost, row, column = COSTS.copy(), EDGES["row"].copy(), EDGES["column"].copy()
    solve(cost, row=row, column=column, backend=backend)
    solve(
        cost,
        row=row,
        column=column,
        semantics="with_unmatched",
        unmatched_cost=0.3,
        backend=backend,
    )
    assert np.array_equal(cost, COSTS)
    assert np.array_equal(row, EDGES["row"])
    assert np.array_equal(column, EDGES["column"])


@BACKENDS
def test_reject_costs_may_be_of_any_type_of_numbers(backend):
    edges = {"row": np.array([0, 0, 1]), "column": np.array([0, 1, 0])}
    cost = 1e6 + np.array([0.1, 0.5, 0.4])
    for unmatched_cost in (
        1e6 + 0.9375,
        np.float32(1e6 + 0.9375),
        [1e6 + 0.9375] * 3,
        np.full(3, 1e6 + 0.9375),
    ):
        chosen = solve(
            cost,
            **edges,
            semantics="with_unmatched",
            unmatched_cost=unmatched_cost,
            backend=backend,
        )
        assert chosen.tolist() == [False, True, True]
    with pytest.raises(AssignmentError, match="one for each edge, got half"):
        solve(cost, **edges, semantics="with_unmatched", unmatched_cost="half", backend=backend)


def test_a_row_has_one_reject_cost():
    edges = {"row": np.array([0, 0, 1]), "column": np.array([0, 1, 0])}
    with pytest.raises(AssignmentError, match="edges of one row name different ones"):
        solve(
            np.ones(3),
            **edges,
            semantics="with_unmatched",
            unmatched_cost=np.array([1.0, 2.0, 1.0]),
        )
