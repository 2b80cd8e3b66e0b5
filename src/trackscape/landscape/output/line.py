"""Surface along a line or curve -> plot with an error band."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from numpy.typing import NDArray

from trackscape.errors import LandscapeError
from trackscape.landscape.output.plane import (
    SURE,
    error_of,
    finite_mean,
    is_logarithmic,
    labels_of,
    title_of,
)
from trackscape.landscape.surface import Surface
from trackscape.pictures import save_figure


def draw_line(
    surface: Surface,
    name: str | None = None,
    path: Path | str | None = None,
    *,
    logarithmic: bool | None = None,
) -> Figure:
    """Draws one value along a line or curve, with a band of 2 standard errors.

    Arguments:
        surface: Over points in a row. With one direction, the axis is its coordinate; along a
            curve in several, it is the share of the way, t.
        name: Which value; the first if None.
        path: Where to write the picture, by suffix as PNG, PDF or SVG; None to write none.
        logarithmic: Scale of the values; None for logarithmic if positive ones span more than a
            factor of 10.

    Returns:
        A figure 6.4 inches wide.

    Raises:
        LandscapeError: The surface is no line, or the path has another suffix.
    """
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
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

    Arguments:
        axes: Where.
        surface: Over points in a row.
        name: Which value; the first if None.
        label: In the legend.
        width: Of the line in points; of several lines, wide ones under narrow ones are all seen.
    """
    where, text = _axis(surface)
    mean, error = finite_mean(surface, name), error_of(surface, name)
    (drawn,) = axes.plot(where, mean, "-", lw=width, marker=".", ms=4, label=label)
    axes.fill_between(
        where, mean - SURE * error, mean + SURE * error, color=drawn.get_color(), alpha=0.2, lw=0
    )
    axes.set(xlabel=text, ylabel=name or surface.names[0])


def _use_logarithm(axes: Axes) -> None:
    """With plain numbers on the axis."""
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")


def _axis(surface: Surface) -> tuple[NDArray[np.float64], str]:
    coordinates = surface.points.coordinates.cpu().numpy()
    if len(surface.points.shape) != 1:
        raise LandscapeError(
            f"Expected points in a row to draw a line, got a grid of {surface.points.shape}; draw "
            "two directions with draw_contour."
        )
    if coordinates.shape[1] == 1:
        return coordinates[:, 0], labels_of(surface)[0]
    return np.linspace(0, 1, len(coordinates)), "share of the way, t"
