"""Two models -> how they are connected: a line, a trained curve, and permutations of units."""

from trackscape.landscape.connectivity.alignment import Alignment, align, permuted
from trackscape.landscape.connectivity.path import (
    AtTime,
    PathSummary,
    evaluate_path,
    path_summary,
    train_bezier,
)
from trackscape.landscape.connectivity.units import Chain, Group, Slot, chain_of, groups_of, join

__all__ = [
    "Alignment",
    "AtTime",
    "Chain",
    "Group",
    "PathSummary",
    "Slot",
    "align",
    "chain_of",
    "evaluate_path",
    "groups_of",
    "join",
    "path_summary",
    "permuted",
    "train_bezier",
]
