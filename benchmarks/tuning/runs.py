"""Runs of tools on problems, one JSON file each, so that what was stopped goes on.

``python -m benchmarks.tuning.runs FOLDER --seeds N --tool NAME --problem NAME`` adds what is
missing; without names, all of them. Runs of other days are in an archive beside this file.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import typer

from benchmarks.tuning.problems import PROBLEMS
from benchmarks.tuning.tools import TOOLS, run
from trackscape.files import replacing, write_json

TRIALS = 200
FIRST_SEED = 6
"""Seeds before chose the priors of the kernel, the compression of large values and the batches."""
MARK = 10
"""Seconds are kept after every tenth trial."""
ARCHIVE = Path(__file__).with_name("runs.parquet")


class Run(NamedTuple):
    tool: str
    problem: str
    seed: int
    best: list[float]
    """Least regret up to each trial."""
    seconds: list[float]
    """Of all suggestions up to every tenth trial."""

    @property
    def key(self) -> tuple[str, str, int]:
        return self.tool, self.problem, self.seed


def read_runs(folder: Path) -> list[Run]:
    """Returns the runs of the archive and of a folder."""
    found = {each.key: each for each in archived_runs()}
    for path in sorted(folder.glob("*.json")):
        raw = json.loads(path.read_text("utf-8"))
        best = np.minimum.accumulate(raw["regrets"]).tolist()
        spent = np.cumsum(raw["seconds"])[MARK - 1 :: MARK].tolist()
        run = Run(raw["tool"], raw["problem"], raw["seed"], best, spent)
        found.setdefault(run.key, run)
    return [found[key] for key in sorted(found)]


def archived_runs() -> list[Run]:
    """Returns the runs that the repository keeps."""
    if not ARCHIVE.exists():
        return []
    rows = pyarrow.parquet.read_table(ARCHIVE).to_pylist()
    return [Run(**row) for row in rows]


def write_archive(runs: Sequence[Run]) -> None:
    """Keeps runs in the repository, in single precision."""
    single = pa.list_(pa.float32())
    types = [pa.string(), pa.string(), pa.int32(), single, single]
    schema = pa.schema(list(zip(Run._fields, types, strict=True)))
    table = pa.Table.from_pylist([run._asdict() for run in runs], schema=schema)
    with replacing(ARCHIVE) as partial:
        pyarrow.parquet.write_table(table, partial, compression="zstd")


def main(
    folder: Annotated[Path, typer.Argument(help="Folder that keeps a file for each run.")],
    seeds: Annotated[int, typer.Option(help="Seeds of each.")] = 30,
    tool: Annotated[list[str] | None, typer.Option(help="Tools; all by default.")] = None,
    problem: Annotated[list[str] | None, typer.Option(help="Problems; all by default.")] = None,
    trials: Annotated[int, typer.Option(help="Trials of each run.")] = TRIALS,
) -> None:
    """Run what is missing."""
    kept = {each.key for each in archived_runs()}
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        for name in problem or PROBLEMS:
            for each in tool or TOOLS:
                path = folder / f"{name}_{each.replace(' ', '-').replace(',', '')}_{seed}.json"
                if not path.exists() and (each, name, seed) not in kept:
                    regrets, seconds = run(each, PROBLEMS[name], seed, trials)
                    raw = {"tool": each, "problem": name, "seed": seed}
                    write_json(path, raw | {"regrets": regrets, "seconds": seconds})
                    typer.echo(f"{name} {each} {seed}: {min(regrets):.3g}, {sum(seconds):.1f} s")


if __name__ == "__main__":
    typer.run(main)
