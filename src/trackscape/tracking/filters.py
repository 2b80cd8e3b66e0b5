"""Tracks -> accepted tracks: the published quality cuts."""

import dataclasses

from torch import Tensor

from trackscape.data import Tracks
from trackscape.errors import DataError
from trackscape.units import keV, um

MINIMUM_HITS = 5
"""A track needs more than 4 hits."""
PUBLISHED_THICKNESS = 25 * um
"""Sensitive thickness of the published detector."""
MINIMUM_LAST_ENERGY = 62.5 * keV
"""A proton that stops leaves more than this in its last layer of the published thickness; one that
reacted does not."""


def least_last_deposit(thickness: float) -> float:
    """Returns the published cut in MeV for a sensitive layer of another thickness in mm.

    A proton deposits in proportion to the thickness of what it crosses.

    Raises:
        DataError: The thickness is not positive.

    Example:
        >>> least_last_deposit(25 * um) == MINIMUM_LAST_ENERGY
        True
        >>> round(least_last_deposit(14 * um) / keV, 2)
        35.0
    """
    if not 0 < thickness < float("inf"):
        raise DataError(f"Expected a positive thickness of the sensitive layer, got {thickness}.")
    if thickness == PUBLISHED_THICKNESS:
        return MINIMUM_LAST_ENERGY
    return MINIMUM_LAST_ENERGY * (thickness / PUBLISHED_THICKNESS)


def accept(tracks: Tracks, *, min_last_deposit: float = MINIMUM_LAST_ENERGY) -> Tracks:
    """Keeps tracks with > 4 hits and enough energy in the deepest one (Kortus et al., 2025).

    Arguments:
        tracks: All chains of a frame.
        min_last_deposit: What the deepest hit must exceed, in MeV. The default is the published
            62.5 keV, for 25 um of silicon; `least_last_deposit` has it for others.
    """
    long, bright = _passes(tracks, min_last_deposit)
    return tracks.select(long & bright)


@dataclasses.dataclass(frozen=True)
class Acceptance:
    """How many chains the cuts keep, and why the others go."""

    chains: int = 0
    """Chains that were found, lone hits included."""
    accepted: int = 0
    """Tracks that pass both cuts."""
    short: int = 0
    """Chains with fewer than 5 hits."""
    dim: int = 0
    """Chains with enough hits, but too little energy in the deepest one."""

    def __add__(self, other: "Acceptance") -> "Acceptance":
        mine, theirs = dataclasses.astuple(self), dataclasses.astuple(other)
        return Acceptance(*(a + b for a, b in zip(mine, theirs, strict=True)))


def count_acceptance(
    chains: Tracks, *, min_last_deposit: float = MINIMUM_LAST_ENERGY
) -> Acceptance:
    """Counts what `accept` does to the chains of a frame."""
    long, bright = _passes(chains, min_last_deposit)
    return Acceptance(
        chains=len(chains),
        accepted=int((long & bright).sum()),
        short=int((~long).sum()),
        dim=int((long & ~bright).sum()),
    )


def _passes(tracks: Tracks, min_last_deposit: float) -> tuple[Tensor, Tensor]:
    """Whether tracks are long enough, and whether they are bright enough where they end."""
    return tracks.length >= MINIMUM_HITS, tracks.hits.energy[tracks.last] > min_last_deposit
