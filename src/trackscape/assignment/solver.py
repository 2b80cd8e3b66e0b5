"""Edges with costs -> the cheapest assignment between the two sides, in three stated meanings."""

import importlib.util
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from trackscape.errors import AssignmentError

Semantics = Literal["card", "full", "reject"]
Backend = Literal["auto", "scipy", "lapcpp"]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def solve(
    cost: Floats,
    *,
    row: Integers,
    column: Integers,
    semantics: Semantics = "card",
    reject: float | Floats | None = None,
    backend: Backend = "auto",
) -> NDArray[np.bool_]:
    r"""Chooses edges so that no row and no column is used twice.

    Every pair that is not listed as an edge is forbidden. What is minimised:

    ``card``
        First the number of matches is maximised, then the sum of chosen costs is minimised: the
        published meaning, in which every hit is forced to continue if it can.
    ``full``
        As ``card``, but every row of the smaller side must find a partner.
    ``reject``
        Sum of chosen costs + sum of `reject` over the rows without partner: a row may stay alone.

    Ties are broken by the backend; all backends agree on the objective, not on the choice.

    Arguments:
        cost: (E,) finite costs of the edges.
        row: (E,) Row of each edge, any non-negative numbers.
        column: (E,) Column of each edge. No pair may be listed twice.
        semantics: One of the three meanings.
        reject: For ``reject``: cost of a row without partner, for all or for each edge's row.
        backend: ``scipy`` (reference), ``lapcpp`` (extra ``[fast]``), or ``auto``, the fastest.

    Returns:
        (E,) bool. Which edges are chosen.

    Raises:
        AssignmentError: Costs are not finite, an edge is listed twice, or ``full`` cannot be met.

    Example:
        >>> edges = dict(row=np.array([0, 0, 1]), column=np.array([0, 1, 0]))
        >>> solve(np.array([0.1, 0.5, 0.4]), **edges).tolist()
        [False, True, True]
        >>> solve(np.array([0.1, 0.5, 0.4]), **edges, semantics="reject", reject=0.7).tolist()
        [True, False, False]
    """
    check_settings(semantics, reject=reject, backend=backend)
    _check_edges(cost, row=row, column=column, reject=reject)
    if len(cost) == 0:
        return np.zeros(0, dtype=np.bool_)
    rows, i = np.unique(row, return_inverse=True)
    columns, j = np.unique(column, return_inverse=True)
    edge = np.full((len(rows), len(columns)), -1, dtype=np.int64)
    edge[i, j] = np.arange(len(cost))
    if (edge >= 0).sum() != len(cost):
        raise AssignmentError("Expected each (row, column) pair once, but some edges come twice.")

    if semantics == "reject":
        # A pair is worth making only if it is cheaper than leaving its row alone.
        gain = np.minimum(cost - cast(float | Floats, reject), 0.0)
        weight, worth = np.zeros(edge.shape), gain < 0
    else:
        # One forbidden pair costs more than any choice of allowed ones can save.
        span = float(cost.max() - cost.min())
        gain, worth = cost - cost.min(), np.ones(len(cost), dtype=np.bool_)
        weight = np.full(edge.shape, (span + 1.0) * (min(edge.shape) + 1))
    weight[i, j] = gain
    chosen = edge[_minimise(weight, backend=backend)]
    selected = np.zeros(len(cost), dtype=np.bool_)
    selected[chosen[chosen >= 0]] = True
    selected &= worth
    if semantics == "full" and selected.sum() < min(edge.shape):
        raise AssignmentError(
            f"No full assignment exists: only {int(selected.sum())} of {min(edge.shape)} can be "
            'matched with the allowed edges. Use semantics "card" or "reject".'
        )
    return selected


def available_backends() -> list[Backend]:
    """Backends that can be used here, the fastest first."""
    fast: list[Backend] = ["lapcpp"] if importlib.util.find_spec("lapcpp") else []
    return [*fast, "scipy"]


def _minimise(weight: Floats, *, backend: Backend) -> tuple[Integers, Integers]:
    """Solves a dense, finite, rectangular problem in which the smaller side is matched fully."""
    if backend == "auto":
        backend = available_backends()[0]
    if backend == "scipy":
        rows, columns = linear_sum_assignment(weight)
        return rows, columns
    if "lapcpp" not in available_backends():
        raise AssignmentError(
            "The backend lapcpp is not installed. Run `pip install 'trackscape[fast]'`, "
            "or choose scipy."
        )
    import lapcpp

    return lapcpp.lapjv(weight, extend_cost=True, return_cost=False)


def check_settings(semantics: str, *, reject: float | Floats | None, backend: str) -> None:
    """Raises an AssignmentError for settings that `solve` does not know."""
    if semantics not in get_args(Semantics):
        raise AssignmentError(f"Expected semantics card, full or reject, got {semantics!r}.")
    if backend not in get_args(Backend):
        raise AssignmentError(f"Expected backend auto, scipy or lapcpp, got {backend!r}.")
    if (reject is None) == (semantics == "reject"):
        raise AssignmentError('A reject cost belongs to semantics "reject", and only to it.')
    if reject is not None and not np.isfinite(reject).all():
        raise AssignmentError(f"Expected finite reject costs, got {reject}.")


def _check_edges(
    cost: Floats, *, row: Integers, column: Integers, reject: float | Floats | None
) -> None:
    if not len(cost) == len(row) == len(column):
        raise AssignmentError(
            f"Expected one row and column for each cost, got {len(cost)} costs, {len(row)} rows "
            f"and {len(column)} columns."
        )
    if isinstance(reject, np.ndarray) and reject.shape != cost.shape:
        raise AssignmentError(
            f"Expected one reject cost, or one for each of {len(cost)} edges, got shape "
            f"{reject.shape}."
        )
    if not np.isfinite(cost).all():
        first = int(np.flatnonzero(~np.isfinite(cost))[0])
        raise AssignmentError(
            f"Expected finite costs, but edge {first} costs {cost[first]}. "
            "Leave a forbidden pair out instead."
        )
