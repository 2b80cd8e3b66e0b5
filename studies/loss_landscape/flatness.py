"""Planes around trainings -> how steep the landscape is, and whether they lie in a minimum."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.files import check_there, read_json
from studies.loss_landscape.plan import Run
from trackscape.landscape.output import load_surface
from trackscape.landscape.surface import Surface

FLAT = 2.0
"""Times the loss at the training up to which a plane counts as flat."""


class Spread(NamedTuple):
    """A number of several trainings."""

    mean: float
    least: float
    most: float


class Flatness(NamedTuple):
    """Of the planes of a setting."""

    setting: str
    kind: str
    """Which Hessian."""
    smooth: str
    """Which loss it is of."""
    eigenvalues: tuple[Spread, Spread]
    residual: float
    """The largest, relative to its eigenvalue."""
    angle: Spread
    """Between the directions after their scaling, in degrees."""
    centre: dict[str, Spread]
    """Loss at the trainings, with the statistics of BatchNorm as trained."""
    gain: dict[str, Spread]
    """How much lower the lowest point of the plane is, relative to the loss at the training."""
    sure: dict[str, int]
    """Trainings where the lowest point is lower by more than two standard errors."""
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
    eigen = [read_json(folder / f"{run.name}-eigen.json") for run in runs]
    losses = planes[0].names[:2]
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
        sure={loss: sum(sure for _, sure in depths[loss]) for loss in losses},
        flat={loss: spread([_flat(plane, loss) for plane in planes]) for loss in losses},
    )


def spread(values: Sequence[float]) -> Spread:
    """Returns mean and range."""
    return Spread(statistics.fmean(values), min(values), max(values))


def _centre(plane: Surface, loss: str) -> float:
    return float(plane.mean(loss).ravel()[len(plane.points) // 2])


def _depth(plane: Surface, loss: str) -> tuple[float, bool]:
    """How far the lowest point lies below the centre, relatively, and if that is sure."""
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
