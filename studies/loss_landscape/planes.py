"""One training -> the top eigenvectors of its Hessian, and the losses on the plane they span."""

from pathlib import Path

import numpy as np

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.material import (
    Places,
    frames_of,
    network_of,
    problem_of,
)
from studies.loss_landscape.plan import Run
from trackscape.files import replacing, write_json
from trackscape.landscape.curvature import exact_hessian, top_eigenpairs
from trackscape.landscape.directions import eigen_directions
from trackscape.landscape.output import save_surface
from trackscape.landscape.points import grid
from trackscape.landscape.surface import evaluate

PAIRS = 2
"""Eigenvectors: those of a plane."""


def measure_plane(study: StudyConfig, run: Run, places: Places, folder: Path) -> None:
    """Writes ``<run>-eigen.json`` and ``<run>-plane.npz``, the latter last.

    The Hessian is the exact one of the smooth loss, cross-entropy or likelihood, for a training
    through the assignment, too: the loss of its decisions is piecewise constant, and what automatic
    differentiation makes of two passes through the blackbox layer is the Hessian of a linear one.
    Directions have the norm of the weights, tensor by tensor, as published. BatchNorm is frozen.
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
    problem = problem_of(study, run, scorer, frames)
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
    with replacing(folder / f"{run.name}-vectors.npy") as partial, partial.open("wb") as file:
        np.save(file, pairs.vectors.numpy(), allow_pickle=False)
    save_surface(surface, folder / f"{run.name}-plane.npz")
