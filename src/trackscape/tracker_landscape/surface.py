"""Networks + frames -> surface: losses of all frames on a grid, and pictures of their means."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from trackscape.errors import LandscapeError
from trackscape.landscape import Trajectory
from trackscape.landscape.directions import DirectionNorm
from trackscape.landscape.surface import Surface, evaluate
from trackscape.tracker_landscape.computing import HERE, Computing
from trackscape.tracker_landscape.outputs import check_endings, write_outputs
from trackscape.tracker_landscape.planes import Along, plane_around, plane_through
from trackscape.tracker_landscape.settings import Setting
from trackscape.tracker_landscape.surface_files import (
    ENDINGS,
    check_dimensions,
    surface_writers,
)


def compute_surface(
    setting: Setting,
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
        setting: Frames and losses.
        weights: Shipped methods or files. The grid lies around one network, see `plane_around`, or
            goes through several, see `plane_through`.
        outputs: Files to write, by their endings: npz (everything), CSV and JSON (means), HTML,
            vts (VTK), pictures.
        along: Directions around one network.
        dimensions: How many directions; 2 if None, or 1 between two networks.
        steps: Points along each.
        extent: Largest coordinate.
        scale: Parts of the one network in which directions are as long as its weights.
        computing: Who computes.

    Raises:
        LandscapeError: No such grid can be made, or a file has no known ending.
    """
    if outputs:
        check_endings(outputs, known=ENDINGS)
    if steps < 2:
        raise LandscapeError(f"Expected at least 2 steps, got {steps}.")
    if dimensions is None:
        dimensions = 1 if len(weights) == 2 else 2
    check_dimensions(outputs, dimensions=dimensions)
    if len(weights) > 1:
        plane = plane_through(setting, weights, dimensions=dimensions, extent=extent)
    else:
        plane = plane_around(
            setting,
            weights[0],
            along=along,
            dimensions=dimensions,
            extent=1.0 if extent is None else extent,
            scale=scale,
        )
    work = computing.of("surface")
    found = evaluate(plane.problem, plane.points(steps=steps), **work)
    about = {"directions": plane.directions.about, **setting.origin(*plane.weights), **found.about}
    surface = dataclasses.replace(found, about=about)
    route = Trajectory(plane.path.numpy(), plane.distance.numpy())
    write_outputs(outputs, writers=surface_writers(surface, route=route))
    return surface
