"""Loss landscapes of any model: surfaces, curvature, connectivity, similarity.

    model + batches + objective -> Problem -> Surface, Eigenpairs, Density, PathSummary, ...

Everything else is a function of problems and of points, which are flat vectors of parameters. What
most people need is here; the rest is in ``curvature``, ``connectivity``, ``similarity``,
``output``, ``directions``, ``points`` and ``trajectory``.
"""

from trackscape.execution import FileQueue as FileQueue
from trackscape.execution import Processes as Processes
from trackscape.execution import RayCluster as RayCluster
from trackscape.landscape.connectivity import align as align
from trackscape.landscape.connectivity import align_by_outputs as align_by_outputs
from trackscape.landscape.connectivity import evaluate_path as evaluate_path
from trackscape.landscape.connectivity import groups_of as groups_of
from trackscape.landscape.connectivity import path_summary as path_summary
from trackscape.landscape.connectivity import train_bezier as train_bezier
from trackscape.landscape.curvature import exact_hessian as exact_hessian
from trackscape.landscape.curvature import finite_difference_hessian as finite_difference_hessian
from trackscape.landscape.curvature import spectral_density as spectral_density
from trackscape.landscape.curvature import top_eigenpairs as top_eigenpairs
from trackscape.landscape.curvature import trace as trace
from trackscape.landscape.directions import DirectionNorm as DirectionNorm
from trackscape.landscape.directions import Directions as Directions
from trackscape.landscape.directions import between as between
from trackscape.landscape.directions import eigen_directions as eigen_directions
from trackscape.landscape.directions import random_directions as random_directions
from trackscape.landscape.output import draw_contour as draw_contour
from trackscape.landscape.output import draw_line as draw_line
from trackscape.landscape.output import load_surface as load_surface
from trackscape.landscape.output import save_surface as save_surface
from trackscape.landscape.output import write_surface_html as write_surface_html
from trackscape.landscape.points import SampleGrid as SampleGrid
from trackscape.landscape.points import grid as grid
from trackscape.landscape.points import line as line
from trackscape.landscape.problem import NormPolicy as NormPolicy
from trackscape.landscape.problem import Problem as Problem
from trackscape.landscape.similarity import disagreement as disagreement
from trackscape.landscape.similarity import layer_cka as layer_cka
from trackscape.landscape.space import ParameterSpace as ParameterSpace
from trackscape.landscape.surface import Surface as Surface
from trackscape.landscape.surface import evaluate as evaluate
from trackscape.landscape.trajectory import Trajectory as Trajectory
from trackscape.landscape.trajectory import curvature_along_trajectory as curvature_along_trajectory
from trackscape.landscape.trajectory import project as project
from trackscape.landscape.trajectory import trajectory_directions as trajectory_directions
