"""Surfaces -> the numbers that pictures show."""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackscape.errors import LandscapeError
from trackscape.landscape.surface import Surface

_Floats = NDArray[np.float64]
SURE = 2.0
"""Standard errors from which on a difference counts as seen."""
LOG_RATIO = 10.0
"""Positive values that span more than this are drawn on a logarithmic scale."""


class PlaneValues(NamedTuple):
    """One value over a grid of two directions."""

    name: str
    """Name of the value."""
    labels: tuple[str, str]
    """Names of the two directions."""
    x: _Floats
    """Coordinates along the first direction, (X,)."""
    y: _Floats
    """Coordinates along the second direction, (Y,)."""
    mean: _Floats
    """Mean over batches, (X, Y); NaN where it is not finite."""
    error: _Floats
    """Standard error of the mean, (X, Y)."""
    significance: _Floats
    """Difference to the lowest mean over its standard error, (X, Y); see `significance`."""


def plane_of(surface: Surface, name: str | None = None) -> PlaneValues:
    """Returns one value of a surface over two directions; the first if `name` is None.

    Raises:
        LandscapeError: It is no grid of two directions, or holds no number.
    """
    points = surface.points
    shape, coordinates = points.shape, points.coordinates.cpu().numpy()
    grid = coordinates.reshape(*shape, -1)
    regular = grid.ndim == 3 and grid.shape[2] == 2 and min(shape) >= 2
    if not (
        regular and (grid[..., 0] == grid[:, :1, 0]).all() and (grid[..., 1] == grid[0, :, 1]).all()
    ):
        raise LandscapeError(
            f"Expected a grid of two directions to draw, got the shape {shape} in "
            f"{coordinates.shape[1]} directions; draw lines with draw_line."
        )
    first, second = labels_of(surface)
    return PlaneValues(
        name=name or surface.names[0],
        labels=(first, second),
        x=grid[:, 0, 0],
        y=grid[0, :, 1],
        mean=finite_mean(surface, name),
        error=error_of(surface, name),
        significance=significance(surface, name),
    )


def labels_of(surface: Surface) -> tuple[str, ...]:
    """Returns the names of the directions."""
    n = len(surface.points.directions)
    return surface.points.axes or tuple(f"direction {number + 1}" for number in range(n))


def title_of(surface: Surface, name: str | None = None) -> str:
    """Returns what a picture of one value shows."""
    n = len(surface.weights)
    return f"{name or surface.names[0]}, mean of {n} {'batch' if n == 1 else 'batches'}"


def finite_mean(surface: Surface, name: str | None = None) -> _Floats:
    """Returns means with NaN where they are not finite.

    Raises:
        LandscapeError: None is.
    """
    finite = surface.finite(name)
    if not finite.any():
        raise LandscapeError(
            f"Expected a surface with numbers, but {name or surface.names[0]} is finite nowhere; "
            "choose a smaller extent."
        )
    return np.where(finite, surface.mean(name), np.nan)


def error_of(surface: Surface, name: str | None = None) -> _Floats:
    """Returns standard errors with NaN where there is none."""
    with np.errstate(invalid="ignore"):
        error = surface.standard_error(name)
    return np.where(np.isfinite(error), error, np.nan)


def significance(surface: Surface, name: str | None = None) -> _Floats:
    """Returns the difference to the lowest mean over its standard error; 0 there.

    Both points are measured on the same batches, so that the error is that of the mean of
    differences, batch by batch, which is mostly far smaller than those of the two means. That the
    lowest was picked among many is not accounted for: regions within so many errors are, if
    anything, too small. NaN where there is no number or only one batch.
    """
    lowest = int(np.nanargmin(finite_mean(surface, name)))
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = dataclasses.replace(surface, values=surface.values - surface.values[lowest])
        difference, error = moved.mean(name), moved.standard_error(name)
        return np.where(difference == 0, 0 * error, difference / error)


def is_logarithmic(values: _Floats, wanted: bool | None) -> bool:
    """Returns whether values are drawn on a logarithmic scale, by their span if None is wanted.

    Raises:
        LandscapeError: It is wanted, but not all of them are positive.
    """
    least, most = np.nanmin(values), np.nanmax(values)
    if wanted and least <= 0:
        raise LandscapeError(
            f"Expected positive values for a logarithmic scale, got {least:.3g}; use a linear one."
        )
    return bool(least > 0 and most > LOG_RATIO * least) if wanted is None else wanted
