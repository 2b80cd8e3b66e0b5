"""Surfaces -> the numbers that pictures show, and pictures of lines.

matplotlib is loaded when something is drawn.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from trackscape.errors import LandscapeError
from trackscape.landscape.surface import Surface
from trackscape.pictures import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SURE = 2.0
"""Standard errors from which on a difference counts as seen."""
LOG_RATIO = 10.0
"""Positive values that span more than this are drawn on a logarithmic scale."""


def labels_of(surface: Surface) -> tuple[str, ...]:
    """Returns the names of the directions."""
    n = len(surface.points.directions)
    return surface.points.axes or tuple(f"direction {number + 1}" for number in range(n))


def title_of(surface: Surface, name: str | None = None) -> str:
    """Returns what a picture of one value shows."""
    n = len(surface.weights)
    return f"{name or surface.names[0]}, mean of {n} {'batch' if n == 1 else 'batches'}"


def finite_mean(surface: Surface, name: str | None = None) -> Float[np.ndarray, "*grid"]:
    """Returns means with NaN where they are not finite; one must be."""
    finite = surface.finite(name)
    if not finite.any():
        raise LandscapeError(
            f"Expected numbers, but {name or surface.names[0]} is finite nowhere; draw less far."
        )
    return np.where(finite, surface.mean(name), np.nan)


def error_of(surface: Surface, name: str | None = None) -> Float[np.ndarray, "*grid"]:
    """Returns standard errors with NaN where there is none."""
    with np.errstate(invalid="ignore"):
        error = surface.standard_error(name)
    return np.where(np.isfinite(error), error, np.nan)


def significance(surface: Surface, name: str | None = None) -> Float[np.ndarray, "*grid"]:
    """Returns the difference to the lowest mean over its standard error; 0 there.

    The error is that of the mean of differences, batch by batch, which is mostly far smaller than
    those of the two means. That the lowest was picked among many is not accounted for: regions
    within so many errors are, if anything, too small. NaN of one batch or no number.
    """
    lowest = int(np.nanargmin(finite_mean(surface, name)))
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = dataclasses.replace(surface, values=surface.values - surface.values[lowest])
        difference, error = moved.mean(name), moved.standard_error(name)
        return np.where(difference == 0, 0 * error, difference / error)


def is_logarithmic(values: Float[np.ndarray, "*grid"], wanted: bool | None) -> bool:
    """Returns whether values are drawn on a logarithmic scale, by their span if None is wanted."""
    least, most = np.nanmin(values), np.nanmax(values)
    if wanted and least <= 0:
        raise LandscapeError(
            f"Expected positive values for a logarithmic scale, got {least:.3g}; use a linear one."
        )
    return bool(least > 0 and most > LOG_RATIO * least) if wanted is None else wanted


class PlaneValues(NamedTuple):
    """One value over a grid of two directions."""

    name: str
    labels: tuple[str, str]
    """Names of the two directions."""
    x: Float[np.ndarray, " x"]
    """Coordinates along the first direction."""
    y: Float[np.ndarray, " y"]
    """Coordinates along the second direction."""
    mean: Float[np.ndarray, "x y"]
    """Mean over batches; NaN where it is not finite."""
    error: Float[np.ndarray, "x y"]
    """Standard error of the mean."""
    significance: Float[np.ndarray, "x y"]
    """Difference to the lowest mean over its standard error; see `significance`."""


def plane_of(surface: Surface, name: str | None = None) -> PlaneValues:
    """Returns one value of a surface over two directions; the first if `name` is None."""
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


def draw_line(
    surface: Surface,
    name: str | None = None,
    path: Path | str | None = None,
    *,
    logarithmic: bool | None = None,
) -> Figure:
    """Draws one value along a line or curve, with a band of 2 standard errors.

    Arguments are those of `draw_contour`; the figure is 6.4 inches wide. With one direction, the
    axis is its coordinate; along a curve in several, it is the share of the way, t.
    """
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot()
    axes.set_title(title_of(surface, name))
    add_line(axes, surface, name, label=f"± {SURE:g} standard errors")
    if is_logarithmic(finite_mean(surface, name), logarithmic):
        _use_logarithm(axes)
    if np.isfinite(error_of(surface, name)).any():
        axes.legend(frameon=False)
    if path is not None:
        save_figure(figure, path)
    return figure


def add_line(
    axes: Axes,
    surface: Surface,
    name: str | None = None,
    *,
    label: str | None = None,
    width: float = 1.5,
) -> None:
    """Draws one value along a line into axes, to compare several; gaps are no numbers.

    The width is in points; wide lines under narrow ones are all seen.
    """
    coordinates = surface.points.coordinates.cpu().numpy()
    if len(surface.points.shape) != 1:
        raise LandscapeError(
            f"Expected points in a row, got a grid of {surface.points.shape}; use draw_contour."
        )
    where, text = np.linspace(0, 1, len(coordinates)), "share of the way, t"
    if coordinates.shape[1] == 1:
        where, text = coordinates[:, 0], labels_of(surface)[0]
    mean, error = finite_mean(surface, name), SURE * error_of(surface, name)
    (drawn,) = axes.plot(where, mean, "-", lw=width, marker=".", ms=4, label=label)
    axes.fill_between(where, mean - error, mean + error, color=drawn.get_color(), alpha=0.2, lw=0)
    axes.set(xlabel=text, ylabel=name or surface.names[0])


def _use_logarithm(axes: Axes) -> None:
    """With plain numbers on the axis."""
    from matplotlib.ticker import LogLocator

    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")


def new_figure(width: float, height: float) -> Figure:
    """Returns an empty figure of a size in inches that belongs to no window."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")
