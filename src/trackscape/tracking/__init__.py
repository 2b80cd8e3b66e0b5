"""Assignment -> Tracks: chains, quality cuts, and the whole reconstruction."""

from trackscape.tracking.filters import accept as accept
from trackscape.tracking.follow import follow as follow
from trackscape.tracking.reconstruct import assign_hits as assign_hits
from trackscape.tracking.reconstruct import reconstruct as reconstruct

__all__ = ["accept", "assign_hits", "follow", "reconstruct"]
