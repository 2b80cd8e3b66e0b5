"""Two models -> how they are connected: a line, a trained curve, and permutations of units."""

from trackscape.landscape.connectivity.activations import align_by_outputs as align_by_outputs
from trackscape.landscape.connectivity.alignment import Alignment as Alignment
from trackscape.landscape.connectivity.alignment import align as align
from trackscape.landscape.connectivity.alignment import permuted as permuted
from trackscape.landscape.connectivity.path import AtTime as AtTime
from trackscape.landscape.connectivity.path import PathSummary as PathSummary
from trackscape.landscape.connectivity.path import evaluate_path as evaluate_path
from trackscape.landscape.connectivity.path import path_summary as path_summary
from trackscape.landscape.connectivity.path import train_bezier as train_bezier
from trackscape.landscape.connectivity.units import Chain as Chain
from trackscape.landscape.connectivity.units import Group as Group
from trackscape.landscape.connectivity.units import Slot as Slot
from trackscape.landscape.connectivity.units import chain_of as chain_of
from trackscape.landscape.connectivity.units import groups_of as groups_of
from trackscape.landscape.connectivity.units import join as join
