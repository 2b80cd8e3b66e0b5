"""EdgeScores -> Assignment: one partner for every hit, and gradients through that decision."""

from trackscape.assignment.estimators.interpolation import Convention as Convention
from trackscape.assignment.estimators.interpolation import Side as Side
from trackscape.assignment.estimators.interpolation import (
    blackbox_assignment as blackbox_assignment,
)
from trackscape.assignment.estimators.interpolation import (
    identity_assignment as identity_assignment,
)
from trackscape.assignment.estimators.interpolation import (
    lagrangian_assignment as lagrangian_assignment,
)
from trackscape.assignment.estimators.perturbation import AdaptiveStrength as AdaptiveStrength
from trackscape.assignment.estimators.perturbation import (
    adaptive_implicit_assignment as adaptive_implicit_assignment,
)
from trackscape.assignment.estimators.perturbation import implicit_assignment as implicit_assignment
from trackscape.assignment.estimators.perturbation import (
    perturbed_assignment as perturbed_assignment,
)
from trackscape.assignment.estimators.surrogate import Noise as Noise
from trackscape.assignment.estimators.surrogate import NoiseLaw as NoiseLaw
from trackscape.assignment.losses import by_region as by_region
from trackscape.assignment.losses import cross_entropy_loss as cross_entropy_loss
from trackscape.assignment.losses import fenchel_young_loss as fenchel_young_loss
from trackscape.assignment.losses import hamming_loss as hamming_loss
from trackscape.assignment.losses import hinge_loss as hinge_loss
from trackscape.assignment.losses import log_transport_plan as log_transport_plan
from trackscape.assignment.losses import sinkhorn_loss as sinkhorn_loss
from trackscape.assignment.losses import spo_plus_loss as spo_plus_loss
from trackscape.assignment.solver.assigner import Assigner as Assigner
from trackscape.assignment.solver.assigner import Solution as Solution
from trackscape.assignment.solver.assigner import Solver as Solver
from trackscape.assignment.solver.solve import SEMANTICS as SEMANTICS
from trackscape.assignment.solver.solve import Backend as Backend
from trackscape.assignment.solver.solve import Semantics as Semantics
from trackscape.assignment.solver.solve import solve as solve
