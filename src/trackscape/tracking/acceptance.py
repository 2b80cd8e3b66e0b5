"""The cut that fits the detector of hits, and what is said about it."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from trackscape.errors import DataError
from trackscape.scoring.pretrained import read_about
from trackscape.simulation import (
    METHODS_DETECTOR,
    Geometry,
    geometry_of,
    recognise_detector,
)
from trackscape.tracking.filters import (
    MINIMUM_HITS,
    MINIMUM_LAST_ENERGY,
    PUBLISHED_THICKNESS,
    Acceptance,
    least_last_deposit,
)
from trackscape.units import keV, um

DETECTOR = "detector"
"""Entry of the header of a weights file: the layers of the detector, as `Geometry.to_json` has
them."""


class Cut(NamedTuple):
    """What tracks must deposit in their last layer."""

    min_last_deposit: float
    """In MeV."""
    reason: str
    """Where the number comes from."""

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

    Arguments:
        depths: Mean z in mm of the hits in each layer.
        detector: Shipped detector, or YAML file, that the hits are from; None: the shipped one
            whose layers lie as those of the hits do.
        min_last_deposit: The cut itself in MeV, whatever the detector.

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
    counts = acceptance
    text = (
        f"{counts.chains:,} chains: {counts.accepted:,} accepted, {counts.short:,} rejected with "
        f"fewer than {MINIMUM_HITS} hits, {counts.dim:,} with too little deposit in the last layer."
    )
    if left_over:
        text += f" {left_over:,} events were left over, too few for a frame."
    return text


def trained_for(weights: Path | None = None) -> Geometry | None:
    """Returns the detector of a weights file, or, without one, that of the shipped methods.

    None if the header does not name it.
    """
    if weights is None:
        return geometry_of(METHODS_DETECTOR)
    try:
        return Geometry.from_json(read_about(weights)[DETECTOR])
    except (KeyError, TypeError, ValueError):
        return None
