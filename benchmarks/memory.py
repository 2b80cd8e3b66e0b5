"""Peak memory of the work of one frame, in a process that does nothing else (Linux only).

Run as ``python -m benchmarks.memory STAGE WHO THICKNESS PER_FRAME --data FOLDER``, it writes two
numbers of MB: the resident memory before the work, and the highest during it.
"""

import ctypes
import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from benchmarks.cases import N_FRAMES, Case, Frame, find_files, load_frames, typical_frame
from benchmarks.stages import STAGES
from trackscape.memory import keep_freed_memory

ROOT = Path(__file__).resolve().parents[1]
TRIM_THRESHOLD, NEVER = -1, -1  # of mallopt, from glibc's malloc.h
SMALL = 10
"""Primaries of the frame that warms up: imports, tables and machine code are there from then on."""


class Memory(NamedTuple):
    before: float
    """MB."""
    peak: float
    """MB."""

    @property
    def above(self) -> float:
        """MB that the work itself needed."""
        return self.peak - self.before


def measure_memory(stage: str, who: str, case: Case, *, data: Path | None) -> Memory:
    """Measures in a new process, for the frame with the median number of line-graph edges."""
    command = [sys.executable, "-m", __name__, stage, who, *map(str, case)]
    command += [] if data is None else ["--data", str(data.resolve())]
    process = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    return Memory(*json.loads(process.stdout))


def measure_here(stage: str, who: str, case: Case, *, data: Path | None) -> Memory:
    work, files = STAGES[stage][who], find_files(data)
    frame = Frame(typical_frame(load_frames(case, files, n=N_FRAMES)).hits)
    (small,) = load_frames(case._replace(per_frame=SMALL), files, n=1)
    work(small)
    ctypes.CDLL(None).malloc_trim(0)  # or freed memory would serve the work without being counted
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    work(frame)
    return Memory(before, _status("VmHWM"))


def keep_all_memory() -> None:
    """Lets the process keep all that it frees, as the command line does with less than 2 GB.

    Fresh pages are slow to get, so that without this the baseline, which needs gigabytes, takes up
    to three times as long.
    """
    keep_freed_memory()
    ctypes.CDLL(None).mallopt(TRIM_THRESHOLD, NEVER)


def _status(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise AssertionError(field)


def main(
    stage: Annotated[str, typer.Argument(help="One that starts from hits.")],
    who: Annotated[str, typer.Argument(help="ours or baseline.")],
    thickness: Annotated[int, typer.Argument(help="Water in mm.")],
    per_frame: Annotated[int, typer.Argument(help="Primaries in a frame.")],
    data: Annotated[Path | None, typer.Option(help="Folder with hit files.")] = None,
) -> None:
    """Measure and write two numbers."""
    print(json.dumps(measure_here(stage, who, Case(thickness, per_frame), data=data)))


if __name__ == "__main__":
    typer.run(main)
