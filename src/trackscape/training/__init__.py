"""Frames and a loss -> weights: one Lightning module for all methods."""

from trackscape.training.diagnostics import Diagnostics as Diagnostics
from trackscape.training.fit import fit as fit
from trackscape.training.frames import Example as Example
from trackscape.training.frames import FrameData as FrameData
from trackscape.training.losses import FrameLoss as FrameLoss
from trackscape.training.losses import MethodLoss as MethodLoss
from trackscape.training.modules import TrackingModule as TrackingModule
from trackscape.training.reject import tune_reject as tune_reject

__all__ = [
    "Diagnostics",
    "Example",
    "FrameData",
    "FrameLoss",
    "MethodLoss",
    "TrackingModule",
    "fit",
    "tune_reject",
]
