"""Edges with costs -> the cheapest matching and its duals, along shortest augmenting paths.

An end of either side has a partner or pays for staying alone; the sum of the costs of the chosen
edges + what lonely ends pay is minimised. The dual problem gives every end a number: near + far <=
cost for each edge, with equality where it is chosen, and dual <= what being alone costs, with
equality where an end is alone. Then nothing is cheaper, for the duals add up to the minimum.

The ends of one side, near here, look for partners one after another. Each takes the one for which
cost - dual is least. Where that one has a partner already, the cheapest chain of changes that ends
with a free one, or with somebody who stays unmatched, is found as in Dijkstra's algorithm.

References:
    Jonker and Volgenant, Computing 38 (1987) 325; Ahuja, Magnanti and Orlin, Network flows (1993),
    section 12.4.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from trackscape.assignment.solver.shortest_path import (
    Matching,
    NearSide,
    Paths,
    no_paths,
    shortest_path,
)
from trackscape.compiled import Floats, Integers, compiled, inlined


@compiled
def cheapest_matching(
    cost: Floats,
    row: Integers,
    column: Integers,
    row_unmatched: Floats,
    column_unmatched: Floats,
    row_dual: Floats,
) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Returns the chosen edges, the duals of rows and of columns, 0 without edges.

    The search starts from `row_dual`: `row_unmatched`, or lower ones of a similar problem. Of
    choices that cost the same one is taken by the order of columns and edges, and none that costs
    as much as staying alone.
    """
    for edge in range(len(cost)):
        if not (0 <= row[edge] < len(row_unmatched) and 0 <= column[edge] < len(column_unmatched)):
            raise IndexError("An edge leads to an end that does not exist.")
    columns = _seen_from(column, row, cost, column_unmatched)
    matching = Matching(
        np.full(len(column_unmatched), -1), np.full(len(row_unmatched), -1), row_dual.copy()
    )
    _find_partners(columns, matching, np.arange(len(column_unmatched)))
    row_dual, column_dual = matching.far_dual, _near_dual(columns, matching)
    # Rows that an earlier solution gave a partner and this one did not: they look for one, too.
    left = np.flatnonzero((matching.far_edge < 0) & (row_dual < row_unmatched))
    if len(left) > 0:
        rows = _seen_from(row, column, cost, row_unmatched)
        turned = Matching(matching.far_edge, matching.near_edge, column_dual)
        _find_partners(rows, turned, left)
        row_dual = _near_dual(rows, turned)
    selected = np.zeros(len(cost), np.bool_)
    for edge in matching.near_edge:
        if edge >= 0:
            selected[edge] = True
    return selected, row_dual, column_dual


@compiled
def _seen_from(near: Integers, far: Integers, cost: Floats, unmatched: Floats) -> NearSide:
    first = np.zeros(len(unmatched) + 1, np.int64)
    for end in near:
        first[end + 1] += 1
    first = np.cumsum(first)
    place, edges = first.copy(), np.empty(len(near), np.int64)
    for edge in range(len(near)):
        edges[place[near[edge]]] = edge
        place[near[edge]] += 1
    return NearSide(cost, near, far, first, edges, unmatched)


@compiled
def _find_partners(problem: NearSide, matching: Matching, seekers: Integers) -> None:
    """Gives near ends partners, or leaves them or others alone; afterwards the duals fit."""
    waiting = 0
    for end in seekers:
        edge = _cheapest_edge(problem, matching, end)
        if edge < 0:
            continue
        if matching.far_edge[problem.far[edge]] < 0:
            matching.near_edge[end] = matching.far_edge[problem.far[edge]] = edge
        else:
            seekers[waiting] = end
            waiting += 1
    if waiting > 0:
        paths = no_paths(problem, matching)
        for end in seekers[:waiting]:
            _augment(problem, matching, paths, end)


@inlined
def _cheapest_edge(problem: NearSide, matching: Matching, end: int) -> int:
    """The edge of the least cost - dual, or -1; of equal ones one to a free far end."""
    least, best, taken = problem.unmatched[end], -1, False
    for place in range(problem.first[end], problem.first[end + 1]):
        edge = int(problem.edges[place])
        far = problem.far[edge]
        value = problem.cost[edge] - matching.far_dual[far]
        if value < least or (taken and value == least):
            least, best, taken = value, edge, matching.far_edge[far] >= 0
    return best


@compiled
def _augment(problem: NearSide, matching: Matching, paths: Paths, end: int) -> None:
    """Finds the cheapest chain of changes from a near end without partner, and carries it out."""
    shortest, stop, n_seen, n_final = shortest_path(problem, matching, paths, end)
    for place in range(n_final):
        far = paths.final[place]
        matching.far_dual[far] -= shortest - paths.final_distance[place]
    for far in paths.seen[:n_seen]:
        paths.distance[far] = np.inf
    _change_partners(problem, matching, paths, stop)


@inlined
def _change_partners(problem: NearSide, matching: Matching, paths: Paths, stop: int) -> None:
    """Walks back along the path that stops at a far end; -1 means that there is none."""
    if stop >= 0 and matching.far_edge[stop] >= 0:
        matching.near_edge[problem.near[matching.far_edge[stop]]] = -1
    while stop >= 0:
        edge = int(paths.last_edge[stop])
        end = int(problem.near[edge])
        before = int(matching.near_edge[end])
        matching.near_edge[end] = matching.far_edge[stop] = edge
        stop = problem.far[before] if before >= 0 else -1


@compiled
def _near_dual(problem: NearSide, matching: Matching) -> Floats:
    dual = np.zeros(len(problem.unmatched))
    for end in range(len(dual)):
        edge = matching.near_edge[end]
        if edge >= 0:
            dual[end] = problem.cost[edge] - matching.far_dual[problem.far[edge]]
        elif problem.first[end] < problem.first[end + 1]:
            dual[end] = problem.unmatched[end]
    return dual


_ENOUGH = 2.0**20  # large against others: 1e-10 of these is still told apart


class SparseSolution(NamedTuple):
    """Which edges are chosen, and the proof that nothing is cheaper: the duals, 0 without edges."""

    selected: Bool[np.ndarray, " edges"]
    row_dual: Float64[np.ndarray, " rows"]
    column_dual: Float64[np.ndarray, " columns"]


def solve_sparse(
    cost: Float64[np.ndarray, " edges"],
    *,
    row: Int64[np.ndarray, " edges"],
    column: Int64[np.ndarray, " edges"],
    shape: tuple[int, int],
    most_matches: int,
    unmatched_cost: float | Float64[np.ndarray, " edges"] | None = None,
    row_dual: Float64[np.ndarray, " rows"] | None = None,
) -> SparseSolution:
    """Solves ``max_cardinality``, or ``with_unmatched`` if its cost is given, without a matrix.

    See `solve` for the meanings. Parts of the graph that are not connected need not be told apart:
    no search leaves its part, and none can have more matches than `most_matches`. No pair may be
    listed twice. ``max_cardinality`` is the problem in which a column without partner costs
    `column_penalty`. From the duals of a similar problem the way is shorter to the same minimum.

    Raises:
        IndexError: A row or column is not within the shape.
    """
    n_rows, n_columns = shape
    if len(cost) == 0:
        return SparseSolution(np.zeros(0, np.bool_), np.zeros(n_rows), np.zeros(n_columns))
    shift = common_part(cost)
    cost = cost - shift if shift else cost
    row_unmatched, column_unmatched, start = np.zeros(n_rows), 0.0, row_dual
    if unmatched_cost is None:
        column_unmatched = column_penalty(cost, most_matches=most_matches)
    else:
        row_unmatched[row] = worth_paying(unmatched_cost - shift, cost, most_matches=most_matches)
        start = None if row_dual is None else row_dual - shift
    start = row_unmatched if start is None else np.minimum(start, row_unmatched)
    column_costs = np.full(n_columns, column_unmatched)
    selected, of_row, of_column = cheapest_matching(
        cost, row, column, row_unmatched, column_costs, start
    )
    # Ends without edges keep the dual 0.
    paying, ends = (of_column, column) if unmatched_cost is None else (of_row, row)
    paying[np.unique(ends) if shift else ends[:0]] += shift
    return SparseSolution(selected, of_row, of_column)


def common_part(cost: Floats) -> float:
    """Returns what to take off all costs, where rounding would hide how little they differ."""
    low, span = float(cost.min()), _span(cost)
    return low if abs(low) > _ENOUGH * span else 0.0


def worth_paying(
    unmatched_cost: float | Floats, cost: Floats, *, most_matches: int
) -> float | Floats:
    """Returns an unmatched cost that means the same, but does not hide other costs by its size."""
    if np.ndim(unmatched_cost) > 0:
        return unmatched_cost
    enough = column_penalty(cost, most_matches=most_matches) + _ENOUGH * _span(cost)
    return min(float(unmatched_cost), enough)


def _span(cost: Floats) -> float:
    return float(cost.max()) - float(cost.min()) or 1.0


def column_penalty(cost: Floats, *, most_matches: int) -> float:
    """Least cost of a column without partner for which one more match is always worth its price.

    Other edges can get dearer by the span of all costs for each match, at most.
    """
    return float(cost.min()) + (most_matches + 1) * _span(cost)
