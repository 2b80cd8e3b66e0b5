"""Tracks -> accepted tracks: the published quality cuts."""

from trackscape.data import Tracks
from trackscape.units import keV

MINIMUM_HITS = 5
"""A track needs more than 4 hits."""
MINIMUM_LAST_ENERGY = 62.5 * keV
"""A proton that stops leaves more than this in its last layer; one that reacted does not."""


def accept(tracks: Tracks) -> Tracks:
    """Keeps tracks with > 4 hits and over 62.5 keV in the deepest one (Kortus et al., 2025)."""
    stopped = tracks.hits.energy[tracks.last] > MINIMUM_LAST_ENERGY
    return tracks.select((tracks.length >= MINIMUM_HITS) & stopped)
