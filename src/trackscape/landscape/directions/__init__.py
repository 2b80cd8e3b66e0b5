"""Directions of parameter space: random, along trajectories, between models, of curvature."""

from trackscape.landscape.directions.base import Directions as Directions
from trackscape.landscape.directions.base import between as between
from trackscape.landscape.directions.scaled import Scale as Scale
from trackscape.landscape.directions.scaled import eigen_directions as eigen_directions
from trackscape.landscape.directions.scaled import random_directions as random_directions
from trackscape.landscape.directions.trajectory import Trajectory as Trajectory
from trackscape.landscape.directions.trajectory import (
    trajectory_directions as trajectory_directions,
)

__all__ = [
    "Directions",
    "Scale",
    "Trajectory",
    "between",
    "eigen_directions",
    "random_directions",
    "trajectory_directions",
]
