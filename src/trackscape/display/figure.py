"""Tracks -> a matplotlib figure of one frame: a view in space and two projections."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Line3DCollection

from trackscape.data import Hits, Tracks
from trackscape.evaluation.matching import held_segments, judge

# The colours keep their order of lightness and stay apart for all kinds of colour blindness.
CORRECT, WRONG, WRONG_SEGMENT, MISSED = "#8fb3d1", "#f28e2b", "#b3002d", "#1a1a1a"
HIT, FREE_HIT = "#8c8c8c", "#c9c9c9"
MUTED = ("#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255")
_Index = npt.NDArray[np.int64]


def draw_frame(tracks: Tracks, *, title: str) -> Figure:
    """Draws hits and tracks of one frame in space and projected on the z-x and z-y plane.

    Where the truth is known, the colours say which tracks are correct, and wrong and missing
    segments stand out; else neighbouring tracks differ in colour. The limits leave out the most
    scattered hits, see `view_limits`, so that the tracks near the beam separate.
    """
    figure = Figure(figsize=(14, 11), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1.3, 1))
    frame = _frame(tracks)
    _draw_space(figure.add_subplot(grid[0, :], projection="3d", computed_zorder=False), frame)
    first = figure.add_subplot(grid[1, 0])
    _draw_projection(first, frame, across="x")
    _draw_projection(figure.add_subplot(grid[1, 1]), frame, across="y")
    return _finished(figure, first, title=title)


def draw_projections(tracks: Tracks, *, title: str) -> Figure:
    """Draws the two projections of `draw_frame`, one above the other."""
    figure = Figure(figsize=(12, 10), layout="constrained")
    frame = _frame(tracks)
    first, second = figure.subplots(2, 1, sharex=True)
    _draw_projection(first, frame, across="x")
    first.label_outer()
    _draw_projection(second, frame, across="y")
    return _finished(figure, first, title=title)


def view_limits(hits: Hits) -> list[tuple[float, float]]:
    """Returns the lower and upper limit of x, y and z in mm within which a frame is drawn.

    In x and y, hits further from the median than three times the range between the quartiles are
    left out: a single proton that scatters far would squeeze all others into a line. In z, only
    the last half percent is.
    """
    if len(hits) == 0:
        return [(-1.0, 1.0)] * 3
    edges = np.percentile(hits.position.double().numpy(), (0, 25, 50, 75, 99.5, 100), axis=0)
    limits: list[tuple[float, float]] = []
    for axis, (least, lower, middle, upper, last, most) in enumerate(edges.T.tolist()):
        reach = 3 * (upper - lower)
        low, high = max(least, middle - reach), min(most, middle + reach)
        if axis == 2:
            low, high = least, last
        spare = 0.03 * (high - low) + 1.0  # a single hit has no extent of its own
        limits.append((low - spare, high + spare))
    return limits


class _Strokes(NamedTuple):
    """Lines from hit to hit that are drawn alike, and their entry in the legend."""

    label: str
    lines: list[_Index]
    colour: str | Sequence[str]
    width: float
    style: str | tuple[int, tuple[int, int]] = "solid"


class _Dots(NamedTuple):
    """Hits that are drawn alike, and their entry in the legend."""

    label: str
    hit: npt.NDArray[np.bool_]
    colour: str


class _Frame(NamedTuple):
    """Everything that the views draw, from the bottom to the top."""

    position: npt.NDArray[np.float64]
    limits: list[tuple[float, float]]
    dots: Sequence[_Dots]
    strokes: Sequence[_Strokes]


def _frame(tracks: Tracks) -> _Frame:
    tracks = tracks.to("cpu")
    free = (tracks.of_hit < 0).numpy()
    return _Frame(
        position=tracks.hits.position.double().numpy(),
        limits=view_limits(tracks.hits),
        dots=[
            _Dots(f"hits without a track ({int(free.sum())})", free, FREE_HIT),
            _Dots(f"hits on tracks ({int((~free).sum())})", ~free, HIT),
        ],
        strokes=_strokes(tracks),
    )


def _strokes(tracks: Tracks) -> list[_Strokes]:
    if tracks.hits.truth is None:
        lines = _lines(tracks)
        return [_Strokes(f"tracks ({len(lines)})", lines, MUTED, 1.1)]
    segments, _ = held_segments(tracks)
    found = judge(tracks)
    correct, wrong = _lines(tracks.select(found.correct)), _lines(tracks.select(~found.correct))
    missed, bad = list(found.missed.T.numpy()), list(segments[:, found.wrong].T.numpy())
    dashed = f"true segments on no track ({len(missed)})"
    return [
        _Strokes(f"correct tracks ({len(correct)})", correct, CORRECT, 0.9),
        _Strokes(f"wrong tracks ({len(wrong)})", wrong, WRONG, 1.3),
        _Strokes(dashed, missed, MISSED, 0.8, style=(0, (3, 2))),
        _Strokes(f"wrong segments ({len(bad)})", bad, WRONG_SEGMENT, 2.8),
    ]


def _lines(tracks: Tracks) -> list[_Index]:
    return [tracks[number].numpy() for number in range(len(tracks))]


def _draw_projection(axes: Axes, frame: _Frame, *, across: str) -> None:
    plane = [2, "xy".index(across)]
    point = frame.position[:, plane]
    for dots in frame.dots:
        # Thousands of vector markers would only make the file large.
        axes.scatter(*point[dots.hit].T, s=3, color=dots.colour, label=dots.label, rasterized=True)
    for strokes in frame.strokes:
        lines = [point[line] for line in strokes.lines]
        axes.add_collection(LineCollection(lines, label=strokes.label, **_style(strokes)))
    axes.set(xlim=frame.limits[2], ylim=frame.limits[plane[1]])
    axes.set(xlabel="z, along the beam / mm", ylabel=f"{across} / mm")
    axes.spines[["top", "right"]].set_visible(False)
    low, high = np.array(frame.limits)[plane].T
    outside = int(((point < low) | (point > high)).any(axis=1).sum())
    if outside:
        note = f"{outside} hits outside"
        axes.text(0.99, 0.98, note, transform=axes.transAxes, ha="right", va="top", color=HIT)


def _draw_space(axes: Axes3D, frame: _Frame) -> None:
    limits = np.array([frame.limits[axis] for axis in (2, 0, 1)])
    point = frame.position[:, [2, 0, 1]]
    # A 3-D view clips at the rectangle of the axes, where tracks are, and not at its limits.
    point[((point < limits[:, 0]) | (point > limits[:, 1])).any(axis=1)] = np.nan
    for dots in frame.dots:
        axes.scatter(*point[dots.hit].T, s=2, color=dots.colour, depthshade=False, clip_on=False)
    for order, strokes in enumerate(frame.strokes, start=2):
        lines = [point[line] for line in strokes.lines]
        drawn = Line3DCollection(lines, zorder=order, clip_on=False, **_style(strokes))
        axes.add_collection(drawn, autolim=False)
    axes.set(xlim=limits[0], ylim=limits[1], zlim=limits[2])
    axes.set(xlabel="z, along the beam / mm", ylabel="x / mm", zlabel="y / mm")
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.zaxis.set_major_locator(MaxNLocator(5))
    axes.set_box_aspect((3.2, 1.2, 1.1), zoom=1.75)  # pyright: ignore[reportArgumentType] (any float will do)
    axes.view_init(elev=16, azim=-66)


def _style(strokes: _Strokes) -> dict[str, Any]:
    return {"colors": strokes.colour, "linewidths": strokes.width, "linestyles": strokes.style}


def _finished(figure: Figure, legend_from: Axes, *, title: str) -> Figure:
    figure.suptitle(title, fontsize=14, parse_math=False)
    handles, labels = legend_from.get_legend_handles_labels()
    place = "outside lower center"
    figure.legend(handles, labels, loc=place, ncols=3, frameon=False, markerscale=2)
    return figure
