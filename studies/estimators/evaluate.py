"""Trained weights -> the unmatched cost that suits them, and decisions; their files."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from studies.decisions import Decisions, read_decisions, read_result
from studies.estimators.plan import Run
from studies.thresholds import tune_reject
from studies.trainings import TIMES, read_rows
from trackscape.assignment import Assigner
from trackscape.data import EdgeScores, HitGraph
from trackscape.evaluation import FrameCounts, count_frame, read_frames
from trackscape.files import write_json
from trackscape.graph_construction import connect_layers, edge_labels
from trackscape.scoring import Scorer
from trackscape.tracking import accept, follow
from trackscape.training import (
    DataConfig,
    TrainingConfig,
    WatchedAssigner,
    read_training_frames,
)

TUNING = "tuning.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tuning:
    """What a training reaches on the frames that are held out."""

    reject: float
    """Unmatched cost with the fewest wrong edges there."""
    edge_error: float
    """Wrong edges / edges at this cost, mean over frames."""
    solves: float
    """Assignment problems for the loss of a frame, forward and backward."""


@functools.lru_cache(maxsize=8)
def judged_graphs(path: Path, *, per_frame: int) -> list[HitGraph]:
    """Returns the graphs of the frames of a file; they are kept, as all trainings need them."""
    return [connect_layers(frame) for frame in read_frames(path, per_frame=per_frame)]


@functools.lru_cache(maxsize=1)
def tuning_graphs(
    files: tuple[str, ...], *, held_out: float, per_frame: int, most: int, folder: Path
) -> list[HitGraph]:
    """Returns the graphs of so many held-out frames, as evenly from all files as can be."""
    settings = DataConfig(training=files, held_out=held_out, per_frame=per_frame)
    _, frames = read_training_frames(settings, folder=folder)
    most = min(most, len(frames))
    return [connect_layers(frames[number * len(frames) // most]) for number in range(most)]


def tune(
    scorer: Scorer, graphs: Sequence[HitGraph], *, settings: TrainingConfig, seed: int
) -> Tuning:
    """Chooses the threshold and measures what it gives.

    Arguments:
        scorer: The trained network.
        graphs: Of frames that it was not trained on.
        settings: Of its training.
        seed: Of its training.
    """
    scores = list(_score(scorer, graphs))
    labels = [edge_labels(graph) for graph in graphs]
    reject = tune_reject(scores, labels)
    assigner = Assigner(semantics="with_unmatched", unmatched_cost=reject)
    errors = [
        ((assigner(each).selected != (label > 0)).double().mean())
        for each, label in zip(scores, labels, strict=True)
    ]
    return Tuning(
        reject=reject,
        edge_error=float(torch.stack(errors).mean()),
        solves=count_solves(scores[0], labels[0], settings=settings, seed=seed),
    )


def count_solves(
    scores: EdgeScores, label: Tensor, *, settings: TrainingConfig, seed: int
) -> float:
    """Solves that the loss of one frame and its backward pass take."""
    watched = WatchedAssigner(settings.assigner.build())
    leaf = scores.logit.clone().requires_grad_()
    asked = EdgeScores(graph=scores.graph, logit=leaf)
    loss = settings.loss.seeded(seed)
    loss(asked, label, assigner=watched, frame=0).backward()
    return watched.diagnose(torch.zeros_like(leaf)).solves


@torch.no_grad()
def judge(scorer: Scorer, graphs: Sequence[HitGraph], *, reject: float) -> Decisions:
    """Decides on each frame in three ways, and counts what becomes of it."""
    assigners = {
        "half": Assigner(semantics="with_unmatched", unmatched_cost=0.5),
        "tuned": Assigner(semantics="with_unmatched", unmatched_cost=reject),
        "card": Assigner(semantics="max_cardinality"),
    }
    counts: dict[str, list[FrameCounts]] = {name: [] for name in assigners}
    chosen: list[Tensor] = []
    for scores in _score(scorer, graphs):
        for name, assigner in assigners.items():
            assignment = assigner(scores)
            counts[name].append(count_frame(accept(follow(assignment)), assignment))
            if name == "tuned":
                chosen.append(assignment.selected)
    return Decisions(counts=counts, chosen=torch.cat(chosen))


def _score(scorer: Scorer, graphs: Sequence[HitGraph]) -> Iterator[EdgeScores]:
    for graph in graphs:
        with torch.no_grad():
            scores: Any = scorer(scorer.prepare(graph))
        yield scores


class Outcome(NamedTuple):
    """What a finished run left behind."""

    run: Run
    tuning: Tuning
    seconds_per_frame: float
    """Seconds for a frame of the training, without validations."""
    decisions: dict[int, Decisions]
    """Decisions by primaries per frame."""


def write_tuning(folder: Path, tuning: Tuning) -> None:
    """Keeps the result of `tune`."""
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
    seconds = float(read_rows(folder / TIMES)[-1]["seconds"])
    optimiser = run.settings.optimiser
    return Outcome(
        run=run,
        tuning=tuning,
        seconds_per_frame=seconds / (optimiser.steps * optimiser.graphs_per_step),
        decisions=read_decisions(folder),
    )
