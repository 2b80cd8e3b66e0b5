"""Measures all and writes docs/benchmarks.md: `make bench DATA=folder`, a quarter of an hour.

Run as ``python -m benchmarks.run --data FOLDER`` from the root of the checkout. The numbers stay
in ``.benchmarks/``, from which ``python -m benchmarks.report .benchmarks`` writes the page again.
"""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.agreement import measure_agreement
from benchmarks.cases import Case, all_cases, find_files
from benchmarks.machine import describe
from benchmarks.memory import ROOT, Memory, keep_all_memory, measure_memory
from benchmarks.report import PAGE, write_page
from benchmarks.results import STAGES_FILE, read_results, write_others
from benchmarks.scaling import Point, measure_scaling
from benchmarks.stages import FROM_HITS


def measure_stages(data: Path | None, folder: Path, *, quick: bool) -> None:
    """Runs the suite of pytest-benchmark in a process of its own."""
    command = [sys.executable, "-m", "pytest", "benchmarks/test_stages.py", "--benchmark-only"]
    command += ["--benchmark-quiet", f"--benchmark-json={folder / STAGES_FILE}"]
    command += ["-q", *(["--quick"] if quick else []), *([f"--data={data}"] if data else [])]
    subprocess.run(command, cwd=ROOT, check=True)


def measure_memories(data: Path | None, *, quick: bool) -> dict[tuple[str, str, Case], Memory]:
    """Measures whatever starts from hits, ours and the baseline's."""
    memory: dict[tuple[str, str, Case], Memory] = {}
    cases = all_cases(find_files(data))
    for case in cases[:1] if quick else cases:
        for stage in FROM_HITS:
            for who in ("ours", "baseline"):
                value = measure_memory(stage, who, case, data=data)
                print(f"{stage}, {who}, {case}: {value.above:.0f} MB", flush=True)
                memory[stage, who, case] = value
    return memory


def measure_growth(data: Path | None, *, quick: bool) -> list[Point]:
    points: list[Point] = []
    for point in measure_scaling(data, quick=quick):
        print(f"{point.per_frame} p+/F: {point.whole:.3g} ms, {point.memory:.0f} MB", flush=True)
        points.append(point)
    return points


def about(data: Path | None, *, quick: bool) -> str:
    names = ", ".join(path.name for path in find_files(data).values())
    return f"{names}; {'a quick run of two frames' if quick else 'medians of five frames'}"


def main(
    data: Annotated[
        Path | None, typer.Option(help="Folder with water_{100,150,200}_val.npz; or the samples.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")] = PAGE,
    quick: Annotated[bool, typer.Option("--quick", help="Few frames, to try it out.")] = False,
) -> None:
    """Measure stages, memory and growth, and write the page."""
    machine, data = describe(), data.resolve() if data else None
    folder = ROOT / ".benchmarks"
    folder.mkdir(exist_ok=True)
    print(f"Load average {machine.load:.1f}: the machine should do nothing else.", flush=True)
    measure_stages(data, folder, quick=quick)
    memory = measure_memories(data, quick=quick)
    keep_all_memory()
    growth = measure_growth(data, quick=quick)
    agreement = measure_agreement(data, quick=quick)
    write_others(
        folder,
        machine=machine,
        about=about(data, quick=quick),
        memory=memory,
        scaling=growth,
        agreement=agreement,
    )
    write_page(read_results(folder), output)
    print(output)


if __name__ == "__main__":
    typer.run(main)
