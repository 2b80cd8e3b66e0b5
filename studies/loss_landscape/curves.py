"""Pairs of trainings -> curves of low loss, kept beside them, and how long they improved."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from studies.decisions import read_arrays
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.inputs import Places, frames_of, network_of, problem_of
from studies.loss_landscape.plan import Pair
from trackscape.data import Hits
from trackscape.files import replacing
from trackscape.landscape import Problem, evaluate_path, train_bezier
from trackscape.scoring import Scorer
from trackscape.tracker_landscape import LossLike, name_losses, needs_plain
from trackscape.training import HammingBlackbox

LOOKS = 5
"""Times at which a search is looked at: before it, and after each quarter of its steps."""
LOOK_FRAMES, LOOK_POINTS = 12, 5
"""Training frames, and points of the curve, whose mean loss is taken then."""


class Curves(NamedTuple):
    """Curves of the loss of decisions, then of the smooth one."""

    bends: Tensor
    """(2, P) Control points between both ends."""
    losses: Tensor
    """(2, `LOOKS`) Mean loss along the curve on training frames in the course of the search."""


def read_curves(study: StudyConfig, pair: Pair, places: Places) -> Curves:
    """Returns the curves between two trainings, which are searched for if they are not there."""
    path = curve_file(study, pair, places.runs)
    if not path.exists():
        _search(study, pair, places, path)
    arrays = read_arrays(path)
    bends, losses = (torch.from_numpy(arrays[name]).double() for name in ("bends", "losses"))
    return Curves(bends, losses)


def curve_file(study: StudyConfig, pair: Pair, runs: Path) -> Path:
    """Returns where the curves of a pair are: in the folder of its first training.

    They depend on no frames but those of training, so that a study may judge them by others.
    """
    search = study.curves.model_dump(
        include={"steps", "frames_per_step", "learning_rate", "training_frames", "strength"}
    )
    text = json.dumps([search, study.training, study.per_frame], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return pair.first.folder(runs) / f"curve-{digest}-{pair.second.folder(runs).name}.npz"


def _search(study: StudyConfig, pair: Pair, places: Places, path: Path) -> None:
    found = list(_curves(study, pair, places))
    # Single precision is that of the trainings themselves.
    arrays = {
        "bends": torch.stack([bend for bend, _ in found]).float().numpy(),
        "losses": np.array([losses for _, losses in found]),
    }
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _curves(study: StudyConfig, pair: Pair, places: Places) -> Iterator[tuple[Tensor, list[float]]]:
    settings = study.curves
    first, second = (network_of(run, places.runs) for run in pair)
    frames = frames_of(study, study.training, settings.training_frames, data=places.data)
    decisions = HammingBlackbox(strength=settings.strength, convention="corrected")
    for loss in name_losses([decisions, first.default_objective]).values():
        problem = problem_of(
            study,
            pair.first,
            first,
            frames,
            losses=[loss],
            norm="batch",
            twice_differentiable=needs_plain(first, loss),
        )
        looks = _Looks(_problem_of_looks(study, pair, first, frames, loss), settings.steps)
        _, bend, _ = train_bezier(
            problem,
            problem.centre,
            problem.space.read(second),
            steps=settings.steps,
            learning_rate=settings.learning_rate,
            batches_per_step=settings.frames_per_step,
            progress=False,
            watch=looks,
        )
        yield bend, looks.losses


def _problem_of_looks(
    study: StudyConfig, pair: Pair, scorer: Scorer, frames: Sequence[Hits], loss: LossLike
) -> Problem:
    """The loss of a few of the frames, evenly from all files, as it is evaluated."""
    few = frames[:: max(1, len(frames) // LOOK_FRAMES)]
    return problem_of(study, pair.first, scorer, few, losses=[loss], norm="recomputed")


class _Looks:
    """Takes the loss of a curve from time to time."""

    def __init__(self, problem: Problem, steps: int) -> None:
        self.problem, self.losses = problem, list[float]()
        self.at = [round(steps * number / (LOOKS - 1)) for number in range(LOOKS)]

    def __call__(self, step: int, control: Tensor) -> None:
        """Looks as often as a step is among those that are looked at, which a few steps repeat."""
        for _ in range(self.at.count(step)):
            path = evaluate_path(self.problem, list(control), steps=LOOK_POINTS, progress=False)
            self.losses.append(float(path.mean().mean()))
