"""EdgeScores -> Assignment: one partner for every hit, and gradients through that decision."""

from trackscape.assignment.assign import Assigner as Assigner
from trackscape.assignment.assign import Solution as Solution
from trackscape.assignment.blackbox import Convention as Convention
from trackscape.assignment.blackbox import blackbox_assignment as blackbox_assignment
from trackscape.assignment.losses import by_region as by_region
from trackscape.assignment.losses import cross_entropy_loss as cross_entropy_loss
from trackscape.assignment.losses import hamming_loss as hamming_loss
from trackscape.assignment.solver import Backend as Backend
from trackscape.assignment.solver import Semantics as Semantics
from trackscape.assignment.solver import available_backends as available_backends
from trackscape.assignment.solver import solve as solve

__all__ = [
    "Assigner",
    "Backend",
    "Convention",
    "Semantics",
    "Solution",
    "available_backends",
    "blackbox_assignment",
    "by_region",
    "cross_entropy_loss",
    "hamming_loss",
    "solve",
]
