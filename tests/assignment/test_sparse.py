"""The sparse solver: its duals prove the optimum, wherever it starts."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trackscape.assignment import solve
from trackscape.assignment.solver.sparse import SparseSolution, column_penalty, solve_sparse

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Problem:
    """Edges between rows and columns, some of which may have none."""

    cost: Floats
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    shape: tuple[int, int]
    unmatched_cost: Floats | None
    """(rows,) What a row without partner costs; None for card."""

    def solve(self, row_dual: Floats | None = None) -> SparseSolution:
        return solve_sparse(
            self.cost,
            row=self.row,
            column=self.column,
            shape=self.shape,
            most_matches=min(self.shape),
            unmatched_cost=None if self.unmatched_cost is None else self.unmatched_cost[self.row],
            row_dual=row_dual,
        )

    def alone(self) -> tuple[Floats, Floats]:
        """What rows and columns with edges pay if they have no partner."""
        row_alone, column_alone = np.zeros(self.shape[0]), np.zeros(self.shape[1])
        if self.unmatched_cost is not None:
            row_alone[self.row] = self.unmatched_cost[self.row]
        elif len(self.cost):
            penalty = column_penalty(self.cost, most_matches=min(self.shape))
            column_alone[self.column] = penalty
        return row_alone, column_alone

    def objective(self, selected: NDArray[np.bool_]) -> float:
        row_alone, column_alone = self.alone()
        row_alone[self.row[selected]] = column_alone[self.column[selected]] = 0
        return float(self.cost[selected].sum() + row_alone.sum() + column_alone.sum())

    def reference(self) -> float:
        """The objective that scipy finds."""
        selected = solve(
            self.cost,
            row=self.row,
            column=self.column,
            semantics="max_cardinality" if self.unmatched_cost is None else "with_unmatched",
            unmatched_cost=None if self.unmatched_cost is None else self.unmatched_cost[self.row],
            backend="scipy",
        )
        return self.objective(selected)


@st.composite
def problems(draw: st.DrawFn, rows: int | None = None, columns: int | None = None) -> Problem:
    """Of all densities and shapes, tied or not, with the edges in any order."""
    shape = rows or draw(st.integers(1, 9)), columns or draw(st.integers(1, 9))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    row, column = np.nonzero(random.random(shape) < draw(st.sampled_from([0.1, 0.3, 0.6, 1.0])))
    order = random.permutation(len(row))

    def numbers(size: int) -> Floats:
        tied = draw(st.booleans())
        return random.integers(0, 3, size).astype(np.float64) if tied else random.normal(size=size)

    return Problem(
        cost=numbers(len(row)),
        row=row[order],
        column=column[order],
        shape=shape,
        unmatched_cost=draw(st.sampled_from([None, numbers(shape[0]), np.full(shape[0], 0.4)])),
    )


def assert_proven(problem: Problem, solution: SparseSolution) -> None:
    """Asserts that the duals are feasible and that nothing is lost between them and the choice."""
    row, column, chosen = problem.row, problem.column, solution.selected
    assert len(np.unique(row[chosen])) == len(np.unique(column[chosen])) == chosen.sum()
    margin = problem.cost - solution.row_dual[row] - solution.column_dual[column]
    assert (margin >= -1e-9).all()
    assert margin[chosen] == pytest.approx(0, abs=1e-9)
    row_alone, column_alone = problem.alone()
    for alone, dual, end in (
        (row_alone, solution.row_dual, row),
        (column_alone, solution.column_dual, column),
    ):
        lonely = np.isin(np.arange(len(alone)), end[chosen], invert=True)
        assert (dual <= alone + 1e-9).all()
        assert dual[lonely] == pytest.approx(alone[lonely], abs=1e-9)
    total = solution.row_dual.sum() + solution.column_dual.sum()
    assert total == pytest.approx(problem.objective(chosen), abs=1e-9)


@given(problem=problems())
def test_the_choice_is_as_cheap_as_that_of_scipy_and_the_duals_prove_it(problem: Problem):
    solution = problem.solve()
    assert problem.objective(solution.selected) == pytest.approx(problem.reference(), abs=1e-9)
    assert_proven(problem, solution)


@given(problem=problems(5, 7), earlier=problems(5, 7))
def test_any_earlier_problem_is_a_good_start(problem: Problem, earlier: Problem):
    solution = problem.solve(earlier.solve().row_dual)
    assert problem.objective(solution.selected) == pytest.approx(problem.reference(), abs=1e-9)
    assert_proven(problem, solution)


@given(problem=problems(), seed=st.integers(0, 2**32), size=st.sampled_from([1e-6, 0.1, 1.0, 1e9]))
def test_costs_that_move_a_little_or_very_much_are_solved_again(
    problem: Problem, seed: int, size: float
):
    shift = size * np.random.default_rng(seed).normal(size=len(problem.cost))
    earlier = dataclasses.replace(problem, cost=problem.cost + shift)
    solution = problem.solve(earlier.solve().row_dual)
    assert problem.objective(solution.selected) == pytest.approx(problem.reference(), abs=1e-9)
    assert_proven(problem, solution)


@given(problem=problems())
def test_a_solution_is_a_start_for_itself_and_is_not_changed(problem: Problem):
    first = problem.solve()
    row_dual = first.row_dual.copy()
    again = problem.solve(first.row_dual)
    assert np.array_equal(first.row_dual, row_dual)
    objective = problem.objective(first.selected)
    assert problem.objective(again.selected) == pytest.approx(objective, abs=1e-9)


@given(problem=problems(), number=st.integers(0, 80), share=st.floats(0, 1))
def test_within_its_margin_an_edge_may_get_cheaper_and_is_not_chosen(
    problem: Problem, number: int, share: float
):
    solution = problem.solve()
    others = np.flatnonzero(~solution.selected)
    # With card, a cheaper edge changes the penalty.
    assume(problem.unmatched_cost is not None and len(others) > 0)
    edge = others[number % len(others)]
    row_dual, column_dual = solution.row_dual, solution.column_dual
    margin = problem.cost[edge] - row_dual[problem.row[edge]] - column_dual[problem.column[edge]]
    cost = problem.cost.copy()
    cost[edge] -= share * margin
    cheaper = dataclasses.replace(problem, cost=cost)
    objective = problem.objective(solution.selected)
    assert cheaper.objective(cheaper.solve().selected) == pytest.approx(objective, abs=1e-9)


@pytest.mark.parametrize("difference", [1e-11, -1e-11])
def test_a_small_difference_decides_although_a_column_stays_alone(difference: float):
    # Columns 0, 1 and 2 share two rows; the penalty of the one that stays alone is large.
    row, column = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2])
    cost = np.array([0.3, 0.4, 1.0, 0.4 + difference, 0.5, 1.0])
    solution = solve_sparse(cost, row=row, column=column, shape=(2, 3), most_matches=2)
    straight, crossed = (
        [True, False, False, False, True, False],
        [False, True, False, True, False, False],
    )
    assert solution.selected.tolist() == (straight if difference > 0 else crossed)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_one_more_match_is_worth_any_cost(unit: float):
    # A chain, in which the largest matching takes all the dear edges.
    n = 200
    row = np.concatenate([np.arange(n), np.arange(n - 1)])
    column = np.concatenate([np.arange(n), np.arange(n - 1) + 1])
    cost = unit * np.concatenate([np.ones(n), np.zeros(n - 1)])
    solution = solve_sparse(cost, row=row, column=column, shape=(n, n), most_matches=n)
    assert solution.selected.tolist() == n * [True] + (n - 1) * [False]


def test_costs_that_differ_by_rounding_do_not_cost_a_match():
    n = 200
    row = np.concatenate([np.arange(n), np.arange(n - 1)])
    column = np.concatenate([np.arange(n), np.arange(n - 1) + 1])
    cost = np.full(len(row), 1e6)
    cost[:n] = np.nextafter(1e6, 2e6)
    solution = solve_sparse(cost, row=row, column=column, shape=(n, n), most_matches=n)
    assert solution.selected.sum() == n


@pytest.mark.parametrize(("row", "column"), [(2, 0), (0, 3), (-1, 0), (0, -1)])
@pytest.mark.parametrize("unmatched_cost", [None, 0.5])
def test_an_edge_that_leads_outside_is_refused(row: int, column: int, unmatched_cost: float | None):
    with pytest.raises(IndexError):
        solve_sparse(
            np.ones(1),
            row=np.array([row]),
            column=np.array([column]),
            shape=(2, 3),
            most_matches=2,
            unmatched_cost=unmatched_cost,
        )


def test_ends_without_edges_pay_nothing():
    nothing = np.zeros(0, dtype=np.int64)
    solution = solve_sparse(
        np.zeros(0), row=nothing, column=nothing, shape=(2, 3), most_matches=2, unmatched_cost=0.5
    )
    assert solution.selected.shape == (0,)
    assert solution.row_dual.tolist() == [0, 0]
    assert solution.column_dual.tolist() == [0, 0, 0]
