"""Summary of a study -> figures: planes, profiles, layers and decisions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from studies.loss_landscape.connections import ROUTES, profile
from studies.loss_landscape.summary import Compared, Summary
from trackscape.landscape.output import add_contour
from trackscape.pictures import save_figure

PICTURES = ("planes", "profiles", "layers", "decisions")
SPAN = 1000.0
"""Ratio of the largest to the smallest loss on the colour scale."""
COLOURS = ("0.55", "C0", "C1", "C3", "C2")
"""Colours of the routes."""


def draw_figures(summary: Summary, folder: Path, *, stem: str) -> None:
    """Writes ``<stem>_<name>.png`` for all of `PICTURES`."""
    makers = (draw_planes, draw_profiles, draw_layers, draw_decisions)
    for name, make in zip(PICTURES, makers, strict=True):
        save_figure(make(summary), folder / f"{stem}_{name}.png", dpi=110)


def draw_planes(summary: Summary) -> Figure:
    """Draws the plane of one training of each setting: the smooth loss, and the decisions'."""
    n = len(summary.planes)
    figure = Figure(figsize=(3.4 * n, 5.8), layout="constrained")
    panels = figure.subplots(2, n, squeeze=False)
    for column, (setting, surface) in zip(panels.T, summary.planes.items(), strict=True):
        for axes, name in zip(column, surface.names, strict=True):
            filled = add_contour(axes, surface, name, limits=_limits(summary, name))
            figure.colorbar(filled, ax=axes, format="%.2g", shrink=0.8)
            axes.set(title=f"{setting}: {name}", aspect="equal", xlabel="", ylabel="")
    figure.supxlabel("along the top eigenvector")
    figure.supylabel("along the second")
    return figure


def _limits(summary: Summary, name: str) -> tuple[float, float]:
    """One colour scale for a loss in all planes, clipped at `SPAN` times the minimum."""
    means = [each.mean(name) for each in summary.planes.values() if name in each.names]
    values = np.concatenate([mean[np.isfinite(mean)] for mean in means])
    low, high = float(values.min()), float(values.max())
    return low, min(high, SPAN * low) if low > 0 else high


def draw_profiles(summary: Summary) -> Figure:
    """Draws losses along all routes, one column for each group of pairs."""
    columns = [
        (each, group)
        for each in summary.compared
        for group in each.paths.groups(each.models)
        if "," not in group
    ]
    figure = Figure(figsize=(2.9 * len(columns), 5.8), layout="constrained")
    panels = figure.subplots(2, len(columns), squeeze=False, sharex=True)
    for column, (compared, group) in zip(panels.T, columns, strict=True):
        for axes, name in zip(column, compared.paths.names[:2], strict=True):
            _draw_routes(axes, compared, group, name)
            axes.set_ylabel(name)
        n = int(compared.paths.groups(compared.models)[group].sum())
        column[0].set_title(f"{group}, {n} pair{'s' if n > 1 else ''}")
        column[1].set_xlabel("share of the way, t")
    _share_heights(list(panels.ravel()))
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
    return figure


def _share_heights(panels: Sequence[Axes]) -> None:
    """Gives panels of the same loss the same heights, with plain numbers."""
    for name in {axes.get_ylabel() for axes in panels}:
        alike = [axes for axes in panels if axes.get_ylabel() == name]
        limits = [axes.get_ylim() for axes in alike]
        for axes in alike:
            axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter(NullFormatter())


def _draw_routes(axes: Axes, compared: Compared, group: str, name: str) -> None:
    lowest = np.inf
    for route, colour in zip(ROUTES, COLOURS, strict=True):
        found = profile(compared.models, compared.paths, group=group, route=route, loss=name)
        times = found.times.numpy()
        axes.plot(times, found.mean.numpy(), "-", color=colour, lw=1.5, label=route)
        low, high = found.low.numpy(), found.high.numpy()
        if np.isfinite(low).all():
            axes.fill_between(times, low, high, color=colour, alpha=0.2, lw=0)
        lowest = min(lowest, float(found.mean.min()))
    if lowest > 0:
        axes.set_yscale("log")
    axes.grid(alpha=0.3)


def draw_layers(summary: Summary) -> Figure:
    """Draws CKA of all pairs and layers of each module as boxes, by group of pairs."""
    panels = [
        (compared, module) for compared in summary.compared for module in compared.measures.layers
    ]
    widths = [len(compared.models.groups()) + 1 for compared, _ in panels]
    figure = Figure(figsize=(0.5 * sum(widths) + 1, 4.4), layout="constrained")
    row = figure.subplots(1, len(panels), squeeze=False, sharey=True, width_ratios=widths)[0]
    for axes, (compared, module) in zip(row, panels, strict=True):
        layers = compared.measures.layers[module].values()
        groups = compared.models.groups()
        values = [
            np.concatenate([layer[chosen].numpy() for layer in layers])
            for chosen in groups.values()
        ]
        axes.boxplot(values, widths=0.6, flierprops={"ms": 2}, medianprops={"color": "C3"})
        names = [group.replace(", ", ",\n") for group in groups]
        axes.set_xticks(range(1, len(groups) + 1), names, rotation=60, ha="right")
        axes.set_title(module)
        axes.grid(alpha=0.3, axis="y")
    row[0].set_ylabel("CKA of all layers and pairs")
    row[0].set_ylim(top=1)
    return figure


def draw_decisions(summary: Summary) -> Figure:
    """Draws the disagreement of all pairs: trained rule below the diagonal, tuned cost above."""
    sizes = [len(compared.models.runs) for compared in summary.compared]
    figure = Figure(figsize=(0.3 * sum(sizes) + 3.5, 0.3 * max(sizes) + 1.6), layout="constrained")
    row = figure.subplots(1, len(sizes), squeeze=False, width_ratios=sizes)[0]
    most = max(
        float(values.max())
        for compared in summary.compared
        for values in compared.measures.disagreement.values()
    )
    images = [
        axes.imshow(_matrix(compared), vmin=0, vmax=most, cmap="viridis")
        for axes, compared in zip(row, summary.compared, strict=True)
    ]
    for axes, compared in zip(row, summary.compared, strict=True):
        _name_settings(axes, compared)
    figure.colorbar(images[0], ax=list(row), label="disagreement", shrink=0.8)
    return figure


def _matrix(compared: Compared) -> np.ndarray:
    n = len(compared.models.runs)
    matrix = np.full((n, n), np.nan)
    a, b = compared.models.indices.T.numpy()
    matrix[b, a] = compared.measures.disagreement["own"].numpy()
    matrix[a, b] = compared.measures.disagreement["tuned"].numpy()
    return matrix


def _name_settings(axes: Axes, compared: Compared) -> None:
    runs = compared.models.runs
    places = [
        [number for number, run in enumerate(runs) if run.setting == setting]
        for setting in compared.models.settings
    ]
    centres = [sum(each) / len(each) for each in places]
    axes.set_xticks(centres, compared.models.settings, rotation=60, ha="right")
    axes.set_yticks(centres, compared.models.settings)
    for each in places[1:]:
        axes.axhline(each[0] - 0.5, color="white", lw=1)
        axes.axvline(each[0] - 0.5, color="white", lw=1)
