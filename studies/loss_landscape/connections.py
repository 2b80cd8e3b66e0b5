"""Pairs of trainings -> losses on paths between them, and how well groups are connected."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from studies.agreement import Resampling, ratio
from studies.decisions import read_arrays
from studies.intervals import Interval
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.inputs import (
    Places,
    frames_of,
    network_of,
    problem_of,
)
from studies.loss_landscape.plan import ModelGroup, Pair
from trackscape.files import replacing
from trackscape.landscape.connectivity import align, evaluate_path, train_bezier
from trackscape.scoring import Scorer
from trackscape.tracker_landscape import name_losses, needs_plain, unit_groups
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


class Along(NamedTuple):
    """A loss along one route, mean over the pairs of a group."""

    lowest: Interval
    """Lowest value."""
    highest: Interval
    """Highest value."""
    mean: Interval
    """Mean value."""
    ends: Interval
    """Mean of the values at both ends."""
    barrier: Interval
    """Largest excess over the linear interpolation of the losses at the ends."""
    connectivity: Interval
    """Mode connectivity: mean of the ends minus the loss that differs most from it."""
    relative_barrier: Interval
    """Mean barrier / mean loss of the ends."""
    remaining_barrier: Interval
    """Mean barrier / mean barrier of the straight line."""


class Connection(NamedTuple):
    """One group of pairs on one route."""

    network: str
    group: str
    route: str
    pairs: int
    losses: dict[str, Along]


class Distance(NamedTuple):
    """How far apart the weights of a group's pairs are, mean over pairs."""

    network: str
    group: str
    plain: float
    aligned: float


class Profile(NamedTuple):
    """A loss along a route, over all pairs of a group."""

    times: Tensor
    """(N,) Positions on the path, from 0 to 1."""
    mean: Tensor
    """(N,) Mean loss."""
    low: Tensor
    """(N,) Lower end of the interval of the mean; infinite if there are too few seeds to tell."""
    high: Tensor
    """(N,) Upper end of the interval of the mean."""


class Paths(NamedTuple):
    """Losses (Q, N, F, M) of all pairs of a model group along each route."""

    names: tuple[str, ...]
    values: dict[str, Tensor]
    distances: Tensor
    """(Q, 2) Distances of the weights as they are, and after alignment."""


def read_paths(models: ModelGroup, folder: Path) -> Paths:
    """Returns what was measured between all pairs.

    Raises:
        RunError: A pair is not there.
    """
    arrays = [read_arrays(folder / f"{pair.name}-paths.npz") for pair in models.pairs]
    return Paths(
        names=tuple(arrays[0]["names"].tolist()),
        values={
            route: torch.stack([torch.from_numpy(each[route]) for each in arrays])
            for route in ROUTES
        },
        distances=torch.stack([torch.from_numpy(each["distances"]) for each in arrays]),
    )


def summarise_connections(models: ModelGroup, paths: Paths) -> list[Connection]:
    """Returns a summary of each group of pairs on each route."""
    weights = models.resample(next(iter(paths.values.values())).shape[2])
    return [
        Connection(
            network=models.network,
            group=group,
            route=route,
            pairs=int(chosen.sum()),
            losses={
                name: _along(
                    *(paths.values[each][..., number] for each in (route, "line")),
                    models=models,
                    chosen=chosen,
                    weights=weights,
                )
                for number, name in enumerate(paths.names)
            },
        )
        for group, chosen in models.groups().items()
        for route in ROUTES
    ]


def summarise_distances(models: ModelGroup, paths: Paths) -> list[Distance]:
    """Returns the mean distances of each group of pairs."""
    return [
        Distance(models.network, group, *paths.distances[chosen].mean(dim=0).tolist())
        for group, chosen in models.groups().items()
    ]


def profile(models: ModelGroup, paths: Paths, *, group: str, route: str, loss: str) -> Profile:
    """Returns a loss along a route, with the interval of its mean over pairs and frames."""
    values = paths.values[route][..., paths.names.index(loss)]
    weights, chosen = models.resample(values.shape[2]), models.groups()[group]
    points = [
        weights.interval(weights.mean_over_frames(each, pairs=models.indices, chosen=chosen))
        for each in values.movedim(1, 0)
    ]
    ends = [(point.value, point.low, point.high) for point in points]
    return Profile(_times(values), *torch.tensor(ends, dtype=torch.float64).T)


def _along(
    values: Tensor, of_line: Tensor, *, models: ModelGroup, chosen: Tensor, weights: Resampling
) -> Along:
    """Summary of values (Q, N, F), beside those of the straight lines."""

    def over(measure: Tensor) -> Tensor:
        return weights.mean_over_frames(measure, pairs=models.indices, chosen=chosen)

    ends = values[:, [0, -1]].mean(dim=1)
    gain = ends[:, None] - values
    found = {
        "lowest": over(_where(values, values.mean(dim=2).argmin(dim=1))),
        "highest": over(_where(values, values.mean(dim=2).argmax(dim=1))),
        "mean": over(torch.trapezoid(values, _times(values), dim=1)),
        "ends": over(ends),
        "barrier": over(_barrier(values)),
        "connectivity": over(_where(gain, gain.mean(dim=2).abs().argmax(dim=1))),
    }
    found["relative_barrier"] = ratio(found["barrier"], found["ends"])
    found["remaining_barrier"] = ratio(found["barrier"], over(_barrier(of_line)))
    return Along(**{name: weights.interval(figure) for name, figure in found.items()})


def _barrier(values: Tensor) -> Tensor:
    """(Q, F) Largest excess of values (Q, N, F) over what lies between the ends."""
    between = torch.lerp(values[:, :1], values[:, -1:], _times(values)[:, None].expand_as(values))
    excess = values - between
    return _where(excess, excess.mean(dim=2).argmax(dim=1))


def _times(values: Tensor) -> Tensor:
    return torch.linspace(0, 1, values.shape[1], dtype=torch.float64)


def _where(values: Tensor, place: Tensor) -> Tensor:
    """(Q, F) Of values (Q, N, F) at one point of each pair."""
    return values[torch.arange(len(values)), place]
