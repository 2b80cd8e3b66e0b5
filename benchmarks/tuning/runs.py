"""Runs of tools on problems, one JSON file each, so that what was stopped goes on.

``python -m benchmarks.tuning.runs FOLDER --seeds N --tool NAME --problem NAME`` adds what is
missing; without names, all of them.
"""

import json
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from benchmarks.tuning.problems import PROBLEMS
from benchmarks.tuning.tools import TOOLS, run
from trackscape.files import write_json

TRIALS = 200
FIRST_SEED = 6
"""Seeds before chose the priors of the kernel, the compression of large values and the batches."""


class Run(NamedTuple):
    tool: str
    problem: str
    seed: int
    regrets: list[float]
    """Of each trial, in order."""
    seconds: list[float]
    """Of each suggestion."""


def read_runs(folder: Path) -> list[Run]:
    """Returns the runs of a folder."""
    files = sorted(folder.glob("*.json"))
    return [Run(**json.loads(path.read_text("utf-8"))) for path in files]


def main(
    folder: Annotated[Path, typer.Argument(help="Folder that keeps a file for each run.")],
    seeds: Annotated[int, typer.Option(help="Seeds of each.")] = 30,
    tool: Annotated[list[str] | None, typer.Option(help="Tools; all by default.")] = None,
    problem: Annotated[list[str] | None, typer.Option(help="Problems; all by default.")] = None,
    trials: Annotated[int, typer.Option(help="Trials of each run.")] = TRIALS,
) -> None:
    """Run what is missing."""
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        for name in problem or PROBLEMS:
            for each in tool or TOOLS:
                path = folder / f"{name}_{each.replace(' ', '-').replace(',', '')}_{seed}.json"
                if not path.exists():
                    regrets, seconds = run(each, PROBLEMS[name], seed, trials)
                    write_json(path, Run(each, name, seed, regrets, seconds)._asdict())
                    typer.echo(f"{name} {each} {seed}: {min(regrets):.3g}, {sum(seconds):.1f} s")


if __name__ == "__main__":
    typer.run(main)
