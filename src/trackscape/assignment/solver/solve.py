"""Edges with costs -> the cheapest assignment between the two sides, in three stated meanings."""

from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Bool
from scipy.optimize import linear_sum_assignment

from trackscape.assignment.solver.sparse import (
    Floats,
    Integers,
    common_part,
    solve_sparse,
    worth_paying,
)
from trackscape.errors import AssignmentError
from trackscape.text import shown

Semantics = Literal["max_cardinality", "perfect", "with_unmatched"]
"""What is minimised where not every hit can have a partner: see `Solver`."""
Backend = Literal["sparse", "scipy"]
"""Who solves the assignment: the solver of this package, or that of scipy on dense matrices."""
SEMANTICS: dict[str, Semantics] = {
    "card": "max_cardinality",
    "full": "perfect",
    "reject": "with_unmatched",
}
"""Meanings by the names that configurations give them."""
LARGEST_COST = 1e100  # in size, so that sums and prices made of them stay far from infinity


def solve(
    cost: Floats,
    *,
    row: Integers,
    column: Integers,
    semantics: Semantics | Literal["card", "full", "reject"] = "max_cardinality",
    unmatched_cost: float | Floats | None = None,
    backend: Backend = "sparse",
    reject: float | Floats | None = None,
) -> Bool[np.ndarray, " edges"]:
    r"""Chooses edges so that no row and no column is used twice.

    Every pair that is not listed as an edge is forbidden. What is minimised:

    ``max_cardinality``
        First the number of matches is maximised, then the sum of chosen costs is minimised: the
        published meaning, in which every hit is forced to continue if it can.
    ``perfect``
        As ``max_cardinality``, but every row of the smaller side must find a partner.
    ``with_unmatched``
        Sum of chosen costs + sum of `unmatched_cost` over the rows without partner.

    Both backends agree on the objective, to what rounding leaves: with ``max_cardinality`` and
    ``perfect`` choices are not told apart whose sums differ by less than about 1e-15 times the
    number of matches times the span of all costs. So leave a forbidden pair out, rather than giving
    it a huge cost. Where choices cost exactly the same, the backend decides, always in the same
    way; with ``with_unmatched`` none takes an edge that costs as much as staying alone.

    Arguments:
        cost: Costs of the edges, of any size up to 1e100; computed with as float64.
        row: Row of each edge, any non-negative numbers.
        column: Column of each edge. No pair may be listed twice.
        semantics: One of the three meanings; ``card``, ``full`` and ``reject`` are older names.
        unmatched_cost: For ``with_unmatched``: cost of a row without partner, for all or for each
            edge's row; ``reject`` is its older name.
        backend: ``sparse`` (own, compiled) or ``scipy``, the reference, with a full matrix.
        reject: See `unmatched_cost`.

    Returns:
        Whether each edge is chosen.

    Raises:
        AssignmentError: Costs are not finite or beyond 1e100, an edge is listed twice, or
            ``perfect`` cannot be met.

    Example:
        >>> edges = dict(row=np.array([0, 0, 1]), column=np.array([0, 1, 0]))
        >>> solve(np.array([0.1, 0.5, 0.4]), **edges).tolist()
        [False, True, True]
        >>> price = dict(semantics="with_unmatched", unmatched_cost=0.7)
        >>> solve(np.array([0.1, 0.5, 0.4]), **edges, **price).tolist()
        [True, False, False]
    """
    semantics = SEMANTICS.get(semantics, semantics)  # pyright: ignore[reportAssignmentType]
    unmatched_cost = reject if unmatched_cost is None else unmatched_cost
    if unmatched_cost is not None:
        unmatched_cost = _in_double(unmatched_cost)
    check_settings(semantics, unmatched_cost=unmatched_cost, backend=backend)
    cost = _checked_costs(cost, row=row, column=column, unmatched_cost=unmatched_cost)
    if len(cost) == 0:
        return np.zeros(0, dtype=np.bool_)
    rows, i = np.unique(row, return_inverse=True)
    columns, j = np.unique(column, return_inverse=True)
    shape = len(rows), len(columns)
    if isinstance(unmatched_cost, np.ndarray):
        _check_rows(unmatched_cost, i)
    if len(np.unique(i * len(columns) + j)) < len(cost):
        raise AssignmentError("Expected each (row, column) pair once, but some edges come twice.")
    if backend == "sparse":
        selected = solve_sparse(
            cost,
            row=i,
            column=j,
            shape=shape,
            most_matches=min(shape),
            unmatched_cost=unmatched_cost,
        ).selected
    else:
        selected = _solve_dense(cost, row=i, column=j, shape=shape, unmatched_cost=unmatched_cost)
    if semantics == "perfect":
        check_perfect(int(selected.sum()), needed=min(shape))
    return selected


def _check_rows(unmatched_cost: Floats, row: Integers) -> None:
    of_row = np.empty(int(row.max()) + 1)
    of_row[row] = unmatched_cost
    if (of_row[row] != unmatched_cost).any():
        raise AssignmentError(
            "Expected one unmatched cost for each row, but edges of one row name different ones; "
            "give all edges of a row the same."
        )


def _in_double(unmatched_cost: Any) -> float | Floats:
    try:
        values = np.asarray(unmatched_cost, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise AssignmentError(
            f"Expected one unmatched cost, or one for each edge, got {shown(unmatched_cost)}."
        ) from error
    return values if values.ndim else float(values)


def _solve_dense(
    cost: Floats,
    *,
    row: Integers,
    column: Integers,
    shape: tuple[int, int],
    unmatched_cost: float | Floats | None,
) -> Bool[np.ndarray, " edges"]:
    edge = np.full(shape, -1, dtype=np.int64)
    edge[row, column] = np.arange(len(cost))
    if unmatched_cost is not None:
        # A pair is worth making only if it is cheaper than leaving its row alone.
        shift = common_part(cost)
        cost, unmatched_cost = cost - shift, unmatched_cost - shift
        unmatched_cost = worth_paying(unmatched_cost, cost, most_matches=min(shape))
        gain = np.minimum(cost - unmatched_cost, 0.0)
        weight, worth = np.zeros(shape), gain < 0
    else:
        # One forbidden pair costs more than any choice of allowed ones can save.
        gain, worth = cost - cost.min(), np.ones(len(cost), dtype=np.bool_)
        weight = np.full(shape, (float(gain.max()) or 1.0) * (min(shape) + 1))
    weight[row, column] = gain
    # It compares with small and large numbers of its own; powers of two change no digit.
    _, exponent = np.frexp(np.abs(weight).max())
    chosen = edge[linear_sum_assignment(np.ldexp(weight, -exponent))]
    selected = np.zeros(len(cost), dtype=np.bool_)
    selected[chosen[chosen >= 0]] = True
    return selected & worth


def check_settings(semantics: str, *, unmatched_cost: float | Floats | None, backend: str) -> None:
    """Raises an AssignmentError for settings that `solve` does not know."""
    if semantics not in get_args(Semantics):
        raise AssignmentError(
            f"Expected semantics max_cardinality, perfect or with_unmatched, got {semantics!r}."
        )
    if backend not in get_args(Backend):
        raise AssignmentError(f"Expected backend sparse or scipy, got {backend!r}.")
    if (unmatched_cost is None) == (semantics == "with_unmatched"):
        raise AssignmentError('An unmatched_cost belongs to "with_unmatched", and only to it.')
    if unmatched_cost is not None and not (np.abs(unmatched_cost) <= LARGEST_COST).all():
        raise AssignmentError(
            f"Expected finite unmatched costs (reject) to {LARGEST_COST:g}, got {unmatched_cost}."
        )


def check_perfect(matches: int, *, needed: int) -> None:
    """Raises an AssignmentError if the smaller side is not matched fully."""
    if matches < needed:
        raise AssignmentError(
            f"No perfect assignment exists: only {matches} of {needed} can be matched with the "
            'allowed edges. Use semantics "max_cardinality" or "with_unmatched".'
        )


def _checked_costs(
    cost: Floats, *, row: Integers, column: Integers, unmatched_cost: float | Floats | None
) -> Floats:
    if not len(cost) == len(row) == len(column):
        raise AssignmentError(
            f"Expected one row and column for each cost, got {len(cost)} costs, {len(row)} rows "
            f"and {len(column)} columns."
        )
    given = np.asarray(cost)
    if given.ndim != 1 or given.dtype.kind not in "buif":
        raise AssignmentError(
            f"Expected one real number for each edge, got {given.dtype} of shape {given.shape}."
        )
    exact = np.ascontiguousarray(given, dtype=np.float64)
    if isinstance(unmatched_cost, np.ndarray) and unmatched_cost.shape != exact.shape:
        raise AssignmentError(
            f"Expected one unmatched cost, or {len(cost)} of edges, got {unmatched_cost.shape}."
        )
    check_costs(exact)
    return exact


def check_costs(cost: Floats) -> None:
    """Raises an AssignmentError that names the first cost that is no number, or too large."""
    usable = np.abs(cost) <= LARGEST_COST
    if not usable.all():
        first = int(np.flatnonzero(~usable)[0])
        raise AssignmentError(
            f"Expected finite costs of at most {LARGEST_COST:g} in size, but edge {first} costs "
            f"{cost[first]}. Leave a forbidden pair out instead."
        )
