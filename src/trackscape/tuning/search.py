"""An acquisition -> its local maxima: many starts climb at once, as one batch.

Each start has its own quasi-Newton matrix (BFGS) in a box; a step of all costs one product of
matrices with the factor. Starts that fall behind are left: half of them after each stage. Steps on
grids and categories are tried out around what was climbed, all neighbours of all points at once.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackscape.tuning.acquisition import Acquisition
from trackscape.tuning.factor import Doubles
from trackscape.tuning.space import Space

STAGE = 3
"""Steps after which the worse half of the starts is left."""
MOST_STEPS = 12
TOLERANCE = 3e-4
"""Gain of a step below which a start has arrived."""
FIRST, LONGEST = 0.25, 1.0
"""Longest first and later step, in units of the lengths of the kernel."""
ROUNDS = 3
"""Turns of steps on grids and of climbing."""


class Maxima(NamedTuple):
    """Local maxima, the best first."""

    points: Doubles
    """(m, columns)."""
    values: Doubles
    """(m,)."""


@dataclasses.dataclass
class _Climb:
    """Where starts are, in units of the lengths; all arrays begin with the starts."""

    at: Doubles
    value: Doubles
    slope: Doubles
    inverse: Doubles
    """Inverse Hessian of the value with opposite sign, (starts, columns, columns)."""
    step: Doubles
    """Share of the quasi-Newton step that is taken next."""
    fresh: NDArray[np.bool_]
    """Whether the inverse Hessian is still a guess."""
    done: NDArray[np.bool_]


def find_maxima(
    acquisition: Acquisition, starts: Doubles, *, space: Space, lengths: Doubles, leave: bool = True
) -> Maxima:
    """Returns where starts climb to, the best first.

    Arguments:
        acquisition: What is maximised.
        starts: Points of the space, (m, columns).
        space: What points there are.
        lengths: Length of the kernel for each column.
        leave: Whether starts that fall behind are left where they are.
    """
    found = climb(acquisition, starts, space.movable(starts), lengths, leave=leave)
    if not space.has_steps:
        return _sorted(*found)
    points = space.snap(found.points)
    values = acquisition.at(points)
    for _ in range(ROUNDS):
        moved, better = _step(acquisition, points, values, space)
        if not (better > values + TOLERANCE).any():
            break
        climbed = climb(acquisition, moved, space.movable(moved), lengths, leave=False)
        points, values = space.snap(climbed.points), climbed.values
        values = acquisition.at(points)
        kept = values < better
        points[kept], values[kept] = moved[kept], better[kept]
    return _sorted(points, values)


def climb(
    acquisition: Acquisition,
    starts: Doubles,
    movable: NDArray[np.bool_],
    lengths: Doubles,
    *,
    leave: bool,
) -> Maxima:
    """Climbs in the columns of each start that are movable, within the unit cube.

    Returns:
        Where each start came to, in their order.
    """
    value, slope = acquisition.with_slope(starts)
    m, columns = starts.shape
    points, values = starts.copy(), value.copy()
    if not movable.any():
        return Maxima(points, values)
    state = _Climb(
        starts / lengths,
        value,
        slope * lengths,
        np.tile(np.eye(columns), (m, 1, 1)),
        np.ones(m),
        np.ones(m, bool),
        np.zeros(m, bool),
    )
    left = np.arange(m)
    for number in range(1, MOST_STEPS + 1):
        _advance(state, acquisition, movable[left], lengths)
        points[left], values[left] = np.minimum(state.at * lengths, 1.0), state.value
        going = ~state.done
        if leave and number % STAGE == 0 and going.sum() > 2:
            going &= state.value >= np.sort(state.value[going])[going.sum() // 2]
        if not going.any():
            break
        if not going.all():
            left = left[going]
            state = _Climb(*(each[going] for each in vars(state).values()))
    return Maxima(points, values)


def _advance(
    state: _Climb, acquisition: Acquisition, movable: NDArray[np.bool_], lengths: Doubles
) -> None:
    """Takes one step with each start, if it gains; else the next one is shorter."""
    top = 1.0 / lengths
    stuck = ((state.at <= 0.0) & (state.slope < 0.0)) | ((state.at >= top) & (state.slope > 0.0))
    free = movable & ~stuck
    uphill = state.slope * free
    # Products of small matrices, as einsum and clip take longer to start than to run.
    direction = (state.inverse @ uphill[:, :, None])[:, :, 0] * free * state.step[:, None]
    norm = np.sqrt((direction**2).sum(axis=1, keepdims=True))
    longest = np.where(state.fresh, FIRST, LONGEST)[:, None]
    direction *= np.minimum(1.0, longest / np.maximum(norm, 1e-300))
    to = np.minimum(np.maximum(state.at + direction, 0.0), top)
    moved = to - state.at
    value, slope = acquisition.with_slope(np.minimum(to * lengths, 1.0))
    slope = slope * lengths
    gain = value - state.value
    expected = (moved * uphill).sum(axis=1)
    taken = np.isfinite(value) & (gain >= 1e-4 * expected)
    # A step too far tells how the slope falls as well as a good one does.
    learnt = _update_inverse(state, moved, np.where(movable, state.slope - slope, 0.0))
    state.done = (taken & (gain < TOLERANCE)) | (expected < 1e-2 * TOLERANCE) | (state.step < 0.1)
    for old, new in ((state.at, to), (state.slope, slope)):
        old[taken] = new[taken]
    state.value[taken] = value[taken]
    state.step = np.where(taken, 1.0, np.where(learnt, 0.7, 0.2) * state.step)


def _update_inverse(state: _Climb, moved: Doubles, fallen: Doubles) -> NDArray[np.bool_]:
    """The update of Broyden, Fletcher, Goldfarb and Shanno, where the curvature is downward.

    Returns:
        Where it was.
    """
    product = (moved * fallen).sum(axis=1)
    with np.errstate(over="ignore"):  # slopes of a logarithm may be immense; these teach nothing
        norm = (fallen**2).sum(axis=1)
    downward = np.isfinite(norm) & (product > 1e-10 * np.sqrt(norm * (moved**2).sum(axis=1)))
    at = np.flatnonzero(downward)
    if len(at):
        s, y, rho = moved[at], fallen[at], 1.0 / product[at]
        # Before the first update the matrix has the scale of the curvature at most.
        scale = np.where(state.fresh[at], product[at] / norm[at], 1.0)
        h = state.inverse[at] * scale[:, None, None]
        state.fresh[at] = False
        hy = (h @ y[:, :, None])[:, :, 0]
        square = rho * (1.0 + rho * (y * hy).sum(axis=1))
        # H - ρ (H y sᵀ + s yᵀ H) + square s sᵀ, as a sum of two outer products.
        side = (0.5 * square)[:, None] * s - rho[:, None] * hy
        outer = side[:, :, None] * s[:, None, :]
        state.inverse[at] = h + outer + outer.transpose(0, 2, 1)
    return downward


def _step(
    acquisition: Acquisition, points: Doubles, values: Doubles, space: Space
) -> tuple[Doubles, Doubles]:
    """Moves each point to its best neighbour on grids and among categories, if that is better."""
    around = [space.neighbours(point) for point in points]
    found = acquisition.at(np.concatenate(around))
    points, values, first = points.copy(), values.copy(), 0
    for place, neighbours in enumerate(around):
        some = found[first : first + len(neighbours)]
        first += len(neighbours)
        if len(some) and some.max() > values[place]:
            points[place], values[place] = neighbours[some.argmax()], some.max()
    return points, values


def _sorted(points: Doubles, values: Doubles) -> Maxima:
    order = np.argsort(-values, kind="stable")
    return Maxima(points[order], values[order])


def distinct(points: Doubles, *, lengths: Doubles, apart: float, most: int) -> list[int]:
    """Returns places of the first points that are apart in units of the lengths, `most` at most."""
    kept: list[int] = []
    for place, point in enumerate(points):
        if len(kept) == most:
            break
        away = (points[kept] - point) / lengths
        if not kept or (away**2).sum(axis=1).min() > apart**2:
            kept.append(place)
    return kept


def apart_from(
    points: Doubles, others: Doubles, *, lengths: Doubles, apart: float
) -> NDArray[np.bool_]:
    """Returns which points (m, columns) are apart from all others, in units of the lengths."""
    nearest = [((others - point) / lengths) ** 2 for point in points]
    return np.array([each.sum(axis=1).min(initial=np.inf) > apart**2 for each in nearest])
