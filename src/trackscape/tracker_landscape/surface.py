"""Networks + frames -> surface: losses of all frames on a grid, and pictures of their means."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from trackscape import landscape
from trackscape.errors import LandscapeError
from trackscape.landscape import DirectionNorm, Directions, Problem, SampleGrid, Surface, Trajectory
from trackscape.pictures import PICTURES
from trackscape.tracker_landscape.config import (
    HERE,
    Computing,
    LandscapeConfig,
    check_choice,
    check_endings,
    load_several,
    load_weights,
)
from trackscape.tracker_landscape.curvature import operator_factory
from trackscape.tracker_landscape.outputs import surface_writers, write_outputs

SURFACE_ENDINGS = (".npz", ".csv", ".json", ".html", ".vts", *PICTURES)
_SHOWN: dict[str, tuple[int, ...]] = {
    ".html": (2,),
    ".vts": (1, 2, 3),
    **dict.fromkeys(PICTURES, (1, 2)),
}
"""Numbers of directions that a file can show, where there are limits."""
Along = Literal["random", "hessian"]
MARGIN = 1.3
"""Half width of a plane through several weights, relative to the farthest of them."""


def _check_dimensions(outputs: Sequence[Path], *, dimensions: int) -> None:
    """Raises a LandscapeError for a file that cannot show so many directions."""
    for path in outputs:
        possible = _SHOWN.get(path.suffix.lower(), (dimensions,))
        if dimensions not in possible:
            raise LandscapeError(
                f"{path}: expected {' or '.join(map(str, possible))} directions for such a file, "
                f"got {dimensions}; write npz or csv."
            )


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

    The grid lies around one network, see `plane_around`, or goes through several, see
    `plane_through`. It has 2 directions if None, or 1 between two networks. Endings of files are
    npz (everything), CSV and JSON (means), HTML, vts (VTK), and those of pictures.

    Raises:
        LandscapeError: No such grid can be made.
        FormatError: A file has no known ending.
    """
    check_endings(outputs, known=SURFACE_ENDINGS)
    if steps < 2:
        raise LandscapeError(f"Expected at least 2 steps, got {steps}.")
    if dimensions is None:
        dimensions = 1 if len(weights) == 2 else 2
    _check_dimensions(outputs, dimensions=dimensions)
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
    found = landscape.evaluate(plane.problem, plane.points(steps=steps), **computing.of("surface"))
    about = {"directions": plane.directions.about, **config.origin(*weights), **found.about}
    surface = dataclasses.replace(found, about=about)
    route = Trajectory(plane.path.numpy(), plane.distance.numpy())
    write_outputs(outputs, writers=surface_writers(surface, route=route))
    return surface


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParameterPlane:
    """A part of parameter space, usually a plane, with the networks that lie in it."""

    problem: Problem
    """Landscape of one of the networks."""
    centre: Float[Tensor, " parameters"]
    directions: Directions
    extent: tuple[float, ...]
    """Largest coordinate along each direction."""
    path: Float[Tensor, "networks directions"]
    """Coordinates of the networks."""
    distance: Float[Tensor, " networks"]
    """Distances of the networks from the plane."""

    def points(self, *, steps: int) -> SampleGrid:
        """Returns the grid that is evaluated."""
        vectors, axes = self.directions.vectors, self.directions.axes
        return landscape.grid(self.centre, vectors, extent=self.extent, steps=steps, axes=axes)


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

    Its directions are random, or the eigenvectors of the largest eigenvalues of the Hessian, in
    parts as long as the weights: if None, ``filter`` for random ones, else ``tensor``.
    """
    check_choice(along, of=get_args(Along), what="directions")
    scorer = load_weights(weights, network=config.network)
    problem = config.problem(scorer)
    model, size = problem.model, problem.space.size
    if not 1 <= dimensions <= size:
        raise LandscapeError(
            f"Expected 1 to {size} directions for {size} parameters, got {dimensions}."
        )
    if along == "random":
        norm = scale or "filter"
        directions = landscape.random_directions(model, dimensions, norm=norm, seed=config.seed)
    else:
        operator = operator_factory(config, scorer, kind="hessian")()
        pairs = landscape.top_eigenpairs(operator, dimensions, seed=config.seed)
        directions = landscape.eigen_directions(pairs.vectors, model, norm=scale or "tensor")
    return ParameterPlane(
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

    Its directions are those along which the networks vary most; 3 networks lie in a plane, more
    only near to it. The extent is in units of the parameters, a margin around all if None.
    Statistics of BatchNorm are recomputed unless the config says otherwise.
    """
    if len(weights) < 2:
        raise LandscapeError(f"Expected at least 2 networks to go through, got {len(weights)}.")
    scorers = load_several(weights, network=config.network)
    problem = config.problem(scorers[-1], several=True)
    checkpoints = torch.stack([problem.space.read(scorer) for scorer in scorers])
    found = landscape.trajectory_directions(checkpoints, n=dimensions)
    reach = found.coordinates.abs().amax(dim=0)
    return ParameterPlane(
        problem=problem,
        centre=found.centre,
        directions=found,
        extent=tuple((MARGIN * reach).tolist()) if extent is None else (extent,) * len(reach),
        path=found.coordinates,
        distance=found.residuals,
    )
