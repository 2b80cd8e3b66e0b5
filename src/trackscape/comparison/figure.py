"""A comparison -> a matplotlib figure: A as bands and lines, B as markers, differences below."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from trackscape.comparison.compare import FAIL, FEW, NOISE, PASS, Compared, FileComparison
from trackscape.comparison.quantities import (
    GRAPH_SIZES,
    PER_FRAME,
    PUBLISHED,
    QUANTILES,
    QUANTITIES,
)

# Blue and orange differ in lightness, too, and stay apart for all kinds of colour blindness.
A, B, TOLERATED, PAPER = "#2f6690", "#d1600a", "#d5e8cf", "#8c8c8c"
SMALL, LARGE = 2.2, 4.2  # sizes of markers in points
WIDEST = 20.0  # what the lower panels show at most, in % or the unit of the difference


def draw_comparison(comparison: FileComparison) -> Figure:
    """Draws deposits, kinks, widths, hits and stops in each layer, and the sizes of graphs.

    Below each panel stands the difference B - A with its error (one standard deviation) and the
    tolerance as a green band; open markers at the border lie beyond it.
    """
    figure = Figure(figsize=(16, 11), layout="constrained")
    grid = figure.add_gridspec(4, 3, height_ratios=(3, 1.1, 3, 1.1))
    for number, (title, quantities, draw) in enumerate(_PANELS):
        row, column = 2 * (number // 3), number % 3
        upper = figure.add_subplot(grid[row, column])
        lower = figure.add_subplot(grid[row + 1, column], sharex=upper)
        group = [row for row in comparison.rows if row.key.quantity in quantities]
        # What has a place belongs to a layer or, as a graph does, to a size of frames.
        shown = [row for row in group if row.key.layer is not None or quantities == GRAPH_SIZES]
        shown = [row for row in shown if row.verdict != FEW]
        if shown:
            draw(upper, lower, shown)
        upper.set_title(f"{title}{_verdicts(group)}", loc="left", fontsize=10)
        _tidy(upper, lower, shown)
    a, b = comparison.names
    figure.suptitle(f"A: {a}        B: {b}", fontsize=13, parse_math=False)
    return figure


class _Series(NamedTuple):
    """Rows of one statistic as arrays, (layers,) or (sizes of frames,)."""

    x: npt.NDArray[np.floating]
    a: npt.NDArray[np.floating]
    b: npt.NDArray[np.floating]
    b_error: npt.NDArray[np.floating]
    difference: npt.NDArray[np.floating]
    error: npt.NDArray[np.floating]


def _series(rows: Iterable[Compared], x: Callable[[Compared], float]) -> _Series:
    numbers = sorted(
        (x(row), row.a.value, row.b.value, row.b.error, row.difference, row.error) for row in rows
    )
    return _Series(*np.array(numbers, dtype=float).reshape(-1, 6).T)


def _in_layers(rows: Iterable[Compared], statistic: str) -> _Series:
    chosen = [row for row in rows if row.key.statistic == statistic]
    return _series(chosen, lambda row: float(row.key.layer or 0))


def _draw_quantiles(upper: Axes, lower: Axes, rows: Sequence[Compared]) -> None:
    series = {name: _in_layers(rows, name) for name in QUANTILES}
    for low, high, strength in (("5 %", "95 %", 0.2), ("25 %", "75 %", 0.35)):
        x, label = series[low].x, f"A: {low} to {high}"
        edges = (series[low].a, series[high].a)
        upper.fill_between(x, *edges, color=A, alpha=strength, linewidth=0, label=label)
    median = series.pop("median")
    upper.plot(median.x, median.a, color=A, label="A: median")
    reach = _reach(rows, [median, *series.values()])
    for number, one in enumerate(series.values()):
        label = "" if number else "B: the same quantiles"
        upper.plot(one.x, one.b, "o", color=B, markersize=SMALL, label=label)
        _draw_difference(lower, one, reach=reach, size=SMALL)
    upper.plot(median.x, median.b, "o", color=B, markersize=LARGE, label="B: median")
    _draw_difference(lower, median, reach=reach, bars=True)
    _make_logarithmic(upper)


def _draw_widths(upper: Axes, lower: Axes, rows: Sequence[Compared]) -> None:
    series = _in_layers(rows, "68 % half-width")
    upper.fill_between(series.x, series.a, color=A, alpha=0.2, linewidth=0)
    upper.plot(series.x, series.a, color=A, label="A")
    _draw_b(upper, lower, rows, series)


def _draw_counts(upper: Axes, lower: Axes, rows: Sequence[Compared]) -> None:
    series = _in_layers(rows, "mean")
    upper.bar(series.x, series.a, width=1, color=A, alpha=0.35, label="A")
    _draw_b(upper, lower, rows, series)


def _draw_shares(upper: Axes, lower: Axes, rows: Sequence[Compared]) -> None:
    _draw_counts(upper, lower, rows)
    _make_logarithmic(upper)
    shares = [side.value for row in rows for side in (row.a, row.b) if side.value > 0]
    upper.set_ylim(bottom=0.5 * float(np.quantile(shares, 0.1)))


def _draw_b(upper: Axes, lower: Axes, rows: Sequence[Compared], series: _Series) -> None:
    upper.vlines(series.x, series.b - series.b_error, series.b + series.b_error, color=B)
    upper.plot(series.x, series.b, "o", color=B, markersize=LARGE, label="B")
    _draw_difference(lower, series, reach=_reach(rows, [series]), bars=True)


def _draw_graphs(upper: Axes, lower: Axes, rows: Sequence[Compared]) -> None:
    sizes = [
        _series(
            (row for row in rows if row.key.quantity == size),
            lambda row: PER_FRAME.index(int(row.key.statistic.split()[0])),
        )
        for size in GRAPH_SIZES
    ]
    reach = _reach(rows, sizes)
    for number, (size, one) in enumerate(zip(GRAPH_SIZES, sizes, strict=True)):
        first, mark = number == 0, "os^"[number]
        for place, per_frame in enumerate(PER_FRAME):
            published = PUBLISHED[size][per_frame]
            label = "published: 100, 150, 200 mm" if first and place == 0 else ""
            upper.plot([place + 0.1] * 3, published, "_", color=PAPER, markersize=9, label=label)
        upper.plot(one.x, one.a, color=A, label="A" if first else "")
        upper.plot(one.x, one.b, mark, color=B, markersize=LARGE + 1, label=f"B: {size}")
        shifted = one._replace(x=one.x + 0.08 * (number - 1))
        _draw_difference(lower, shifted, reach=reach, bars=True, mark=mark)
    upper.set(yscale="log", xlim=(-0.3, len(PER_FRAME) - 0.7))
    upper.set_ylim(top=8 * upper.get_ylim()[1])  # room for the legend
    lower.set_xticks(range(len(PER_FRAME)), [f"{n} p+/F" for n in PER_FRAME])


def _make_logarithmic(axes: Axes) -> None:
    if axes.dataLim.y1 <= 0:  # straight tracks: every kink is 0
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _reach(rows: Sequence[Compared], series: Iterable[_Series]) -> float:
    """How far the axis of differences goes: twice the tolerance, or as far as the points."""
    limit = QUANTITIES[rows[0].key.quantity].limit if rows else None
    points = np.concatenate([one.difference for one in series])
    furthest = float(np.abs(points[np.isfinite(points)]).max(initial=0.0))
    return min(max(1.15 * furthest, 2 * (limit or 0.0), 0.1), max(WIDEST, 2 * (limit or 0.0)))


def _draw_difference(
    axes: Axes,
    one: _Series,
    *,
    reach: float,
    size: float = LARGE,
    bars: bool = False,
    mark: str = "o",
) -> None:
    # Other points would only fill the panel with their bars.
    telling = (one.error <= reach) & np.isfinite(one.difference)
    x, difference, error = one.x[telling], one.difference[telling], one.error[telling]
    inside = np.abs(difference) <= reach
    axes.plot(x[inside], difference[inside], mark, color=B, markersize=size)
    if bars:
        axes.vlines(x, difference - error, difference + error, color=B, linewidth=1)
    border = 0.96 * reach * np.sign(difference[~inside])
    axes.plot(x[~inside], border, mark, color=B, markersize=size, markerfacecolor="white")
    axes.set_ylim(-reach, reach)


def _verdicts(rows: Iterable[Compared]) -> str:
    verdicts = [row.verdict for row in rows]
    counts = [(verdicts.count(name), name) for name in (PASS, NOISE, FAIL)]
    if not any(count for count, _ in counts):
        return ""
    return ": " + ", ".join(f"{count} {name}" for count, name in counts)


def _tidy(upper: Axes, lower: Axes, rows: Sequence[Compared]) -> None:
    quantity = QUANTITIES[rows[0].key.quantity] if rows else None
    if quantity is not None and quantity.limit is not None:
        lower.axhspan(-quantity.limit, quantity.limit, color=TOLERATED, zorder=0)
    lower.axhline(0, color=A, linewidth=1, zorder=1)
    lower.set_ylabel(f"B - A / {quantity.scale if quantity else '%'}")
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    if rows and rows[0].key.layer is not None:
        lower.set_xlabel("layer")
        lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    upper.tick_params(labelbottom=False)
    if rows:
        handles = sorted(zip(*upper.get_legend_handles_labels(), strict=True), key=lambda h: h[1])
        upper.legend(*zip(*handles, strict=True), frameon=False, fontsize=9)
    else:
        upper.text(0.5, 0.5, "nothing to compare", transform=upper.transAxes, ha="center")


_Draw = Callable[[Axes, Axes, Sequence[Compared]], None]
_PANELS: tuple[tuple[str, tuple[str, ...], _Draw], ...] = (
    ("Energy deposit / keV", ("energy deposit",), _draw_quantiles),
    ("Kink angle of primaries / mrad", ("kink angle",), _draw_quantiles),
    ("Lateral 68 % half-width / mm", ("lateral position",), _draw_widths),
    ("Hits of a primary in the layer", ("hits in the layer",), _draw_counts),
    ("Primaries whose last hit is in the layer / %", ("stops in the layer",), _draw_shares),
    ("Sizes of graphs", GRAPH_SIZES, _draw_graphs),
)
