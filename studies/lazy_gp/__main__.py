"""Runs every schedule on every problem, and writes the tables.

``python -m studies.lazy_gp RUNS -o docs/studies/lazy_gp.md``; runs are kept in a folder, and what
was stopped goes on.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from studies import markdown
from studies.lazy_gp.problems import PROBLEMS, Problem
from trackscape.files import write_json
from trackscape.tuning import Optimizer

SCHEDULES = ("every", "lag:10", "geometric", "never")


def run(problem: Problem, refits: str, seed: int) -> dict[str, Any]:
    """Losses of all trials, and the seconds of the process that were not those of trials."""
    optimizer = Optimizer(problem.parameters, seed=seed, refits=refits)
    losses: list[float] = []
    seconds = 0.0
    for _ in range(problem.trials):
        begin = time.process_time()
        (values,) = optimizer.ask()
        seconds += time.process_time() - begin
        loss = problem.loss(values)
        begin = time.process_time()
        optimizer.tell(values, loss)
        seconds += time.process_time() - begin
        losses.append(loss)
    return {"losses": losses, "seconds": seconds}


def rows(problem: Problem, runs: dict[str, list[dict[str, Any]]]) -> Iterator[list[str]]:
    """One row for each schedule: best loss with its quartiles, trials to the target, seconds."""
    for refits, some in runs.items():
        best = np.minimum.accumulate([each["losses"] for each in some], axis=1)
        low, middle, high = np.quantile(best[:, -1], [0.25, 0.5, 0.75])
        cells = [refits, f"{len(some)}", f"{middle:.3g} ({low:.3g} to {high:.3g})"]
        if np.isfinite(problem.target):
            reached = best <= problem.target
            first = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)
            share = reached.any(axis=1).mean()
            cells.append(f"{np.median(first):.0f} ({100 * share:.0f} %)")
        else:
            cells.append("")
        yield [*cells, f"{np.median([each['seconds'] for each in some]):.2f}"]


def main(
    folder: Annotated[Path, typer.Argument(help="Folder that keeps the runs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page whose tables are replaced.")],
    seeds: Annotated[int, typer.Option(help="Seeds of each.")] = 30,
    problem: Annotated[list[str] | None, typer.Option(help="Problems; all by default.")] = None,
) -> None:
    """Run what is missing and write the tables."""
    torch.set_num_threads(1)
    for seed in range(seeds):
        for each in PROBLEMS:
            for refits in SCHEDULES:
                path = folder / f"{each.name}_{refits.replace(':', '')}_{seed}.json"
                if not path.exists() and each.name in (problem or [p.name for p in PROBLEMS]):
                    write_json(path, run(each, refits, seed))
    parts: dict[str, list[str]] = {}
    headers = ["refits", "seeds", "best loss (quartiles)", "trials to the target (reached)", "s"]
    for each in PROBLEMS:
        runs = {refits: _read(folder, each, refits) for refits in SCHEDULES}
        kept = {refits: some for refits, some in runs.items() if some}
        parts[each.name] = markdown.table(headers, rows(each, kept), align="right")
    markdown.replace_parts(output, parts)
    typer.echo(output)


def _read(folder: Path, problem: Problem, refits: str) -> list[dict[str, Any]]:
    files = sorted(folder.glob(f"{problem.name}_{refits.replace(':', '')}_*.json"))
    return [json.loads(path.read_text("utf-8")) for path in files]


if __name__ == "__main__":
    typer.run(main)
