"""Protons per second of the default tracker, compiled for tracking against its plain path.

Run as ``python -m benchmarks.throughput --data FOLDER`` from the root of the checkout, with
``OMP_NUM_THREADS=1``; it writes docs/benchmarks_throughput.md. Times are seconds of one core.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks.machine import hardware
from benchmarks.page import table
from trackscape.data import Tracks
from trackscape.evaluation import count_frame, efficiency, purity
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.tracking import NetworkTracker, accept, chosen_segments, load_tracker

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks_throughput.md"
FILE, PER_FRAME, LARGE, REPEATS = "water_100_val.npz", 100, 1000, 3
INTRODUCTION = """# Throughput of the default tracker

Tracking looks at few pairs of segments: those that the first round of messages leaves possible.
The plain path, which training differentiates, keeps all. Both find tracks in the same frames here,
in one run on one core. This page is written by `python -m benchmarks.throughput`.
"""


def plain_tracker() -> NetworkTracker:
    """Returns the default tracker with all pairs of segments."""
    tracker = load_tracker()
    assert isinstance(tracker, NetworkTracker)
    tracker.scorer.score_likely = tracker.scorer.score
    return tracker


def seconds_of_core(work: Callable[[], object]) -> float:
    """Least of some repeats."""
    times: list[float] = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def chains(tracks: Tracks) -> set[tuple[int, ...]]:
    return {tuple(tracks[number].tolist()) for number in range(len(tracks))}


def share_of_same_hits(one: Sequence[Tracks], other: Sequence[Tracks]) -> float:
    """Share of the hits that lie on the same whole chain, lone hits included."""
    same = sum(
        len(chain) for a, b in zip(one, other, strict=True) for chain in chains(a) & chains(b)
    )
    return same / sum(len(tracks.hits) for tracks in one)


def quality(tracker: NetworkTracker, found: Sequence[Tracks]) -> tuple[float, float]:
    """Purity and efficiency in %."""
    counts = []
    for tracks in found:
        accepted, graph = accept(tracks), tracker.scorer.connect(tracks.hits)
        counts.append(count_frame(accepted, chosen_segments(accepted, graph=graph)))
    return 100 * purity(counts).value, 100 * efficiency(counts).value


def measure_large(path: Path) -> tuple[float, float, float]:
    """Seconds, and resident MB before and at most, of a large frame in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.throughput", "--data", str(path.parent), "--large"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, before, peak = map(float, output.split())
    return seconds, before, peak


def large_here(path: Path) -> None:
    tracker, hits = load_tracker(), read_hits(path)
    (frame, *_), (small, *_) = split_frames(hits, per_frame=LARGE), split_frames(hits, per_frame=10)
    accept(tracker(small))
    Path("/proc/self/clear_refs").write_text("5")
    before, start = resident("VmRSS"), time.process_time()
    accept(tracker(frame))
    print(time.process_time() - start, before, resident("VmHWM"))


def resident(field: str) -> float:
    """MB of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def page(path: Path) -> str:
    hits = read_hits(path)
    frames = split_frames(hits, per_frame=PER_FRAME)
    making = seconds_of_core(lambda: split_frames(hits, per_frame=PER_FRAME)) / len(frames)
    fast, found, rows = load_tracker(), {}, []
    assert isinstance(fast, NetworkTracker)
    milliseconds: dict[str, float] = {}
    for name, tracker in (("plain", plain_tracker()), ("for tracking", fast)):
        found[name] = [tracker(frame) for frame in frames]
        spent = seconds_of_core(lambda t=tracker: [accept(t(frame)) for frame in frames])
        whole = spent / len(frames) + making
        milliseconds[name] = 1e3 * whole
        values = (1e3 * whole, PER_FRAME / whole, *quality(fast, found[name]))
        rows.append([name, *(f"{v:,.{n}f}" for v, n in zip(values, (2, 0, 2, 2), strict=True))])
    ratio = milliseconds["plain"] / milliseconds["for tracking"]
    same = share_of_same_hits(found["plain"], found["for tracking"])
    seconds, before, peak = measure_large(path)
    headers = ["path", "ms a frame", "protons/s", "purity (%)", "efficiency (%)"]
    lines = [
        INTRODUCTION,
        *table(headers, rows),
        "",
        f"The second is {ratio:.1f} times as fast; {100 * same:.3f} % of the hits lie on the same "
        f"whole chain. Frames are made of the hits in {1e3 * making:.2f} ms of both.",
        "",
        f"A frame of {LARGE:,} protons takes {seconds:.1f} s and {peak - before:.0f} MB beside the "
        f"{before:.0f} MB that packages and the file take, {peak:.0f} MB in all.",
        "",
        f"Data: `{path.name}`, Geant4, 100 mm of water, {len(frames)} frames of {PER_FRAME} "
        f"protons, least of {REPEATS} repeats in CPU seconds of one thread. Hardware: {hardware()}",
        "",
    ]
    return "\n".join(lines)


def main(
    data: Annotated[Path, typer.Option(help=f"Folder with {FILE}.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")] = PAGE,
    large: Annotated[bool, typer.Option("--large", hidden=True)] = False,
) -> None:
    """Measure both paths and write the page."""
    torch.set_num_threads(1)
    if large:
        large_here(data / FILE)
        return
    output.write_text(page(data / FILE), encoding="utf-8")
    print(output)


if __name__ == "__main__":
    typer.run(main)
