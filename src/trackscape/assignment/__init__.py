"""EdgeScores -> Assignment: one partner for every hit, and gradients through that decision."""

from trackscape.assignment.assign import Assigner as Assigner
from trackscape.assignment.assign import Solution as Solution
from trackscape.assignment.assign import Solver as Solver
from trackscape.assignment.blackbox import Convention as Convention
from trackscape.assignment.blackbox import blackbox_assignment as blackbox_assignment
from trackscape.assignment.identity import identity_assignment as identity_assignment
from trackscape.assignment.implicit import AdaptiveStrength as AdaptiveStrength
from trackscape.assignment.implicit import (
    adaptive_implicit_assignment as adaptive_implicit_assignment,
)
from trackscape.assignment.implicit import implicit_assignment as implicit_assignment
from trackscape.assignment.lagrangian import Side as Side
from trackscape.assignment.lagrangian import lagrangian_assignment as lagrangian_assignment
from trackscape.assignment.likelihood import likelihood_loss as likelihood_loss
from trackscape.assignment.losses import by_region as by_region
from trackscape.assignment.losses import cross_entropy_loss as cross_entropy_loss
from trackscape.assignment.losses import hamming_loss as hamming_loss
from trackscape.assignment.noise import Noise as Noise
from trackscape.assignment.noise import NoiseLaw as NoiseLaw
from trackscape.assignment.perturbed import perturbed_assignment as perturbed_assignment
from trackscape.assignment.sinkhorn import sinkhorn_assignment as sinkhorn_assignment
from trackscape.assignment.sinkhorn import sinkhorn_loss as sinkhorn_loss
from trackscape.assignment.solver import Backend as Backend
from trackscape.assignment.solver import Semantics as Semantics
from trackscape.assignment.solver import available_backends as available_backends
from trackscape.assignment.solver import solve as solve
from trackscape.assignment.structured import fenchel_young_loss as fenchel_young_loss
from trackscape.assignment.structured import hinge_loss as hinge_loss
from trackscape.assignment.structured import perceptron_loss as perceptron_loss
from trackscape.assignment.structured import spo_plus_loss as spo_plus_loss

__all__ = [
    "AdaptiveStrength",
    "Assigner",
    "Backend",
    "Convention",
    "Noise",
    "NoiseLaw",
    "Semantics",
    "Side",
    "Solution",
    "Solver",
    "adaptive_implicit_assignment",
    "available_backends",
    "blackbox_assignment",
    "by_region",
    "cross_entropy_loss",
    "fenchel_young_loss",
    "hamming_loss",
    "hinge_loss",
    "identity_assignment",
    "implicit_assignment",
    "lagrangian_assignment",
    "likelihood_loss",
    "perceptron_loss",
    "perturbed_assignment",
    "sinkhorn_assignment",
    "sinkhorn_loss",
    "solve",
    "spo_plus_loss",
]
