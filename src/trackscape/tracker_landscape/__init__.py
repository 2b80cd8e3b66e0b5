"""Landscapes of trackers: the toolbox of any model, applied to networks that score segments."""

from trackscape.tracker_landscape.problem import LossLike as LossLike
from trackscape.tracker_landscape.problem import name_losses as name_losses
from trackscape.tracker_landscape.problem import needs_plain as needs_plain
from trackscape.tracker_landscape.problem import read_problem_frames as read_problem_frames
from trackscape.tracker_landscape.problem import tracker_problem as tracker_problem
from trackscape.tracker_landscape.problem import unit_groups as unit_groups
from trackscape.tracker_landscape.similarity import apply_network as apply_network
from trackscape.tracker_landscape.similarity import compared_layers as compared_layers
