"""Everything: ``python -m benchmarks.tuning RUNS`` measures what is missing and writes the page."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.machine import hardware
from benchmarks.tuning import page
from benchmarks.tuning.runs import read_runs, write_archive
from trackscape.pictures import save_figure

DOCS = Path(__file__).parents[2] / "docs"
PARTS = ("states", "optuna", "lazy", "classical", "paper")


def main(
    folder: Annotated[Path, typer.Argument(help="Folder that keeps what was measured.")],
    seeds: Annotated[int, typer.Option(help="Seeds of each tool and problem.")] = 30,
    only_page: Annotated[bool, typer.Option("--page", help="Measure nothing more.")] = False,
) -> None:
    """Measure, each part in a process of its own, and write docs/benchmarks_tuning.md."""
    if not only_page:
        for part in PARTS:
            file = folder / "speed" / f"{part}.json"
            if not file.exists():
                _run("benchmarks.tuning.speed", part, str(file))
        _run("benchmarks.tuning.runs", str(folder / "quality"), "--seeds", str(seeds))
    runs = read_runs(folder / "quality")
    write_archive(runs)
    save_figure(page.draw(runs), DOCS / "images" / "tuning_regret.png", dpi=110)
    save_figure(page.draw(runs, against="seconds"), DOCS / "images" / "tuning_seconds.png", dpi=110)
    text = "\n".join(page.lines(folder / "speed", runs, hardware()))
    (DOCS / "benchmarks_tuning.md").write_text(text + "\n", encoding="utf-8")
    print(DOCS / "benchmarks_tuning.md")


def _run(module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)


if __name__ == "__main__":
    typer.run(main)
