"""Frames and a loss -> weights: PTT and PAT as Lightning modules."""

from trackscape.training.fit import fit as fit
from trackscape.training.frames import Example as Example
from trackscape.training.frames import FrameData as FrameData
from trackscape.training.modules import PredictAndTrack as PredictAndTrack
from trackscape.training.modules import PredictThenTrack as PredictThenTrack
from trackscape.training.modules import TrackingModule as TrackingModule

__all__ = [
    "Example",
    "FrameData",
    "PredictAndTrack",
    "PredictThenTrack",
    "TrackingModule",
    "fit",
]
