"""Edges of many small problems -> the cheapest assignment of all at once, with its duals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackscape.assignment.augment import Floats, Integers, match

ENOUGH = 2.0**20
"""Numbers are called large against others from here on: 1e-10 of the others is still told apart."""


class SparseSolution(NamedTuple):
    """Which edges are chosen, and the proof that nothing is cheaper. Axes: E edges."""

    selected: NDArray[np.bool_]
    """(E,) Whether the edge is chosen."""
    row_dual: Floats
    """(rows,) At most what a row without partner costs; exactly that if it has none."""
    column_dual: Floats
    """(columns,) The same of columns. Row dual + column dual is at most the cost of an edge, and
    exactly that if it is chosen. The duals of ends without edges are 0."""


def solve_sparse(
    cost: Floats,
    *,
    row: Integers,
    column: Integers,
    shape: tuple[int, int],
    most_matches: int,
    reject: float | Floats | None = None,
    row_dual: Floats | None = None,
) -> SparseSolution:
    """Solves ``card``, or ``reject`` if its cost is given, without a matrix; see `solve`.

    Parts of the graph that are not connected need not be told apart: no search leaves its part.
    ``card`` is the problem in which a column without partner costs `column_penalty`.

    Arguments:
        cost: (E,) finite costs of the edges.
        row: (E,) Row of each edge, in any order. No pair may be listed twice.
        column: (E,) Column of each edge.
        shape: Numbers of rows and columns.
        most_matches: No connected part can have more matches than this.
        reject: Cost of a row without partner, for all or for each edge's row. One for all that is
            so large that every match is worth its price counts as a smaller one that is.
        row_dual: (rows,) Duals of an earlier solution of whatever costs. From those of a similar
            problem the way is shorter; the minimum is the same from all.

    Returns:
        The chosen edges and the duals.

    Raises:
        IndexError: A row or column is not within the shape.
    """
    n_rows, n_columns = shape
    if len(cost) == 0:
        return SparseSolution(np.zeros(0, np.bool_), np.zeros(n_rows), np.zeros(n_columns))
    shift = common_part(cost)
    cost = cost - shift if shift else cost
    row_alone, column_alone, start = np.zeros(n_rows), 0.0, row_dual
    if reject is None:
        column_alone = column_penalty(cost, most_matches=most_matches)
    else:
        row_alone[row] = worth_paying(reject - shift, cost, most_matches=most_matches)
        start = None if row_dual is None else row_dual - shift
    start = row_alone if start is None else np.minimum(start, row_alone)
    columns_alone = np.full(n_columns, column_alone)
    selected, of_row, of_column = match(cost, row, column, row_alone, columns_alone, start)
    # Ends without edges keep the dual 0.
    paying, ends = (of_column, column) if reject is None else (of_row, row)
    paying[np.unique(ends) if shift else ends[:0]] += shift
    return SparseSolution(selected, of_row, of_column)


def common_part(cost: Floats) -> float:
    """Returns what to take off all costs, where rounding would hide how little they differ."""
    low, span = float(cost.min()), _span(cost)
    return low if abs(low) > ENOUGH * span else 0.0


def worth_paying(reject: float | Floats, cost: Floats, *, most_matches: int) -> float | Floats:
    """Returns a reject cost that means the same, and is not so large that it hides other costs."""
    if np.ndim(reject) > 0:
        return reject
    enough = column_penalty(cost, most_matches=most_matches) + ENOUGH * _span(cost)
    return min(float(reject), enough)


def _span(cost: Floats) -> float:
    return float(cost.max()) - float(cost.min()) or 1.0


def column_penalty(cost: Floats, *, most_matches: int) -> float:
    """Cost of a column without partner for which one more match is always worth its price.

    Other edges can get dearer by the span of all costs for each match, at most. It is not made
    larger than that, as large numbers would hide small differences of costs.
    """
    return float(cost.min()) + (most_matches + 1) * _span(cost)
