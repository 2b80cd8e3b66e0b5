"""Edges of many small problems -> the cheapest assignment of all at once, with its duals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackscape.assignment.augment import Floats, Integers, match


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
        reject: Cost of a row without partner, for all or for each edge's row.
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
    row_alone, column_alone = np.zeros(n_rows), 0.0
    if reject is None:
        column_alone = column_penalty(cost, most_matches=most_matches)
    else:
        row_alone[row] = reject
    start = row_alone if row_dual is None else np.minimum(row_dual, row_alone)
    columns_alone = np.full(n_columns, column_alone)
    return SparseSolution(*match(cost, row, column, row_alone, columns_alone, start))


def column_penalty(cost: Floats, *, most_matches: int) -> float:
    """Cost of a column without partner for which one more match is always worth its price.

    Other edges can get dearer by the span of all costs for each match, at most. It is not made
    larger than that, as large numbers would hide small differences of costs.
    """
    low, high = float(cost.min()), float(cost.max())
    return low + (most_matches + 1) * ((high - low) or 1.0)
