"""Which detector hits are from, and whether a method was made for another one."""

from collections.abc import Mapping

from trackscape.simulation.geometry import (
    TOLERANCE,
    Geometry,
    geometry_of,
    geometry_of_hits,
)

METHODS_DETECTOR = "bergen-auto"
"""Detector that the shipped methods were trained for, or tuned on."""


def mismatch(depths: Mapping[int, float], geometry: Geometry | None, *, what: str) -> str | None:
    """Returns a warning if hits are from another detector than `what` was made for, or None."""
    if geometry is None or not geometry.layer_z:
        return None
    compared = depths
    if geometry.name == "unknown":  # then it is known as deep as protons came
        compared = {k: z for k, z in depths.items() if k < len(geometry.layer_z)}
    if geometry.distance(compared) < TOLERANCE:
        return None
    return (
        f"Warning: {what} was made for the detector {geometry}, but these hits are of "
        f"{geometry_of_hits(depths)}. Expect fewer and worse tracks; train on hits of this "
        "detector."
    )


def describe_detector(depths: Mapping[int, float]) -> list[str]:
    """Returns what `inspect` says: the detector of hits, and if the methods are for another one."""
    found = geometry_of_hits(depths)
    guess = "" if found.name == "unknown" else ", recognised by the depths of its layers"
    warning = mismatch(depths, geometry_of(METHODS_DETECTOR), what="every shipped method")
    return [f"detector: {found}{guess}", *([warning] if warning else [])]
