"""How much purity each network has to pay for efficiency: one curve for all costs of an end."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from matplotlib.figure import Figure

from studies.results.measure import Cell, Choice, Summaries, cells
from trackscape.assignment import Assigner
from trackscape.data import Hits
from trackscape.evaluation import FrameCounts, count_frame, efficiency, purity
from trackscape.pictures import save_figure
from trackscape.progress import show_progress
from trackscape.scoring import METHODS, Scorer, load_method
from trackscape.tracking import TRACKERS, accept, follow

REJECTS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
"""Costs of a track's end: a segment is taken only if its probability is above 1 - cost."""

SHOWN = (50, 100)
"""Part of both axes that is drawn, in %."""


class Curve(NamedTuple):
    """Purity and efficiency of one network in one cell, a point for each of `REJECTS`."""

    method: str
    purity: list[float]
    efficiency: list[float]


def measure_curves(data: Path, choice: Choice) -> dict[Cell, list[Curve]]:
    """Measures all networks in the cells behind the first of the phantoms."""
    scorers = {name: load_method(name) for name in METHODS}
    curves: dict[Cell, list[Curve]] = {}
    for cell, frames in cells(data, choice._replace(phantoms=choice.phantoms[:1])):
        curves[cell] = [_curve(name, scorer, frames) for name, scorer in scorers.items()]
    return curves


@torch.no_grad()
def _curve(method: str, scorer: Scorer, frames: Sequence[Hits]) -> Curve:
    counts: list[list[FrameCounts]] = [[] for _ in REJECTS]
    for frame in show_progress(frames):
        scores = scorer.score(frame)
        for reject, found in zip(REJECTS, counts, strict=True):
            chosen = Assigner(semantics="with_unmatched", unmatched_cost=reject)(scores)
            found.append(count_frame(accept(follow(chosen)), chosen))
    return Curve(
        method=method,
        purity=[purity(found).value for found in counts],
        efficiency=[efficiency(found).value for found in counts],
    )


def draw_curves(curves: dict[Cell, list[Curve]], summaries: Summaries, path: Path) -> None:
    """Draws the curves, and a mark for each method as it is used."""
    figure = Figure(figsize=(4.2 * len(curves), 4.2), layout="constrained")
    for axes, (cell, of_cell) in zip(
        figure.subplots(1, len(curves), squeeze=False)[0], curves.items(), strict=True
    ):
        for curve in of_cell:
            points = [[100 * v for v in values] for values in (curve.efficiency, curve.purity)]
            axes.plot(*points, "-", lw=1, color=_colour(curve.method))
        for (method, at), summary in summaries.items():
            if at == cell:
                point = [100 * summary.values[name] for name in ("efficiency", "purity")]
                axes.plot(*point, "o", color=_colour(method), label=method)
        axes.set_title(f"{cell.per_frame} p+/F behind {cell.phantom} mm")
        axes.set(xlabel="efficiency, %", xlim=SHOWN, ylim=SHOWN)
        axes.grid(alpha=0.3)
    first = figure.axes[0]
    first.set_ylabel("purity, %")
    first.legend(fontsize="small")
    save_figure(figure, path, dpi=110)


def _colour(method: str) -> str:
    return f"C{TRACKERS.index(method)}"
