"""Surface over two directions -> picture in perspective."""

from pathlib import Path

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from trackscape.landscape.output.plane import is_logarithmic, plane_of, title_of
from trackscape.landscape.surface import Surface
from trackscape.pictures import save_figure


def draw_surface(
    surface: Surface,
    name: str | None = None,
    path: Path | str | None = None,
    *,
    logarithmic: bool | None = None,
) -> Figure:
    """Draws one value as height over two directions; where there is no number, a hole.

    Arguments:
        surface: Over a grid of two directions.
        name: Which value; the first if None.
        path: Where to write the picture, by suffix as PNG, PDF or SVG; None to write none.
        logarithmic: Scale of height and colours; None for logarithmic if positive values span more
            than a factor of 10.

    Returns:
        A figure 6.4 inches wide.

    Raises:
        LandscapeError: The surface cannot be drawn like this, or the path has another suffix.
    """
    plane = plane_of(surface, name)
    log = is_logarithmic(plane.mean, logarithmic)
    height = np.log10(plane.mean) if log else plane.mean
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.add_subplot(projection="3d")
    x, y = np.meshgrid(plane.x, plane.y, indexing="ij")
    drawn = axes.plot_surface(
        x,
        y,
        height,
        cmap="viridis",
        norm=Normalize(np.nanmin(height), np.nanmax(height)),
        rcount=len(plane.x),
        ccount=len(plane.y),
        linewidth=0.1,
        edgecolor="#00000060",
    )
    axes.set_title(title_of(surface, name))
    axes.locator_params(nbins=5)
    axes.set(xlabel=plane.labels[0], ylabel=plane.labels[1])
    axes.view_init(elev=35, azim=-55)
    if log:  # logarithmic axes in perspective are not drawn right, so its ticks are put here
        axes.zaxis.set_major_formatter(lambda power, _: f"{10**power:.3g}")
    bar = figure.colorbar(drawn, ax=axes, label=plane.name, shrink=0.7, pad=0.1)
    if log:
        bar.ax.yaxis.set_major_formatter(lambda power, _: f"{10**power:.3g}")
    if path is not None:
        save_figure(figure, path)
    return figure
