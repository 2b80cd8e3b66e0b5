"""Tracks -> accepted tracks: the published quality cuts, for the detector of the hits."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from trackscape.data import Tracks
from trackscape.errors import DataError
from trackscape.scoring.pretrained import read_weights
from trackscape.simulation import METHODS_DETECTOR, Geometry, geometry_of, recognise_detector
from trackscape.units import keV, um

MINIMUM_HITS = 5
PUBLISHED_THICKNESS = 25 * um
MINIMUM_LAST_ENERGY = 62.5 * keV
"""Deposit in a layer of the published thickness that only protons exceed that stop there."""
DETECTOR = "detector"
"""Entry of the header of a weights file: the detector, as `Geometry.to_json` has it."""


def least_last_deposit(thickness: float) -> float:
    """Returns the published cut in MeV, in proportion to another sensitive thickness in mm.

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
    """Keeps tracks with > 4 hits, the last above a deposit in MeV (Kortus et al., 2025)."""
    long, bright = _passes(tracks, min_last_deposit)
    return tracks.select(long & bright)


@dataclasses.dataclass(frozen=True)
class Acceptance:
    """How many chains the cuts keep, and why the others go."""

    chains: int = 0
    """Number of chains that were found, lone hits included."""
    accepted: int = 0
    short: int = 0
    """Number of chains with fewer than 5 hits."""
    dim: int = 0
    """Number of chains with enough hits, but too little energy in the deepest one."""
    unlikely: int = 0
    """Number of chains that pass both cuts, but are right with too small a probability."""

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


class Cut(NamedTuple):
    """What tracks must deposit in their last layer."""

    min_last_deposit: float
    """Cut in MeV."""
    reason: str

    def __str__(self) -> str:
        return (
            f"Tracks need {MINIMUM_HITS} hits and more than {self.min_last_deposit / keV:.4g} keV "
            f"in the last layer: {self.reason}."
        )


def choose_cut(
    depths: Mapping[int, float],
    *,
    detector: str | None = None,
    min_last_deposit: float | None = None,
) -> Cut:
    """Returns the cut for the hits of a file.

    It is `min_last_deposit` in MeV if that is given, else that of a shipped detector, or one in a
    YAML file, or the one that is recognised by the depths of its layers in mm.

    Raises:
        ConfigError: There is no such detector.
        DataError: The cut is no finite number from 0 on.
    """
    if min_last_deposit is not None:
        if not 0 <= min_last_deposit < float("inf"):
            raise DataError(
                f"Expected a deposit of 0 keV or more to cut at, got {min_last_deposit / keV:g}."
            )
        return Cut(min_last_deposit, "as chosen")
    found = geometry_of(detector) if detector else recognise_detector(depths)
    if found is None or found.thickness is None:
        return Cut(
            MINIMUM_LAST_ENERGY,
            f"the published cut, for {PUBLISHED_THICKNESS / um:.3g} um of silicon, as the detector "
            "of these hits is not known; name it with --detector, or choose --min-last-deposit",
        )
    how = "as chosen" if detector else "recognised by the depths of its layers"
    return Cut(
        least_last_deposit(found.thickness),
        f"the published cut for {found.thickness / um:.3g} um of silicon of {found.name}, {how}",
    )


def describe_acceptance(acceptance: Acceptance, *, left_over: int = 0) -> str:
    """Returns in a sentence what the cuts did, and how many events were in no frame."""
    n = acceptance
    text = (
        f"{n.chains:,} chains: {n.accepted:,} accepted, {n.short:,} rejected with fewer than "
        f"{MINIMUM_HITS} hits, {n.dim:,} with too little deposit in the last layer"
    )
    text += f", {n.unlikely:,} with too small a probability." if n.unlikely else "."
    if left_over:
        text += f" {left_over:,} events were left over, too few for a frame."
    return text


def trained_for(weights: Path | None = None) -> Geometry | None:
    """Returns the detector, if it is known, of a weights file, or of the shipped methods."""
    if weights is None:
        return geometry_of(METHODS_DETECTOR)
    try:
        return Geometry.from_json(read_weights(weights)[0][DETECTOR])
    except (KeyError, TypeError, ValueError):
        return None
