"""Hits -> Tracks without learning: the classical rivals of the networks.

Called with the hits of one frame, each returns all chains, as `trackscape.tracking.follow` does.
They follow tracks against the beam, which finds more: protons are far apart where they stop, and
close together where they come in.
"""

from collections.abc import Callable

from trackscape.data import Hits, Tracks
from trackscape.tracking.baselines.greedy import Greedy as Greedy
from trackscape.tracking.baselines.kalman import KalmanFilter as KalmanFilter
from trackscape.tracking.baselines.motion_model import MotionModel as MotionModel
from trackscape.tracking.baselines.physics import PhysicsAssignment as PhysicsAssignment
from trackscape.tracking.baselines.track_follower import TrackFollower as TrackFollower

BASELINES: dict[str, Callable[[Hits], Tracks]] = {
    "greedy": Greedy(),
    "track-follower": TrackFollower(),
    "kalman": KalmanFilter(),
    "physics-assignment": PhysicsAssignment(),
}
"""Each method by its name, with parameters found on training files by
``python -m studies.tune_baselines``; the track follower's are its author's."""
