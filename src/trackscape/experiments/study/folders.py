"""A run folder <-> what its training was found to be worth."""

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from trackscape.errors import RunError
from trackscape.evaluation import FrameCounts
from trackscape.experiments.run_folder import write_json
from trackscape.experiments.study.judge import Decisions, Tuning
from trackscape.experiments.study.plan import Run
from trackscape.files import replacing

WEIGHTS, TUNING, COUNTS, CHOSEN = (
    "weights.safetensors",
    "tuning.json",
    "counts.json",
    "chosen.npz",
)


class Outcome(NamedTuple):
    """What a finished run left behind."""

    run: Run
    tuning: Tuning
    seconds_per_frame: float
    """Of the training, without validations."""
    decisions: dict[int, Decisions]
    """By primaries per frame; empty if the run was for the search only."""


def write_tuning(folder: Path, tuning: Tuning) -> None:
    """Keeps the result of `trackscape.experiments.study.judge.tune`."""
    write_json(folder / TUNING, dataclasses.asdict(tuning))


def read_tuning(folder: Path) -> Tuning:
    """Returns what `write_tuning` wrote.

    Raises:
        RunError: If the run is not finished.
    """
    return Tuning(**_read_json(folder / TUNING))


def write_decisions(folder: Path, decisions: dict[int, Decisions]) -> None:
    """Keeps decisions at each number of primaries per frame; the counts come last."""
    with replacing(folder / CHOSEN) as partial, partial.open("wb") as file:
        bits = {str(density): np.packbits(each.chosen) for density, each in decisions.items()}
        np.savez_compressed(file, allow_pickle=False, **bits)
    content = {
        str(density): {name: _columns(counts) for name, counts in each.counts.items()}
        for density, each in decisions.items()
    }
    with replacing(folder / COUNTS) as partial:
        partial.write_text(json.dumps(content), encoding="utf-8")


def read_decisions(folder: Path) -> dict[int, Decisions]:
    """Returns what `write_decisions` wrote.

    Raises:
        RunError: If the run was not judged.
    """
    decisions: dict[int, Decisions] = {}
    content = _read_json(folder / COUNTS)
    with np.load(folder / CHOSEN, allow_pickle=False) as bits:
        for density, by_name in content.items():
            counts = {name: _counts(columns) for name, columns in by_name.items()}
            n_edges = sum(each.true_edges + each.false_edges for each in counts["tuned"])
            chosen = torch.from_numpy(np.unpackbits(bits[density], count=n_edges)).bool()
            decisions[int(density)] = Decisions(counts=counts, chosen=chosen)
    return decisions


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


def wrong_edges(counts: list[FrameCounts]) -> Tensor:
    """(F,) Wrong decisions of each frame."""
    return torch.tensor(
        [each.true_edges - each.selected_true_edges + each.selected_false_edges for each in counts]
    ).double()


def edges(counts: list[FrameCounts]) -> Tensor:
    """(F,) Edges of each frame."""
    return torch.tensor([each.true_edges + each.false_edges for each in counts]).double()


def _columns(counts: list[FrameCounts]) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(FrameCounts)]
    return {name: [getattr(each, name) for each in counts] for name in names}


def _counts(columns: dict[str, Any]) -> list[FrameCounts]:
    rows = zip(*columns.values(), strict=True)
    return [FrameCounts(**dict(zip(columns, map(_tuple, row), strict=True))) for row in rows]


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _read_json(path: Path) -> Any:
    if not path.exists():
        raise RunError(
            f"{path}: expected the result of a finished run, but it is not there. Run the study "
            "without --report-only; what is done is not done again."
        )
    return json.loads(path.read_text(encoding="utf-8"))
