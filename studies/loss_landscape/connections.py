"""Pairs of trainings -> losses on paths between them, and how well groups are connected."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from studies.agreement import Resampling, ratio
from studies.decisions import read_arrays
from studies.intervals import Interval
from studies.loss_landscape.aligned import aligned_by_outputs, aligned_by_weights
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.curves import read_curves
from studies.loss_landscape.inputs import (
    Places,
    frames_of,
    network_of,
    problem_of,
)
from studies.loss_landscape.plan import ModelGroup, Pair, is_joined
from trackscape.files import replacing
from trackscape.landscape.connectivity import evaluate_path

LINES = ("line", "aligned line", "line aligned by outputs")
CURVED = ("curve of decisions", "curve of the smooth loss")
ROUTES = (*LINES, *CURVED)


def measure_paths(study: StudyConfig, pair: Pair, places: Places, folder: Path) -> None:
    """Writes ``<pair>-paths.npz``: losses (N, B, M) along each of `ROUTES`, and distances.

    Curves join the trainings as they are, without alignment, as published. BatchNorm looks at each
    frame while a curve is trained, and its statistics are recomputed at each point that is
    evaluated: those of one end are wrong everywhere else. Decisions are those of the first
    training's setting.
    """
    first, second = (network_of(run, places.runs) for run in pair)
    frames = frames_of(study, study.judged, study.curves.frames, data=places.data)
    problem = problem_of(study, pair.first, first, frames, norm="recomputed")
    start, end = problem.centre, problem.space.read(second)
    by_weights = problem.space.read(aligned_by_weights(first, second))
    by_outputs = problem.space.read(aligned_by_outputs(study, pair, first, second, places))
    ends = (end, by_weights, by_outputs)
    ways = {route: [start, other] for route, other in zip(LINES, ends, strict=True)}
    curves = read_curves(study, pair, places)
    ways |= {route: [start, bend, end] for route, bend in zip(CURVED, curves.bends, strict=True)}
    found = {
        name: evaluate_path(problem, control, steps=study.curves.points, progress=False)
        for name, control in ways.items()
    }
    # Single precision is that of the networks, and takes half the room of what is archived.
    arrays = {name: surface.values.astype(np.float32) for name, surface in found.items()}
    arrays["names"] = np.array(found["line"].names)
    arrays["distances"] = torch.stack([(other - start).norm() for other in ends]).numpy()
    arrays["searched"] = curves.losses.numpy()
    with replacing(folder / f"{pair.name}-paths.npz") as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


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
    by_outputs: float


class Search(NamedTuple):
    """How the loss along a curve fell while it was searched for, mean over the pairs of a group."""

    group: str
    route: str
    losses: list[float]
    """Before the search, and after each quarter of its steps."""
    late: float
    """Share of the loss that the last quarter of the steps took away."""


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
    """(Q, 3) Distances of the weights as they are, and after both alignments: see `LINES`."""
    searched: Tensor
    """(Q, 2, `LOOKS`) Mean training loss along both curves in the course of their search."""
    joined: Tensor
    """(Q,) bool. Pairs that were measured; the numbers of others are NaN."""

    def groups(self, models: ModelGroup) -> dict[str, Tensor]:
        """Returns the measured pairs (Q,) bool of each group that has some."""
        found = {group: chosen & self.joined for group, chosen in models.groups().items()}
        return {group: chosen for group, chosen in found.items() if chosen.any()}


def read_paths(study: StudyConfig, models: ModelGroup, folder: Path) -> Paths:
    """Returns what was measured between all joined pairs.

    Raises:
        RunError: A pair is not there.
    """
    joined = torch.tensor([is_joined(study, pair) for pair in models.pairs])
    pairs = [pair for pair, measured in zip(models.pairs, joined, strict=True) if measured]
    arrays = [read_arrays(folder / f"{pair.name}-paths.npz") for pair in pairs]

    def of_pairs(name: str) -> Tensor:
        values = torch.stack([torch.from_numpy(each[name]) for each in arrays]).double()
        return values.new_full((len(joined), *values.shape[1:]), torch.nan).masked_scatter_(
            joined.view(-1, *[1] * (values.ndim - 1)), values
        )

    return Paths(
        names=tuple(arrays[0]["names"].tolist()),
        values={route: of_pairs(route) for route in ROUTES},
        distances=of_pairs("distances"),
        searched=of_pairs("searched"),
        joined=joined,
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
        for group, chosen in paths.groups(models).items()
        for route in ROUTES
    ]


def summarise_distances(models: ModelGroup, paths: Paths) -> list[Distance]:
    """Returns the mean distances of each group of pairs."""
    return [
        Distance(models.network, group, *paths.distances[chosen].mean(dim=0).tolist())
        for group, chosen in paths.groups(models).items()
    ]


def summarise_searches(models: ModelGroup, paths: Paths) -> list[Search]:
    """Returns the course of the searches for both curves of each group of pairs."""
    found: list[Search] = []
    for group, chosen in paths.groups(models).items():
        means = paths.searched[chosen].mean(dim=0)
        for route, losses in zip(CURVED, means.tolist(), strict=True):
            late = 1 - losses[-1] / losses[-2] if losses[-2] else 0.0
            found.append(Search(group, route, losses, late))
    return found


def profile(models: ModelGroup, paths: Paths, *, group: str, route: str, loss: str) -> Profile:
    """Returns a loss along a route, with the interval of its mean over pairs and frames."""
    values = paths.values[route][..., paths.names.index(loss)]
    weights, chosen = models.resample(values.shape[2]), paths.groups(models)[group]
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
