"""Two trainings -> what lies between them: straight, after alignment, and along trained curves."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.material import (
    Places,
    frames_of,
    network_of,
    problem_of,
)
from studies.loss_landscape.plan import Pair
from trackscape.files import replacing
from trackscape.landscape.connectivity import align, evaluate_path, train_bezier
from trackscape.scoring import Scorer
from trackscape.tracker_landscape.networks import unit_groups
from trackscape.tracker_landscape.problem import name_losses, needs_plain
from trackscape.training import HammingBlackbox

ROUTES = ("line", "aligned line", "curve of decisions", "curve of the smooth loss")


def measure_paths(study: StudyConfig, pair: Pair, places: Places, folder: Path) -> None:
    """Writes ``<pair>-paths.npz``: losses (N, B, M) along each of `ROUTES`, distances, and bends.

    Curves join the trainings as they are, without alignment, as published. BatchNorm looks at each
    frame while a curve is trained, and its statistics are recomputed at each point that is
    evaluated: those of one end are wrong everywhere else. Decisions are those of the first
    training's setting.
    """
    first, second = (network_of(run, places.runs) for run in pair)
    frames = frames_of(study, study.judged, study.curves.frames, data=places.data)
    problem = problem_of(study, pair.first, first, frames, norm="recomputed")
    start, end = problem.centre, problem.space.read(second)
    aligned = problem.space.read(align(second, first, unit_groups(first)).model)
    ways: dict[str, list[Tensor]] = {"line": [start, end], "aligned line": [start, aligned]}
    ways |= dict(zip(ROUTES[2:], _curves(study, pair, first, end, places), strict=True))
    found = {
        name: evaluate_path(problem, control, steps=study.curves.points, progress=False)
        for name, control in ways.items()
    }
    arrays = {name: surface.values for name, surface in found.items()}
    arrays["names"] = np.array(found["line"].names)
    arrays["distances"] = torch.stack([(end - start).norm(), (aligned - start).norm()]).numpy()
    arrays["bends"] = torch.stack([ways[name][1] for name in ROUTES[2:]]).numpy()
    with replacing(folder / f"{pair.name}-paths.npz") as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def _curves(
    study: StudyConfig, pair: Pair, first: Scorer, end: Tensor, places: Places
) -> Iterator[list[Tensor]]:
    settings = study.curves
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
        yield train_bezier(
            problem,
            problem.centre,
            end,
            steps=settings.steps,
            learning_rate=settings.learning_rate,
            batches_per_step=settings.frames_per_step,
            progress=False,
        )
