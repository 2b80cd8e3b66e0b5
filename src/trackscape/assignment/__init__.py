"""EdgeScores -> Assignment: one partner for every hit, and gradients through that decision."""

from trackscape.assignment.estimators.interpolation import (
    Convention,
    Side,
    blackbox_assignment,
    identity_assignment,
    lagrangian_assignment,
)
from trackscape.assignment.estimators.perturbation import (
    AdaptiveStrength,
    adaptive_implicit_assignment,
    implicit_assignment,
    perturbed_assignment,
)
from trackscape.assignment.estimators.surrogate import Noise, NoiseLaw
from trackscape.assignment.losses import (
    by_region,
    cross_entropy_loss,
    fenchel_young_loss,
    hamming_loss,
    hinge_loss,
    log_transport_plan,
    sinkhorn_loss,
    spo_plus_loss,
)
from trackscape.assignment.solver.assigner import Assigner, Solution, Solver
from trackscape.assignment.solver.solve import SEMANTICS, Backend, Semantics, solve

__all__ = [
    "SEMANTICS",
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
    "blackbox_assignment",
    "by_region",
    "cross_entropy_loss",
    "fenchel_young_loss",
    "hamming_loss",
    "hinge_loss",
    "identity_assignment",
    "implicit_assignment",
    "lagrangian_assignment",
    "log_transport_plan",
    "perturbed_assignment",
    "sinkhorn_loss",
    "solve",
    "spo_plus_loss",
]
