"""Losses between all pairs of trainings -> how well the groups of pairs are connected."""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from studies.loss_landscape.family import Family
from studies.loss_landscape.files import read_arrays
from studies.loss_landscape.pair_means import Weights, ratio
from studies.loss_landscape.paths import ROUTES
from trackscape.statistics import Interval


class Along(NamedTuple):
    """A loss along one route, mean over the pairs of a group."""

    lowest: Interval
    highest: Interval
    mean: Interval
    ends: Interval
    """Mean of both ends."""
    barrier: Interval
    """Largest excess over the straight line between the losses of the ends."""
    connectivity: Interval
    """Mean of the ends - the loss that differs most from it, whose sign it shows."""
    rise: Interval
    """Barrier / ends, of the means."""
    kept: Interval
    """Barrier / that of the straight line, of the means."""


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
    """(N,)"""
    mean: Tensor
    """(N,)"""
    low: Tensor
    """(N,) Of the interval of the mean; infinite if there are too few seeds to tell."""
    high: Tensor
    """(N,)"""


class Paths(NamedTuple):
    """Losses (Q, N, F, M) of all pairs of a family along each route."""

    names: tuple[str, ...]
    values: dict[str, Tensor]
    distances: Tensor
    """(Q, 2) Plain, and after alignment."""


def read_paths(family: Family, folder: Path) -> Paths:
    """Returns what was measured between all pairs.

    Raises:
        RunError: A pair is not there.
    """
    arrays = [read_arrays(folder / f"{pair.name}-paths.npz") for pair in family.pairs]
    return Paths(
        names=tuple(arrays[0]["names"].tolist()),
        values={
            route: torch.stack([torch.from_numpy(each[route]) for each in arrays])
            for route in ROUTES
        },
        distances=torch.stack([torch.from_numpy(each["distances"]) for each in arrays]),
    )


def summarise_connections(family: Family, paths: Paths) -> list[Connection]:
    """Returns a summary of each group of pairs on each route."""
    weights = family.weigh(next(iter(paths.values.values())).shape[2])
    return [
        Connection(
            network=family.network,
            group=group,
            route=route,
            pairs=int(chosen.sum()),
            losses={
                name: _along(
                    *(paths.values[each][..., number] for each in (route, "line")),
                    family=family,
                    chosen=chosen,
                    weights=weights,
                )
                for number, name in enumerate(paths.names)
            },
        )
        for group, chosen in family.groups().items()
        for route in ROUTES
    ]


def summarise_distances(family: Family, paths: Paths) -> list[Distance]:
    """Returns the mean distances of each group of pairs."""
    return [
        Distance(family.network, group, *paths.distances[chosen].mean(dim=0).tolist())
        for group, chosen in family.groups().items()
    ]


def profile(family: Family, paths: Paths, *, group: str, route: str, loss: str) -> Profile:
    """Returns a loss along a route, with the interval of its mean over pairs and frames."""
    values = paths.values[route][..., paths.names.index(loss)]
    weights, chosen = family.weigh(values.shape[2]), family.groups()[group]
    points = [
        weights.interval(weights.mean_over_frames(each, pairs=family.indices, chosen=chosen))
        for each in values.movedim(1, 0)
    ]
    ends = [(point.value, point.low, point.high) for point in points]
    return Profile(_times(values), *torch.tensor(ends, dtype=torch.float64).T)


def _along(
    values: Tensor, of_line: Tensor, *, family: Family, chosen: Tensor, weights: Weights
) -> Along:
    """Of values (Q, N, F), beside those of the straight lines."""

    def over(measure: Tensor) -> Tensor:
        return weights.mean_over_frames(measure, pairs=family.indices, chosen=chosen)

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
    found["rise"] = ratio(found["barrier"], found["ends"])
    found["kept"] = ratio(found["barrier"], over(_barrier(of_line)))
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
