"""Surface over two directions -> contours, and heights in perspective.

matplotlib is loaded when something is drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trackscape.landscape.output import plots
from trackscape.landscape.surface import Surface
from trackscape.landscape.trajectory import Trajectory
from trackscape.pictures import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.contour import ContourSet
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

LEVELS = 24
_EMPTY, _HATCH = "#e4e4e4", "#a8a8a8"


def draw_contour(
    surface: Surface,
    name: str | None = None,
    path: Path | str | None = None,
    *,
    trajectory: Trajectory | None = None,
    logarithmic: bool | None = None,
) -> Figure:
    """Draws one value over two directions.

    Dots cover what cannot be told from the minimum (see `plots.significance`), grey hatches what is
    no number. The colour of a checkpoint, of a trajectory from `project`, is its distance to the
    plane: the loss there is that of the picture only if it is small. The value is the first if
    None, the picture PNG, PDF or SVG by its suffix. If `logarithmic` is None, the scale is so where
    positive values span more than a factor of 10. The figure is 6.4 inches wide, or 7.6 with a
    trajectory.

    Raises:
        LandscapeError: The surface cannot be drawn like this, or the path has another suffix.
    """
    figure = plots.new_figure(6.4 if trajectory is None else 7.6, 5.6)
    axes = figure.add_subplot()
    filled = add_contour(axes, surface, name, logarithmic=logarithmic)
    axes.set_title(plots.title_of(surface, name))
    levels = np.asarray(filled.levels)
    ticks = levels[:: max(1, len(levels) // 7)]
    label = name or surface.names[0]
    figure.colorbar(filled, ax=axes, label=label, ticks=ticks, format="%.3g")
    handles = _legend(plots.plane_of(surface, name))
    if trajectory is not None:
        dots = add_trajectory(axes, trajectory)
        figure.colorbar(dots, ax=axes, label="distance of checkpoints to the plane", shrink=0.6)
        handles += _trajectory_legend(axes, trajectory)
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    if path is not None:
        save_figure(figure, path)
    return figure


def add_contour(
    axes: Axes,
    surface: Surface,
    name: str | None = None,
    *,
    logarithmic: bool | None = None,
    limits: tuple[float, float] | None = None,
) -> ContourSet:
    """Draws as `draw_contour` into axes, without any legend; returns the contours for one.

    To compare several surfaces, give `limits` of the colours: values beyond get that of the limit.
    """
    from matplotlib.colors import LogNorm, Normalize

    plane = plots.plane_of(surface, name)
    clipped = plane.mean if limits is None else np.clip(plane.mean, *limits)
    span = clipped if limits is None else np.array(limits)
    log = plots.is_logarithmic(span, logarithmic)
    levels = _levels(span, log)
    axes.set_facecolor(_EMPTY)
    axes.patch.set(hatch="////", edgecolor=_HATCH)
    filled = axes.contourf(
        plane.x,
        plane.y,
        np.ma.masked_invalid(clipped.T),
        levels=levels,
        norm=(LogNorm if log else Normalize)(levels[0], levels[-1]),
        cmap="viridis",
    )
    axes.contour(filled, levels=levels[::3], colors="black", linewidths=0.4, alpha=0.5)
    _cover_uncertain(axes, plane)
    x, y = plane.x[[0, -1]], plane.y[[0, -1]]
    if x[0] <= 0 <= x[1] and y[0] <= 0 <= y[1]:
        axes.plot(0, 0, "+", color="white", ms=11, mew=3.5)
        axes.plot(0, 0, "+", color="black", ms=10, mew=1.5)
    axes.locator_params(nbins=5)
    axes.set(xlim=x, ylim=y, xlabel=plane.labels[0], ylabel=plane.labels[1])
    return filled


def add_trajectory(axes: Axes, trajectory: Trajectory) -> PathCollection:
    """Draws checkpoints of a training into axes; returns the dots, for a colour bar."""
    x, y = trajectory.coordinates.T
    axes.plot(x, y, color="white", lw=2.4, zorder=3)
    axes.plot(x, y, color="black", lw=1.0, zorder=3)
    axes.plot(x[0], y[0], "s", color="white", mec="black", ms=8, mew=1, zorder=3)
    far = trajectory.residuals
    return axes.scatter(
        x, y, c=far, cmap="Reds", vmin=0, s=26, edgecolors="black", lw=0.6, zorder=4
    )


def _levels(values: NDArray[np.float64], log: bool) -> NDArray[np.float64]:
    least, most = float(np.nanmin(values)), float(np.nanmax(values))
    if not most - least > 1e-9 * max(abs(least), abs(most)):  # flat: one band around it
        spare = 0.01 * abs(least) or 1.0
        return np.array([least - spare, least + spare])
    if log:
        return np.geomspace(least, most, LEVELS)
    from matplotlib.ticker import MaxNLocator

    return np.asarray(MaxNLocator(LEVELS).tick_values(least, most))


def _cover_uncertain(axes: Axes, plane: plots.PlaneValues) -> None:
    """Dots and a dashed line around what is within 2 standard errors of the minimum."""
    if not np.nanmax(plane.significance, initial=-1) > plots.SURE:
        return  # nowhere: a single batch; everywhere: the legend says so
    shown = np.ma.masked_invalid(plane.significance.T)
    dots = axes.contourf(
        plane.x, plane.y, shown, levels=[-1, plots.SURE], colors="none", hatches=["..."]
    )
    dots.set(edgecolor="white", linewidth=0)
    axes.contour(
        plane.x, plane.y, shown, levels=[plots.SURE], colors="white", linestyles="--", linewidths=1
    )


def _legend(plane: plots.PlaneValues) -> list[Patch | Line2D]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Patch | Line2D] = [
        Line2D([], [], marker="+", color="black", ms=9, mew=1.5, lw=0, label="centre")
    ]
    found = plane.significance[np.isfinite(plane.significance)]
    text = f"within {plots.SURE:g} standard errors of the minimum"
    if len(found) and found.max() > plots.SURE:
        handles.append(Patch(facecolor="#33608c", hatch="...", edgecolor="white", label=text))
    elif len(found):
        handles.append(Patch(facecolor="none", edgecolor="none", label=f"all is {text}"))
    if np.isnan(plane.mean).any():
        handles.append(Patch(facecolor=_EMPTY, hatch="////", edgecolor=_HATCH, label="no number"))
    return handles


def _trajectory_legend(axes: Axes, trajectory: Trajectory) -> list[Patch | Line2D]:
    from matplotlib.lines import Line2D

    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    x, y = trajectory.coordinates.T
    outside = int(((x < left) | (x > right) | (y < bottom) | (y > top)).sum())
    text = "training, from its first checkpoint on"
    if outside:
        text += f" ({outside} of {len(x)} outside)"
    return [Line2D([], [], marker="s", color="black", mfc="white", ms=7, lw=1, label=text)]


def draw_surface(
    surface: Surface,
    name: str | None = None,
    path: Path | str | None = None,
    *,
    logarithmic: bool | None = None,
) -> Figure:
    """Draws one value as height over two directions, with a hole where there is no number.

    Arguments are those of `draw_contour`; the figure is 6.4 inches wide.
    """
    plane = plots.plane_of(surface, name)
    log = plots.is_logarithmic(plane.mean, logarithmic)
    height = np.log10(plane.mean) if log else plane.mean
    figure = plots.new_figure(6.4, 5.6)
    axes = figure.add_subplot(projection="3d")
    drawn = axes.plot_surface(
        *np.meshgrid(plane.x, plane.y, indexing="ij"),
        height,
        cmap="viridis",
        vmin=np.nanmin(height),
        vmax=np.nanmax(height),
        rcount=len(plane.x),
        ccount=len(plane.y),
        linewidth=0.1,
        edgecolor="#00000060",
    )
    axes.set_title(plots.title_of(surface, name))
    axes.locator_params(nbins=5)
    axes.set(xlabel=plane.labels[0], ylabel=plane.labels[1])
    axes.view_init(elev=35, azim=-55)
    bar = figure.colorbar(drawn, ax=axes, label=plane.name, shrink=0.7, pad=0.1)
    if log:  # logarithmic axes in perspective are not drawn right, so its ticks are put here
        for axis in (axes.zaxis, bar.ax.yaxis):
            axis.set_major_formatter(lambda power, _: f"{10**power:.3g}")
    if path is not None:
        save_figure(figure, path)
    return figure
