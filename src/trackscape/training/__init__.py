"""Frames and a loss -> weights: one Lightning module for all methods."""

from trackscape.training.config import AssignerConfig as AssignerConfig
from trackscape.training.config import DataConfig as DataConfig
from trackscape.training.config import NetworkConfig as NetworkConfig
from trackscape.training.config import ObjectiveConfig as ObjectiveConfig
from trackscape.training.config import OptimiserConfig as OptimiserConfig
from trackscape.training.config import TrainingConfig as TrainingConfig
from trackscape.training.fit import fit as fit
from trackscape.training.frames import Example as Example
from trackscape.training.frames import FrameData as FrameData
from trackscape.training.modules import Diagnostics as Diagnostics
from trackscape.training.modules import TrackingModule as TrackingModule
from trackscape.training.modules import WatchedAssigner as WatchedAssigner
from trackscape.training.objectives import OBJECTIVES as OBJECTIVES
from trackscape.training.objectives import TRAINABLE as TRAINABLE
from trackscape.training.objectives import AdaptiveImplicitMLE as AdaptiveImplicitMLE
from trackscape.training.objectives import CrossEntropy as CrossEntropy
from trackscape.training.objectives import FenchelYoung as FenchelYoung
from trackscape.training.objectives import FrameLoss as FrameLoss
from trackscape.training.objectives import HammingBlackbox as HammingBlackbox
from trackscape.training.objectives import Hinge as Hinge
from trackscape.training.objectives import Identity as Identity
from trackscape.training.objectives import ImplicitMLE as ImplicitMLE
from trackscape.training.objectives import LagrangianPGD as LagrangianPGD
from trackscape.training.objectives import Objective as Objective
from trackscape.training.objectives import Perturbed as Perturbed
from trackscape.training.objectives import Sinkhorn as Sinkhorn
from trackscape.training.objectives import SPOPlus as SPOPlus
from trackscape.training.objectives import TrackLikelihood as TrackLikelihood
from trackscape.training.objectives import canonical_name as canonical_name
from trackscape.training.objectives import read_objective as read_objective
from trackscape.training.reject import CANDIDATES as CANDIDATES
from trackscape.training.reject import tune_reject as tune_reject
from trackscape.training.train import train as train

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
