"""Frames and a loss -> weights: one Lightning module for all methods."""

from trackscape.assignment.solver.assigner import CANDIDATES, tune_reject
from trackscape.training.config import (
    AssignerConfig,
    DataConfig,
    NetworkConfig,
    ObjectiveConfig,
    OptimiserConfig,
    TrainingConfig,
)
from trackscape.training.fit import fit
from trackscape.training.frames import Example, FrameData
from trackscape.training.interface import OBJECTIVES, FrameLoss, Objective, canonical_name
from trackscape.training.modules import Diagnostics, TrackingModule, WatchedAssigner
from trackscape.training.objectives import (
    TRAINABLE,
    AdaptiveImplicitMLE,
    CrossEntropy,
    FenchelYoung,
    HammingBlackbox,
    Hinge,
    Identity,
    ImplicitMLE,
    LagrangianPGD,
    Perturbed,
    Sinkhorn,
    SPOPlus,
    TrackLikelihood,
    read_objective,
)
from trackscape.training.train import train

__all__ = [
    "CANDIDATES",
    "OBJECTIVES",
    "TRAINABLE",
    "AdaptiveImplicitMLE",
    "AssignerConfig",
    "CrossEntropy",
    "DataConfig",
    "Diagnostics",
    "Example",
    "FenchelYoung",
    "FrameData",
    "FrameLoss",
    "HammingBlackbox",
    "Hinge",
    "Identity",
    "ImplicitMLE",
    "LagrangianPGD",
    "NetworkConfig",
    "Objective",
    "ObjectiveConfig",
    "OptimiserConfig",
    "Perturbed",
    "SPOPlus",
    "Sinkhorn",
    "TrackLikelihood",
    "TrackingModule",
    "TrainingConfig",
    "WatchedAssigner",
    "canonical_name",
    "fit",
    "read_objective",
    "train",
    "tune_reject",
]
