"""A run folder <-> what its training was found to be worth."""

import csv
import dataclasses
from pathlib import Path
from typing import NamedTuple

from studies.decisions import Decisions, read_decisions, read_result
from studies.estimators.judge import Tuning
from studies.estimators.plan import Run
from trackscape.files import write_json

WEIGHTS, TUNING = "weights.safetensors", "tuning.json"


class Outcome(NamedTuple):
    """What a finished run left behind."""

    run: Run
    tuning: Tuning
    seconds_per_frame: float
    """Of the training, without validations."""
    decisions: dict[int, Decisions]
    """By primaries per frame; empty if the run was for the search only."""


def write_tuning(folder: Path, tuning: Tuning) -> None:
    """Keeps the result of `studies.estimators.judge.tune`."""
    write_json(folder / TUNING, dataclasses.asdict(tuning))


def read_tuning(folder: Path) -> Tuning:
    """Returns what `write_tuning` wrote.

    Raises:
        RunError: If the run is not finished.
    """
    return Tuning(**read_result(folder / TUNING))


def read_outcome(run: Run, *, runs: Path) -> Outcome:
    """Returns what a finished run left in its folder.

    Raises:
        RunError: If it is not finished.
    """
    folder = run.folder(runs)
    tuning = read_tuning(folder)
    with (folder / "timing.csv").open() as file:
        seconds = float(list(csv.DictReader(file))[-1]["seconds"])
    optimiser = run.settings.optimiser
    return Outcome(
        run=run,
        tuning=tuning,
        seconds_per_frame=seconds / (optimiser.steps * optimiser.graphs_per_step),
        decisions=read_decisions(folder),
    )
