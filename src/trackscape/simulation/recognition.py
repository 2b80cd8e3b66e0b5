"""Which detector hits are from, and whether a method was made for another one."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trackscape.errors import ConfigError
from trackscape.simulation.setup.detector import load_detector, shipped_detectors
from trackscape.units import mm, um

METHODS_DETECTOR = "bergen-auto"
"""Detector that the shipped methods were trained for, or tuned on."""
_TOLERANCE = 0.08 * mm  # of a layer from its place; the Bergen variants differ by 0.155 mm
_FEWEST_LAYERS = 3  # that tell detectors apart


@dataclasses.dataclass(frozen=True, kw_only=True)
class Geometry:
    """The layers of a detector."""

    name: str
    """Name of the detector, or "unknown"."""
    layer_z: tuple[float, ...]
    """Depths of the layers in mm, counted from anywhere."""
    thickness: float | None
    """Thickness of the sensitive slabs in mm; None if it is not known."""

    def __str__(self) -> str:
        pitch = float(np.median(np.diff(self.layer_z))) if len(self.layer_z) > 1 else 0.0
        sensitive = "" if self.thickness is None else f", {self.thickness / um:.3g} um sensitive"
        return f"{self.name} ({len(self.layer_z)} layers, {pitch:.4g} mm apart{sensitive})"

    def distance(self, depths: Mapping[int, float]) -> float:
        """Returns the largest distance in mm of a layer, given its mean z, from its place.

        Neither has to know where the other counts z from. Infinity for layers that are not here.
        """
        if not depths:
            return 0.0
        if max(depths) >= len(self.layer_z):
            return float("inf")
        shift = np.array([z - self.layer_z[layer] for layer, z in depths.items()])
        return float(np.abs(shift - np.median(shift)).max())

    def to_json(self) -> str:
        """Returns a text that `from_json` reads."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Geometry":
        """Reads what `to_json` wrote; a ValueError, KeyError or TypeError if it did not."""
        values: dict[str, Any] = json.loads(text)
        thickness = values["thickness"]
        return cls(
            name=str(values["name"]),
            layer_z=tuple(map(float, values["layer_z"])),
            thickness=None if thickness is None else float(thickness),
        )


def geometry_of(name_or_path: str | Path) -> Geometry:
    """Returns the layers of a shipped detector, or of one that a YAML file describes.

    Raises:
        ConfigError: There is no such variant or file, or it describes no possible detector.

    Example:
        >>> str(geometry_of("bergen-auto"))
        'bergen-auto (43 layers, 5.5 mm apart, 25 um sensitive)'
    """
    detector = load_detector(name_or_path)
    layer_z = tuple(detector.layer_z.tolist())
    return Geometry(name=detector.name, layer_z=layer_z, thickness=detector.sensitive_thickness)


def layer_depths(layer: np.ndarray, z: np.ndarray) -> dict[int, float]:
    """Returns the mean z in mm of the hits in each layer that has some."""
    numbers, index, count = np.unique(layer, return_inverse=True, return_counts=True)
    mean = np.bincount(index, weights=z) / count if len(numbers) else np.zeros(0)
    return dict(zip(numbers.tolist(), mean.tolist(), strict=True))


def recognise_detector(depths: Mapping[int, float]) -> Geometry | None:
    """Returns the shipped detector whose layers lie as those of the hits do; None if none does.

    Given the mean z of the hits in each layer; at least three layers tell.
    """
    if len(depths) < _FEWEST_LAYERS:
        return None
    known = [geometry_of(name) for name in shipped_detectors()]
    nearest = min(known, key=lambda geometry: geometry.distance(depths))
    return nearest if nearest.distance(depths) < _TOLERANCE else None


def geometry_of_hits(depths: Mapping[int, float]) -> Geometry:
    """Returns the detector of hits: a shipped one, or the layers as they are, between gaps too."""
    found = recognise_detector(depths)
    if found is not None or not depths:
        return found or Geometry(name="unknown", layer_z=(), thickness=None)
    places = np.interp(np.arange(max(depths) + 1), list(depths), list(depths.values()))
    return Geometry(name="unknown", layer_z=tuple(places.tolist()), thickness=None)


def mismatch(
    depths: Mapping[int, float],
    geometry: Geometry | None,
    *,
    what: str,
    detector: str | None = None,
) -> str | None:
    """Returns a warning if hits are from another detector than `what` was made for, or None.

    A `detector` that the user names, or its YAML file, is believed if its layers lie so.
    """
    if geometry is None or not geometry.layer_z:
        return None
    compared = depths
    if geometry.name == "unknown":  # then it is known as deep as protons came
        compared = {k: z for k, z in depths.items() if k < len(geometry.layer_z)}
    if geometry.distance(compared) < _TOLERANCE:
        return None
    named = None if detector is None else geometry_of(detector)
    fits = named is not None and bool(named.layer_z) and named.distance(depths) < _TOLERANCE
    found = named if fits else geometry_of_hits(depths)
    return (
        f"Warning: {what} was made for the detector {geometry}, but these hits are of {found}. "
        "Expect fewer and worse tracks; train on hits of this detector."
    )


def check_layers(depths: Mapping[int, float], detector: str) -> None:
    """Refuses hits in layers that a detector lacks.

    Raises:
        ConfigError: The detector is none, or has fewer layers than the hits.
    """
    layers = geometry_of(detector).layer_z
    if layers and max(depths, default=0) >= len(layers):
        raise ConfigError(
            f"Expected hits in the layers 0 to {len(layers) - 1} of {detector}, got some in layer "
            f"{max(depths)}; name the detector that recorded them."
        )


def describe_detector(depths: Mapping[int, float]) -> list[str]:
    """Returns what `inspect` says: the detector of hits, and if the methods are for another one."""
    found = geometry_of_hits(depths)
    guess = "" if found.name == "unknown" else ", recognised by the depths of its layers"
    warning = mismatch(depths, geometry_of(METHODS_DETECTOR), what="every shipped method")
    return [f"detector: {found}{guess}", *([warning] if warning else [])]
