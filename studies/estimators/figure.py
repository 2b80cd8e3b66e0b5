"""Figures of a study -> two panels: the error of each method, and the error against the shift."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from studies.estimators.summary import Method, Step, Summary
from trackscape.pictures import save_figure
from trackscape.statistics import Interval


def draw_study(summary: Summary, path: Path, *, density: int) -> None:
    """Draws both panels at one number of primaries per frame."""
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_methods(left, summary.methods, density)
    _draw_ladder(right, summary.ladder)
    save_figure(figure, path, dpi=110)


def _draw_methods(axes: Axes, methods: Sequence[Method], density: int) -> None:
    order = sorted(methods, key=lambda m: -m.quality[density].edge_error["tuned"].value)
    for way, marker, colour in (("half", "x", "0.6"), ("tuned", "o", "C0")):
        intervals = [method.quality[density].edge_error[way] for method in order]
        values = [100 * interval.value for interval in intervals]
        label = "threshold 0.5" if way == "half" else "tuned threshold, 95 % interval"
        axes.plot(values, range(len(order)), marker, color=colour, label=label)
        if way == "tuned":
            axes.errorbar(
                values, range(len(order)), xerr=_bars(intervals), fmt="none", color=colour
            )
    axes.set_yticks(range(len(order)), [method.name for method in order])
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.set_xlabel(f"wrong decisions at {density} p+/F, % of the edges")
    axes.grid(alpha=0.3, which="both", axis="x")
    axes.legend(fontsize="small")


def _draw_ladder(axes: Axes, ladder: Sequence[Step]) -> None:
    beside = axes.twinx()
    for number, name in enumerate(dict.fromkeys(step.method for step in ladder)):
        steps = sorted((step for step in ladder if step.method == name), key=lambda s: s.shift)
        shift = [step.shift for step in steps]
        intervals = [step.edge_error["tuned"] for step in steps]
        error = [100 * interval.value for interval in intervals]
        colour = f"C{number + 1}"
        axes.errorbar(
            shift, error, yerr=_bars(intervals), fmt="o-", capsize=2, color=colour, label=name
        )
        disagreement = [step.disagreement.value for step in steps]
        beside.plot(shift, disagreement, ":s", ms=4, color=colour)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("largest shift of a cost")
    axes.set_ylabel("wrong decisions, % of the edges (solid)")
    beside.set_ylabel("disagreement of seeds (dotted)")
    beside.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")


def _bars(intervals: Sequence[Interval]) -> list[float]:
    """Halves of intervals in %; not a number where there is no interval."""
    halves = [100 * (interval.high - interval.value) for interval in intervals]
    return [half if math.isfinite(half) else math.nan for half in halves]
