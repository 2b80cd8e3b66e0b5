"""Protons per second from a file of hits to tables of tracks, by one process and by several.

Run as ``python -m benchmarks.streaming --protons 200000``: it simulates a file behind 100 mm of
water (fast engine), finds the tracks of its frames of 100 protons with the command line, and writes
docs/benchmarks_streaming.md.
"""

import filecmp
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as arrow_parquet
import typer

from benchmarks.machine import hardware
from benchmarks.page import table
from trackscape.formats import stream_columns
from trackscape.simulation import make_setup, simulate

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks_streaming.md"
PER_FRAME, WORKERS = 100, (1, 2)
INTRODUCTION = """# From files of hits to tracks on disk

`trackscape reconstruct FILE --per-frame 100 -o FOLDER` with the default tracker: hits are read, cut
into frames, tracked, and written as tables of hits on tracks and of tracks with their ranges. This
page is written by `python -m benchmarks.streaming`.
"""


class Measured(NamedTuple):
    """A run of the command."""

    seconds: float
    """Wall time, start of Python and of all processes included."""
    memory: float
    """Largest sum of the memory of all processes in MB, pages that they share counted once."""


def write_file(path: Path, protons: int, *, thickness: float = 100.0) -> None:
    """Simulates hits behind water and writes them as parquet."""
    setup = make_setup(phantom=f"water:{thickness:g}")
    simulated = path.with_suffix(".npz")
    simulate(setup, simulated, primaries=protons, seed=17)
    with stream_columns(simulated) as stream:
        writer = None
        for chunk in stream.chunks:
            names = chunk.names
            rows = pa.table({names[m]: np.ascontiguousarray(v) for m, v in chunk.values.items()})
            writer = writer or arrow_parquet.ParquetWriter(path, rows.schema)
            writer.write_table(rows)
        assert writer is not None
        writer.close()


def memory_of(process: int) -> float:
    """Proportional memory of a process and of all below it, in MB."""
    total, left = 0.0, [process]
    while left:
        one = left.pop()
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text("utf-8").splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
            children = Path(f"/proc/{one}/task/{one}/children").read_text("utf-8")
            left += map(int, children.split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def run(file: Path, output: Path, workers: int) -> Measured:
    command = [sys.executable, "-m", "trackscape", "reconstruct", str(file), "-o", str(output)]
    command += ["--per-frame", str(PER_FRAME), "--workers", str(workers)]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    highest, done = 0.0, threading.Event()
    while process.poll() is None:
        highest = max(highest, memory_of(process.pid))
        done.wait(0.5)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Measured(time.perf_counter() - start, highest)


def same_files(one: Path, other: Path) -> bool:
    """Returns whether all tables of two folders have the same bytes."""
    names = [path.relative_to(one) for path in one.rglob("*.parquet")]
    return bool(names) and all(
        filecmp.cmp(one / name, other / name, shallow=False) for name in names
    )


def main(
    protons: Annotated[int, typer.Option(help="Protons in the file.")] = 200_000,
) -> None:
    """Measure and write the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "hits.parquet"
        write_file(file, protons)
        run(file, folder / "warm", WORKERS[-1])  # machine code is there from then on
        found = {n: run(file, folder / f"out{n}", n) for n in WORKERS}
        equal = all(same_files(folder / "warm", folder / f"out{n}") for n in WORKERS)
        size = file.stat().st_size / 2**20
    rows = [
        [str(n), f"{each.seconds:.1f}", f"{protons / each.seconds:,.0f}", f"{each.memory:,.0f}"]
        for n, each in found.items()
    ]
    scaling = found[WORKERS[0]].seconds / found[WORKERS[-1]].seconds
    lines = [
        INTRODUCTION,
        *table(["processes", "seconds", "protons/s", "memory, MB"], rows),
        "",
        f"Two processes are {scaling:.2f} times as fast as one; their tables have "
        f"{'the same' if equal else 'DIFFERENT'} bytes. Beside {WORKERS[-1]} of them, one reads "
        "the file and cuts it.",
        "",
        f"Data: {protons:,} protons behind 100 mm of water, fast engine, seed 17, parquet of "
        f"{size:.0f} MB. Hardware: {hardware()}",
    ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
