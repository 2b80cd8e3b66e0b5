"""Hits -> Tracks: assignments followed, tracks filtered, and every rival method."""

from trackscape.tracking.acceptance import MINIMUM_LAST_ENERGY as MINIMUM_LAST_ENERGY
from trackscape.tracking.acceptance import Acceptance as Acceptance
from trackscape.tracking.acceptance import accept as accept
from trackscape.tracking.acceptance import choose_cut as choose_cut
from trackscape.tracking.acceptance import count_acceptance as count_acceptance
from trackscape.tracking.acceptance import least_last_deposit as least_last_deposit
from trackscape.tracking.batches import on_device as on_device
from trackscape.tracking.batches import rate_frames as rate_frames
from trackscape.tracking.confidence import Rated as Rated
from trackscape.tracking.confidence import rate_tracks as rate_tracks
from trackscape.tracking.follow import chosen_segments as chosen_segments
from trackscape.tracking.follow import follow as follow
from trackscape.tracking.follow import recover_holes as recover_holes
from trackscape.tracking.trackers import DEFAULT_TRACKER as DEFAULT_TRACKER
from trackscape.tracking.trackers import TRACKERS as TRACKERS
from trackscape.tracking.trackers import TUNED_ENDS as TUNED_ENDS
from trackscape.tracking.trackers import NetworkTracker as NetworkTracker
from trackscape.tracking.trackers import Tracker as Tracker
from trackscape.tracking.trackers import assign_hits as assign_hits
from trackscape.tracking.trackers import load_tracker as load_tracker
from trackscape.tracking.trackers import network_tracker as network_tracker
from trackscape.tracking.trackers import reconstruct as reconstruct
