"""Trainings -> planes along the top eigenvectors of the Hessian, and how flat they are."""

import dataclasses
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from studies.decisions import check_there, read_result
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.inputs import (
    Places,
    frames_of,
    losses_of,
    network_of,
    problem_of,
)
from studies.loss_landscape.plan import Run
from trackscape.files import write_json
from trackscape.landscape import Surface, eigen_directions, evaluate, grid
from trackscape.landscape.curvature import exact_hessian, top_eigenpairs
from trackscape.landscape.output import load_surface, save_surface

PAIRS = 2
"""Number of eigenvectors, which span a plane."""
FLAT = 2.0
"""Multiple of the loss of the training up to which a plane counts as flat."""


def measure_plane(study: StudyConfig, run: Run, places: Places, folder: Path) -> None:
    """Writes ``<run>-eigen.json`` and ``<run>-plane.npz``, the latter last.

    The Hessian is the exact one of the smooth loss, cross-entropy or likelihood, for a training
    through the assignment, too: the loss of its decisions is piecewise constant, and what automatic
    differentiation makes of two passes through the blackbox layer is the Hessian of a linear one.
    Directions have the norm of the weights, tensor by tensor, as published. BatchNorm is frozen.
    The losses are the smooth one and that of decisions.
    """
    settings = study.planes
    scorer = network_of(run, places.runs)
    few = frames_of(study, study.judged, settings.eigen_frames, data=places.data)
    smooth = problem_of(
        study, run, scorer, few, losses=[scorer.default_objective], twice_differentiable=True
    )
    pairs = top_eigenpairs(exact_hessian(smooth), PAIRS, tolerance=settings.tolerance)
    directions = eigen_directions(pairs.vectors, scorer, norm="tensor")
    frames = frames_of(study, study.judged, settings.frames, data=places.data)
    problem = problem_of(study, run, scorer, frames, losses=losses_of(scorer)[:2])
    points = grid(
        problem.centre,
        directions.vectors,
        extent=settings.extent,
        steps=settings.steps,
        axes=directions.axes,
    )
    surface = evaluate(problem, points, progress=False)
    content = {
        "kind": pairs.kind,
        "values": pairs.values.tolist(),
        "residuals": pairs.residuals.tolist(),
        "products": pairs.num_matvecs,
        "angle": float(directions.angles()[0, 1]),
    }
    write_json(folder / f"{run.name}-eigen.json", content)
    save_surface(_in_its_coordinates(surface), folder / f"{run.name}-plane.npz")


def _in_its_coordinates(plane: Surface) -> Surface:
    """The same losses at points of two numbers: a file without weights is small enough to keep."""
    unit = torch.eye(PAIRS, dtype=torch.float64)
    points = dataclasses.replace(plane.points, centre=0 * unit[0], directions=unit)
    return dataclasses.replace(plane, points=points)


class Spread(NamedTuple):
    """Mean and range of a number over trainings."""

    mean: float
    min: float
    max: float


class Flatness(NamedTuple):
    """What the planes of a setting look like."""

    setting: str
    kind: str
    """Kind of the Hessian."""
    smooth: str
    """Name of the loss whose Hessian it is."""
    eigenvalues: tuple[Spread, Spread]
    """Two eigenvalues of largest magnitude."""
    residual: float
    """Largest residual of an eigenpair, relative to its eigenvalue."""
    angle: Spread
    """Angle between the directions after their scaling, in degrees."""
    centre: dict[str, Spread]
    """Loss at the trainings, with the statistics of BatchNorm as trained."""
    gain: dict[str, Spread]
    """Depth of the lowest point below the training, relative to the loss of the training."""
    significant: dict[str, int]
    """Number of trainings whose lowest point is deeper than two standard errors."""
    flat: dict[str, Spread]
    """Share of the plane with less than `FLAT` times the loss at the training."""


def summarise_flatness(study: StudyConfig, runs: Sequence[Run], folder: Path) -> list[Flatness]:
    """Returns a summary of each setting.

    Raises:
        RunError: A plane is not there.
    """
    return [
        _of_setting(setting.name, [run for run in runs if run.setting == setting.name], folder)
        for setting in study.settings
    ]


def read_plane(run: Run, folder: Path) -> Surface:
    """Returns the plane around a training.

    Raises:
        RunError: It is not there.
    """
    path = folder / f"{run.name}-plane.npz"
    check_there(path)
    return load_surface(path)


def _of_setting(name: str, runs: list[Run], folder: Path) -> Flatness:
    planes = [read_plane(run, folder) for run in runs]
    eigen = [read_result(folder / f"{run.name}-eigen.json") for run in runs]
    losses = planes[0].names
    depths = {loss: [_depth(plane, loss) for plane in planes] for loss in losses}
    first, second = (spread([each["values"][number] for each in eigen]) for number in (0, 1))
    return Flatness(
        setting=name,
        kind=eigen[0]["kind"],
        smooth=losses[0],
        eigenvalues=(first, second),
        residual=max(
            residual / abs(value)
            for each in eigen
            for value, residual in zip(each["values"], each["residuals"], strict=True)
        ),
        angle=spread([each["angle"] for each in eigen]),
        centre={loss: spread([_centre(plane, loss) for plane in planes]) for loss in losses},
        gain={loss: spread([depth for depth, _ in depths[loss]]) for loss in losses},
        significant={loss: sum(deep for _, deep in depths[loss]) for loss in losses},
        flat={loss: spread([_flat(plane, loss) for plane in planes]) for loss in losses},
    )


def spread(values: Sequence[float]) -> Spread:
    """Returns mean and range."""
    return Spread(statistics.fmean(values), min(values), max(values))


def _centre(plane: Surface, loss: str) -> float:
    return float(plane.mean(loss).ravel()[len(plane.points) // 2])


def _depth(plane: Surface, loss: str) -> tuple[float, bool]:
    """Relative depth of the lowest point, and whether it exceeds two standard errors."""
    values = plane.values[:, :, plane.names.index(loss)]
    lowest = int(np.nanargmin(values @ plane.weights))
    differences = values[len(values) // 2] - values[lowest]
    n = len(differences)
    error = differences.std(ddof=1) / n**0.5 if n > 1 else np.inf
    depth = float(differences.mean())
    centre = _centre(plane, loss)
    return (depth / centre if centre else 0.0), bool(depth > 2 * error)


def _flat(plane: Surface, loss: str) -> float:
    return float((plane.mean(loss) < FLAT * _centre(plane, loss)).mean())
