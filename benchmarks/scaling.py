"""How time and memory of our reconstruction grow with the number of protons in a frame."""

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.cases import N_FRAMES, Case, Frame, find_files, load_frames, typical_size
from benchmarks.memory import measure_memory
from benchmarks.stages import NETWORK, STAGES, WHOLE
from trackscape.pictures import save_figure

PER_FRAME = (25, 50, 75, 100, 150, 200, 300, 400)
PER_FRAME_QUICK = (25, 50, 100)
LARGE = 100
"""From so many primaries on, fixed costs no longer hide how the work grows."""
SECONDS, MOST_ROUNDS = 1.0, 40


class Point(NamedTuple):
    """Medians over some frames with as many primaries."""

    per_frame: int
    edges: float
    line_graph_edges: float
    whole: float
    """ms."""
    network: float
    """ms."""
    memory: float
    """MB above what the process had before."""


def measure_scaling(data: Path | None, *, quick: bool) -> Iterator[Point]:
    """Measures one density after the other behind the first phantom, where there are enough."""
    files = find_files(data)
    for per_frame in PER_FRAME_QUICK if quick else PER_FRAME:
        case = Case(min(files), per_frame)
        frames = load_frames(case, files, n=N_FRAMES)
        size = typical_size(frames)
        yield Point(
            per_frame=per_frame,
            edges=size.edges,
            line_graph_edges=size.line_graph_edges,
            whole=_milliseconds(STAGES[WHOLE]["ours"], frames),
            network=_milliseconds(STAGES[NETWORK]["ours"], frames),
            memory=measure_memory(WHOLE, "ours", case, data=data).above,
        )


def _milliseconds(work: Callable[[Frame], object], frames: list[Frame]) -> float:
    """Median over the frames, again and again for about a second; one call of each before."""
    for frame in frames:
        work(frame)
    times: list[float] = []
    for frame in itertools.islice(itertools.cycle(frames), MOST_ROUNDS):
        start = time.perf_counter()
        work(frame)
        times.append(time.perf_counter() - start)
        if len(times) >= len(frames) and sum(times) > SECONDS:
            break
    return 1e3 * median(times)


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """Exponent p of the power law y ~ x^p that is nearest in least squares of the logarithms."""
    slope, _ = np.polyfit(np.log(x), np.log(y), 1)
    return float(slope)


def exponents(points: Sequence[Point], *, of: str, against: str) -> tuple[float, float]:
    """The exponent over all points, and over those with `LARGE` frames (NaN if they are few)."""
    large = [point for point in points if point.per_frame >= LARGE]
    return _fit(points, of, against), _fit(large, of, against)


def _fit(points: Sequence[Point], of: str, against: str) -> float:
    if len(points) < 2:
        return math.nan
    return exponent(
        [getattr(point, against) for point in points], [getattr(point, of) for point in points]
    )


def draw(points: Sequence[Point], path: Path) -> None:
    """Times against line-graph edges, with the slope of the work as a guide; a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    x = [point.line_graph_edges for point in points]
    axes.loglog(x, [point.whole for point in points], "o-", label="hits to tracks")
    axes.loglog(x, [point.network for point in points], "s--", label="network alone")
    last = points[-1]
    guide = [last.whole * value / last.line_graph_edges for value in x]
    axes.loglog(x, guide, color="0.6", label="as the line-graph edges (slope 1)", zorder=0)
    for point in points:
        axes.annotate(
            f"{point.per_frame}", (point.line_graph_edges, point.whole), xytext=(0, 7),
            textcoords="offset points", ha="center", fontsize="small",
        )  # fmt: skip
    axes.set(xlabel="line-graph edges of a frame (primaries above the points)", ylabel="time / ms")
    axes.legend(frameon=False)
    axes.xaxis.set_minor_formatter("")
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path, dpi=150)
