"""Weights -> what a surface is spanned by: random directions, curvature, or several trainings."""

import dataclasses
from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature import top_eigenpairs
from trackscape.landscape.directions import (
    DirectionNorm,
    Directions,
    eigen_directions,
    random_directions,
)
from trackscape.landscape.points import SampleGrid, grid
from trackscape.landscape.problem import Problem
from trackscape.landscape.trajectory import trajectory_directions
from trackscape.tracker_landscape.curvature import operator_factory
from trackscape.tracker_landscape.networks import load_several, load_weights
from trackscape.tracker_landscape.outputs import check_choice
from trackscape.tracker_landscape.settings import Setting

Along = Literal["random", "hessian"]
MARGIN = 1.3
"""Half width of a plane through several weights, relative to the farthest of them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plane:
    """A part of parameter space, with the networks that lie in it. K is usually 2."""

    weights: tuple[str, ...]
    """Names of the networks that it was made of."""
    problem: Problem
    """That of one of them."""
    centre: Tensor
    """(P,)"""
    directions: Directions
    """(K, P)"""
    extent: tuple[float, ...]
    """Largest coordinate along each."""
    path: Tensor
    """(T, K) Coordinates of the networks."""
    distance: Tensor
    """(T,) Of the networks from the plane."""

    def points(self, *, steps: int) -> SampleGrid:
        """Returns the grid that is evaluated."""
        return grid(
            self.centre,
            self.directions.vectors,
            extent=self.extent,
            steps=steps,
            axes=self.directions.axes,
        )


def plane_around(
    setting: Setting,
    weights: str,
    *,
    along: Along = "random",
    dimensions: int = 2,
    extent: float = 1.0,
    scale: DirectionNorm | None = None,
) -> Plane:
    """Returns a plane whose middle is one network.

    Arguments:
        setting: Frames and losses.
        weights: A shipped method or a file.
        along: Random directions, or the eigenvectors of the largest eigenvalues of the Hessian.
        dimensions: How many.
        extent: Largest coordinate.
        scale: Parts in which directions are as long as the weights; ``filter`` for random ones and
            ``tensor`` for eigenvectors if None.
    """
    check_choice(along, of=get_args(Along), what="directions")
    scorer = load_weights(weights)
    problem = setting.problem(scorer)
    size = problem.space.size
    if not 1 <= dimensions <= size:
        raise LandscapeError(
            f"Expected 1 to {size} directions for {size} parameters, got {dimensions}."
        )
    if along == "random":
        directions = random_directions(
            problem.model, dimensions, norm=scale or "filter", seed=setting.seed
        )
    else:
        operator = operator_factory(setting, scorer, kind="hessian")()
        pairs = top_eigenpairs(operator, dimensions, seed=setting.seed)
        directions = eigen_directions(pairs.vectors, problem.model, norm=scale or "tensor")
    return Plane(
        weights=(weights,),
        problem=problem,
        centre=problem.centre,
        directions=directions,
        extent=(extent,) * dimensions,
        path=torch.zeros(1, dimensions, dtype=torch.float64),
        distance=torch.zeros(1, dtype=torch.float64),
    )


def plane_through(
    setting: Setting,
    weights: Sequence[str],
    *,
    dimensions: int = 2,
    extent: float | None = None,
) -> Plane:
    """Returns the plane nearest to several networks: trainings, or one training at several times.

    Arguments:
        setting: Frames and losses. Statistics of BatchNorm are recomputed unless it says otherwise.
        weights: Shipped methods or files, at least 2; 3 lie in a plane, more only near to it.
        dimensions: How many, of those along which they vary most; 1 between two networks.
        extent: Largest coordinate, in units of the parameters; a margin around all if None.
    """
    if len(weights) < 2:
        raise LandscapeError(f"Expected at least 2 networks to go through, got {len(weights)}.")
    scorers = load_several(weights)
    problem = setting.problem(scorers[-1], several=True)
    checkpoints = torch.stack([problem.space.read(scorer) for scorer in scorers])
    found = trajectory_directions(checkpoints, n=dimensions)
    reach = found.coordinates.abs().amax(dim=0)
    return Plane(
        weights=tuple(weights),
        problem=problem,
        centre=found.centre,
        directions=found,
        extent=tuple((MARGIN * reach).tolist()) if extent is None else (extent,) * len(reach),
        path=found.coordinates,
        distance=found.residuals,
    )
