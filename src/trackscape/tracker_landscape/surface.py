"""Networks + frames -> surface: losses of all frames on a grid, and pictures of their means.

A grid is spanned by random directions, by curvature, or by several trainings.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape import Trajectory, trajectory_directions
from trackscape.landscape.curvature import top_eigenpairs
from trackscape.landscape.directions import (
    DirectionNorm,
    Directions,
    eigen_directions,
    random_directions,
)
from trackscape.landscape.points import SampleGrid, grid
from trackscape.landscape.problem import Problem
from trackscape.landscape.surface import Surface, evaluate
from trackscape.tracker_landscape.computing import HERE, Computing
from trackscape.tracker_landscape.curvature import operator_factory
from trackscape.tracker_landscape.networks import load_several, load_weights
from trackscape.tracker_landscape.outputs import (
    SURFACE_ENDINGS,
    check_choice,
    check_dimensions,
    check_endings,
    surface_writers,
    write_outputs,
)
from trackscape.tracker_landscape.problem import LandscapeConfig

Along = Literal["random", "hessian"]
MARGIN = 1.3
"""Half width of a plane through several weights, relative to the farthest of them."""


def compute_surface(
    config: LandscapeConfig,
    weights: Sequence[str],
    *,
    outputs: Sequence[Path] = (),
    along: Along = "random",
    dimensions: int | None = None,
    steps: int = 25,
    extent: float | None = None,
    scale: DirectionNorm | None = None,
    computing: Computing = HERE,
) -> Surface:
    """Evaluates all losses on a grid, and writes files.

    Arguments:
        config: Frames and losses.
        weights: Shipped methods or files. The grid lies around one network, see `plane_around`, or
            goes through several, see `plane_through`.
        outputs: Files to write, by their endings: npz (everything), CSV and JSON (means), HTML,
            vts (VTK), pictures.
        along: Directions around one network.
        dimensions: Number of directions; 2 if None, or 1 between two networks.
        steps: Points along each.
        extent: Largest coordinate.
        scale: Parts of the one network in which directions are as long as its weights.
        computing: Who computes.

    Raises:
        LandscapeError: No such grid can be made, or a file has no known ending.
    """
    if outputs:
        check_endings(outputs, known=SURFACE_ENDINGS)
    if steps < 2:
        raise LandscapeError(f"Expected at least 2 steps, got {steps}.")
    if dimensions is None:
        dimensions = 1 if len(weights) == 2 else 2
    check_dimensions(outputs, dimensions=dimensions)
    if len(weights) > 1:
        plane = plane_through(config, weights, dimensions=dimensions, extent=extent)
    else:
        plane = plane_around(
            config,
            weights[0],
            along=along,
            dimensions=dimensions,
            extent=1.0 if extent is None else extent,
            scale=scale,
        )
    work = computing.of("surface")
    found = evaluate(plane.problem, plane.points(steps=steps), **work)
    about = {"directions": plane.directions.about, **config.origin(*plane.weights), **found.about}
    surface = dataclasses.replace(found, about=about)
    route = Trajectory(plane.path.numpy(), plane.distance.numpy())
    write_outputs(outputs, writers=surface_writers(surface, route=route))
    return surface


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParameterPlane:
    """A part of parameter space, with the networks that lie in it. K is usually 2."""

    weights: tuple[str, ...]
    """Names of the networks that it was made of."""
    problem: Problem
    """Landscape of one of the networks."""
    centre: Tensor
    """(P,) Point in its middle."""
    directions: Directions
    """(K, P) Directions that span it."""
    extent: tuple[float, ...]
    """Largest coordinate along each direction."""
    path: Tensor
    """(T, K) Coordinates of the networks."""
    distance: Tensor
    """(T,) Distances of the networks from the plane."""

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
    config: LandscapeConfig,
    weights: str,
    *,
    along: Along = "random",
    dimensions: int = 2,
    extent: float = 1.0,
    scale: DirectionNorm | None = None,
) -> ParameterPlane:
    """Returns a plane whose middle is one network.

    Arguments:
        config: Frames and losses.
        weights: A shipped method or a file.
        along: Random directions, or the eigenvectors of the largest eigenvalues of the Hessian.
        dimensions: Number of directions.
        extent: Largest coordinate.
        scale: Parts in which directions are as long as the weights; ``filter`` for random ones and
            ``tensor`` for eigenvectors if None.
    """
    check_choice(along, of=get_args(Along), what="directions")
    scorer = load_weights(weights, network=config.network)
    problem = config.problem(scorer)
    size = problem.space.size
    if not 1 <= dimensions <= size:
        raise LandscapeError(
            f"Expected 1 to {size} directions for {size} parameters, got {dimensions}."
        )
    if along == "random":
        directions = random_directions(
            problem.model, dimensions, norm=scale or "filter", seed=config.seed
        )
    else:
        operator = operator_factory(config, scorer, kind="hessian")()
        pairs = top_eigenpairs(operator, dimensions, seed=config.seed)
        directions = eigen_directions(pairs.vectors, problem.model, norm=scale or "tensor")
    return ParameterPlane(
        weights=(weights,),
        problem=problem,
        centre=problem.centre,
        directions=directions,
        extent=(extent,) * dimensions,
        path=torch.zeros(1, dimensions, dtype=torch.float64),
        distance=torch.zeros(1, dtype=torch.float64),
    )


def plane_through(
    config: LandscapeConfig,
    weights: Sequence[str],
    *,
    dimensions: int = 2,
    extent: float | None = None,
) -> ParameterPlane:
    """Returns the plane nearest to several networks: trainings, or one training at several times.

    Arguments:
        config: Frames and losses. Statistics of BatchNorm are recomputed unless it says otherwise.
        weights: Shipped methods or files, at least 2; 3 lie in a plane, more only near to it.
        dimensions: Number of directions, those along which the networks vary most; 1 between two.
        extent: Largest coordinate, in units of the parameters; a margin around all if None.
    """
    if len(weights) < 2:
        raise LandscapeError(f"Expected at least 2 networks to go through, got {len(weights)}.")
    scorers = load_several(weights, network=config.network)
    problem = config.problem(scorers[-1], several=True)
    checkpoints = torch.stack([problem.space.read(scorer) for scorer in scorers])
    found = trajectory_directions(checkpoints, n=dimensions)
    reach = found.coordinates.abs().amax(dim=0)
    return ParameterPlane(
        weights=tuple(weights),
        problem=problem,
        centre=found.centre,
        directions=found,
        extent=tuple((MARGIN * reach).tolist()) if extent is None else (extent,) * len(reach),
        path=found.coordinates,
        distance=found.residuals,
    )
