"""Speed of both engines of the simulation in the same run, and memory of the fast one.

Run as ``python -m benchmarks.simulation -o docs/benchmarks_simulation.md``. Speeds are those of
the engines alone: their rows are thrown away. Times and peak memory (the largest resident size,
Linux only) are those of `trackscape simulate` in new processes.
"""

import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Annotated, Any, NamedTuple

import typer

from benchmarks.page import processor, table

# The rest of trackscape is imported where it is used: a new process counts the peak of the one
# that starts it as its own, and the processes of Geant4 import this file, too.

COMPARED = "water:100"
PHANTOMS = ("none", COMPARED, "water:200", "ctp404")
RUNS = 3
FAST_PRIMARIES = 10_000
"""For each thread."""
GEANT4_PRIMARIES = 1_000
"""For each process."""
FIRST_CHUNK = 1_000
IN_MEMORY = (10_000, 100_000)
MILLION = 1_000_000

FAST_ENOUGH, MANY_TIMES, LITTLE = 20_000, 100, 500  # protons/s, times, MB


class Speed(NamedTuple):
    settled: float
    """Protons per second after the first chunk."""
    whole: float
    """Protons per second, setting up included."""
    first: float
    """Seconds until the first chunk."""


class Process(NamedTuple):
    wall: float
    """Seconds."""
    peak: float
    """MB."""
    file: float
    """MB."""


def run_command(primaries: int) -> Process:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hits.npz"
        command = [sys.executable, "-m", "trackscape", "simulate", "--phantom", COMPARED]
        command += ["--primaries", str(primaries), "--output", str(path)]
        start = time.perf_counter()
        # Its bar is not what is measured, and it would draw one only in a terminal.
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        if status != 0:
            raise SystemExit(f"{' '.join(command)} failed.")
        return Process(wall, usage.ru_maxrss / 1024, path.stat().st_size / 2**20)


def measure_fast(phantom: str, *, threads: int) -> Speed:
    """Medians of some runs; one before them is not counted."""
    from trackscape.simulation import choose_engine

    engine = choose_engine("fast", threads=threads)
    runs = [_measure(engine, phantom, FAST_PRIMARIES, threads) for _ in range(1 + RUNS)]
    return Speed(*(median(values) for values in zip(*runs[1:], strict=True)))


def has_geant4() -> bool:
    return importlib.util.find_spec("geant4_pybind") is not None


def measure_geant4(*, processes: int) -> Speed | None:
    """One run, or None if Geant4 is not installed; it never gets into this process."""
    if not has_geant4():
        return None
    from trackscape.simulation import choose_engine

    engine = choose_engine("geant4", threads=processes)
    return _measure(engine, COMPARED, GEANT4_PRIMARIES, processes)


def _measure(
    engine: Callable[[Any, int, int], Iterator[Any]], phantom: str, each: int, workers: int
) -> Speed:
    from trackscape.simulation import make_setup

    setup = make_setup(phantom=phantom)
    arrivals: list[float] = []
    sizes: list[int] = []
    start = time.perf_counter()
    for chunk in engine(setup, each * workers, 1):
        arrivals.append(time.perf_counter() - start)
        sizes.append(len(chunk.primaries))
    return Speed(
        settled=sum(sizes[1:]) / (arrivals[-1] - arrivals[0]),
        whole=sum(sizes) / arrivals[-1],
        first=arrivals[0],
    )


def hardware(cores: int, *, load: float) -> str:
    packages = ["numba", "numpy", *(["geant4-pybind"] if has_geant4() else [])]
    versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    return (
        f"{cores} cores ({platform.machine()}, {processor()}), Python "
        f"{platform.python_version()}, {', '.join(versions)}; load average when it began: "
        f"{load:.1f}. Regenerate: `make speed`."
    )


def phantom_lines(speeds: dict[str, tuple[Speed, Speed]], *, cores: int) -> list[str]:
    headers = ["phantom", f"protons/s, {cores} threads", "protons/s, 1 thread"]
    rows = [
        [phantom, *(f"{speed.whole:,.0f}" for speed in pair)] for phantom, pair in speeds.items()
    ]
    return [*table(headers, rows), ""]


def engine_lines(fast: Speed, geant4: Speed | None) -> list[str]:
    headers = ["engine", "protons/s, set-up excluded", "set-up included", "first chunk after"]
    rows = [["fast", *_numbers(fast)]]
    if geant4 is None:
        rows.append(["geant4", "not installed", "", ""])
    else:
        rows.append(["geant4", *_numbers(geant4)])
        ratios = [fast.settled / geant4.settled, fast.whole / geant4.whole]
        rows.append(["ratio", *(f"{ratio:.0f}" for ratio in ratios), ""])
    return [*table(headers, rows), ""]


def _numbers(speed: Speed) -> list[str]:
    return [f"{speed.settled:,.0f}", f"{speed.whole:,.0f}", f"{speed.first:.2f} s"]


def process_lines(processes: dict[int, Process]) -> list[str]:
    headers = ["protons", "wall time / s", "peak memory / MB", "file / MB"]
    rows = [
        [f"{primaries:,}", f"{process.wall:.1f}", f"{process.peak:.0f}", f"{process.file:.1f}"]
        for primaries, process in processes.items()
    ]
    return [*table(headers, rows), ""]


SHORTFALL = (
    "The ratio to Geant4 falls short of what was aimed at. This Geant4 has less to do than usual: "
    "it runs in a process on each core, follows electrons only above a range of 0.7 mm, and has no "
    "processes that need data files."
)


def condition_lines(
    fast: Speed, geant4: Speed | None, processes: dict[int, Process], *, cores: int
) -> list[str]:
    most = max(processes)
    peak = processes[most].peak
    ratio = fast.settled / geant4.settled if geant4 else 0.0
    rows = [
        [
            f"at least {FAST_ENOUGH:,} protons/s on 2 cores, set-up included",
            f"{fast.whole:,.0f} on {cores}",
            _verdict(fast.whole >= FAST_ENOUGH, measured=cores == 2),
        ],
        [
            f"at least {MANY_TIMES} times the speed of geant4, set-up excluded",
            f"{ratio:.0f}",
            _verdict(ratio >= MANY_TIMES, measured=geant4 is not None),
        ],
        [
            f"less than {LITTLE} MB for {MILLION:,} protons",
            f"{peak:.0f} MB for {most:,}",
            _verdict(peak < LITTLE, measured=most == MILLION),
        ],
    ]
    return [*table(["condition", "measured", ""], rows), "", SHORTFALL, ""]


def _verdict(holds: bool, *, measured: bool) -> str:
    if not measured:
        return "not measured"
    return "pass" if holds else "fail"


def main(
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")],
    million: Annotated[
        bool, typer.Option("--million", help="Measure a million protons, too: some minutes.")
    ] = False,
) -> None:
    """Measure both engines and write the page."""
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    run_command(FIRST_CHUNK)  # machine code is on disk from here on
    numbers = (FIRST_CHUNK, *IN_MEMORY, *([MILLION] if million else []))
    processes = {primaries: run_command(primaries) for primaries in numbers}
    speeds = {
        phantom: (measure_fast(phantom, threads=cores), measure_fast(phantom, threads=1))
        for phantom in PHANTOMS
    }
    fast, geant4 = speeds[COMPARED][0], measure_geant4(processes=cores)
    lines = [
        "# Benchmarks of the simulation",
        "",
        hardware(cores, load=load),
        "",
        *condition_lines(fast, geant4, processes, cores=cores),
        f"The `fast` engine, medians of {RUNS} runs after one that is not counted, of "
        f"{FAST_PRIMARIES:,} protons a thread, set-up included:",
        "",
        *phantom_lines(speeds, cores=cores),
        f"Both engines on {cores} cores with {COMPARED} in the beam; `geant4` with "
        f"{GEANT4_PRIMARIES * cores:,} protons. Set-up excluded means after the first chunk:",
        "",
        *engine_lines(fast, geant4),
        "`trackscape simulate` in a new process, machine code kept from before, with "
        f"{COMPARED} in the beam. The first line is one chunk: the time until there is one.",
        "",
        *process_lines(processes),
    ]
    from trackscape.files import replacing

    with replacing(output) as partial:
        partial.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
