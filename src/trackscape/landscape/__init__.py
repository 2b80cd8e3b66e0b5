"""Loss landscapes of any model: surfaces, curvature, connectivity, similarity.

    model + batches + objective -> Problem -> Surface, Eigenpairs, Density, PathSummary, ...

Everything else is a function of problems and of points, which are flat vectors of parameters. What
most people need is here; the rest is in ``curvature``, ``connectivity``, ``similarity``,
``output``, ``directions``, ``points`` and ``trajectory``.
"""

from trackscape.execution import FileQueue, Processes, RayCluster
from trackscape.landscape.connectivity import (
    align,
    evaluate_path,
    groups_of,
    path_summary,
    train_bezier,
)
from trackscape.landscape.curvature import (
    exact_hessian,
    finite_difference_hessian,
    spectral_density,
    top_eigenpairs,
    trace,
)
from trackscape.landscape.directions import (
    DirectionNorm,
    Directions,
    between,
    eigen_directions,
    random_directions,
)
from trackscape.landscape.output import (
    draw_contour,
    draw_line,
    load_surface,
    save_surface,
    write_surface_html,
)
from trackscape.landscape.points import SampleGrid, grid, line
from trackscape.landscape.problem import NormPolicy, Problem
from trackscape.landscape.similarity import disagreement, layer_cka
from trackscape.landscape.space import ParameterSpace
from trackscape.landscape.surface import Surface, evaluate
from trackscape.landscape.trajectory import (
    Trajectory,
    curvature_along_trajectory,
    project,
    trajectory_directions,
)

__all__ = [
    "DirectionNorm",
    "Directions",
    "FileQueue",
    "NormPolicy",
    "ParameterSpace",
    "Problem",
    "Processes",
    "RayCluster",
    "SampleGrid",
    "Surface",
    "Trajectory",
    "align",
    "between",
    "curvature_along_trajectory",
    "disagreement",
    "draw_contour",
    "draw_line",
    "eigen_directions",
    "evaluate",
    "evaluate_path",
    "exact_hessian",
    "finite_difference_hessian",
    "grid",
    "groups_of",
    "layer_cka",
    "line",
    "load_surface",
    "path_summary",
    "project",
    "random_directions",
    "save_surface",
    "spectral_density",
    "top_eigenpairs",
    "trace",
    "train_bezier",
    "trajectory_directions",
    "write_surface_html",
]
