"""Volume numbers and posZ -> layer of each hit.

How GATE numbers volumes depends on its version and on the macro, so the rule is found in the data:
the first rule whose layers agree with the planes in posZ is taken.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trackscape.errors import FormatError
from trackscape.formats.columns import FileColumns
from trackscape.units import mm

GAP = 1.0 * mm  # of posZ between hits of different planes; layers are 3 mm or more apart
THICKEST_PLANE = 2.0 * mm  # the sensitive silicon measures 0.014 to 0.025 mm
LAST_LAYER = 1000  # larger numbers are errors
N_TRACKERS = 2
"""Layers in front that the published columns number as trackers, each a volume of level 1."""


@dataclasses.dataclass(frozen=True)
class Planes:
    """Hits grouped by posZ: P planes, from the first to the last."""

    order: np.ndarray
    """Numbers of the hits in the order of posZ, (H,)."""
    start: np.ndarray
    """Place in `order` where each plane starts, (P,)."""
    low: np.ndarray
    """Smallest posZ of each plane in mm, (P,)."""
    high: np.ndarray
    """Largest posZ of each plane in mm, (P,)."""

    def number(self, z: np.ndarray) -> np.ndarray:
        """Returns the plane of each hit, (H,)."""
        return np.searchsorted(self.low, z, side="right") - 1


@dataclasses.dataclass(frozen=True)
class Numbering:
    """The layers of a file and how they were found."""

    layer: np.ndarray
    """Layer of each hit, (H,) int64."""
    rule: str
    """Name of the rule that was taken."""
    rejected: tuple[str, ...]
    """Rules that were tried before it, each with the reason why it was not taken."""


@dataclasses.dataclass(frozen=True)
class LayerRule:
    """A formula for the layer of each hit, named as a report shows it."""

    name: str
    needs: tuple[str, ...]
    """Meanings of the columns that it is computed from."""
    layers: Callable[..., np.ndarray]
    row_by_row: bool = True
    """Whether a row alone tells its layer."""
    strict: bool = True
    """Whether impossible numbers are an error, as they are meant as layers; copy numbers may count
    chips or start anew in every module."""


class _Objection(NamedTuple):
    reason: str
    final: bool
    """Whether the numbers are meant as layers: then posZ must not silently take their place."""


def number_layers(columns: FileColumns, z: np.ndarray, *, path: Path) -> Numbering:
    """Finds the rule that gives every plane in posZ, (H,) in mm, one layer that increases with it.

    Raises:
        FormatError: posZ shows no planes, or the layers of the file contradict posZ.
    """
    planes = find_planes(z)
    _check_thickness(planes, path=path)
    objections: dict[str, _Objection] = {}
    for rule in RULES:
        if columns.has(rule.needs):
            layer = rule.layers(*(columns.values[meaning] for meaning in rule.needs))
            objection = _objection(layer, planes, strict=rule.strict)
            if objection is None:
                return Numbering(layer, rule.name, _tried(objections))
            objections[rule.name] = objection
    if EXPLICIT.name in objections or any(o.final for o in objections.values()):
        raise FormatError(
            f"{path}: expected layers from 0 to {LAST_LAYER} that increase with posZ, but no "
            f"numbering agrees with posZ (tried: {'; '.join(_tried(objections))}); correct these "
            "rows, or, where the beam points along -z, turn the coordinates."
        )
    return Numbering(planes.number(z), BY_POSITION, _tried(objections))


def find_planes(z: np.ndarray) -> Planes:
    """Groups hits into planes, separated by gaps in posZ.

    Example:
        >>> find_planes(np.array([5.5, 0.0, 5.51])).low.tolist()
        [0.0, 5.5]
    """
    order = np.argsort(z, kind="stable")
    height = z[order]
    start = np.concatenate([[0], np.flatnonzero(np.diff(height) > GAP) + 1])
    end = np.append(start[1:], len(z)) - 1
    return Planes(order, start, height[start], height[end])


def _check_thickness(planes: Planes, *, path: Path) -> None:
    thick = planes.high - planes.low > THICKEST_PLANE
    if thick.any():
        plane = int(thick.argmax())
        raise FormatError(
            f"{path}: expected hits in planes thinner than {THICKEST_PLANE:g} mm, but posZ is "
            f"filled from {planes.low[plane]:.3f} to {planes.high[plane]:.3f} mm; store only the "
            "hits in the sensitive layers, with the beam along z."
        )


def _objection(layer: np.ndarray, planes: Planes, *, strict: bool) -> _Objection | None:
    wrong = (layer < 0) | (layer > LAST_LAYER)
    if wrong.any():
        row = int(wrong.argmax())
        reason = f"row {row} (counted from 0) has the unknown layer {layer[row]}"
        return _Objection(reason, final=strict and not wrong.all())  # all: columns not in use
    ordered = layer[planes.order]
    first = np.minimum.reduceat(ordered, planes.start)
    last = np.maximum.reduceat(ordered, planes.start)
    mixed = first != last
    if mixed.any():
        plane = int(mixed.argmax())
        at = f"posZ = {planes.low[plane]:.3f} mm"
        reason = f"layers {first[plane]} and {last[plane]} are both at {at}"
        return _Objection(reason, final=False)
    step = np.diff(first)
    if (step <= 0).any():
        plane = int((step <= 0).argmax())
        one, two = (
            f"layer {first[each]} at posZ = {planes.low[each]:.3f} mm"
            for each in (plane, plane + 1)
        )
        reason = f"{one} is followed by {two}"
        distinct = len(np.unique(first)) == len(first)
        return _Objection(reason, final=bool((step < 0).all()) or (strict and distinct))
    return None


def _tried(objections: dict[str, _Objection]) -> tuple[str, ...]:
    return tuple(f"{name}: {objection.reason}" for name, objection in objections.items())


def _published(level1: np.ndarray, level2: np.ndarray) -> np.ndarray:
    return np.where(level2 == -1, level1, N_TRACKERS + level2)


def _cumulative(base: np.ndarray, level1: np.ndarray) -> np.ndarray:
    """The layers of each base volume are counted on from those of the base volume before."""
    bases, index = np.unique(base, return_inverse=True)
    deepest = np.zeros(len(bases), dtype=np.int64)
    np.maximum.at(deepest, index, level1)
    return np.concatenate([[0], np.cumsum(deepest + 1)[:-1]])[index] + level1


def _copies(copy: np.ndarray) -> np.ndarray:
    return copy - copy.min()


def _copy_rule(name: str, meaning: str) -> LayerRule:
    return LayerRule(name, (meaning,), _copies, row_by_row=False, strict=False)


EXPLICIT = LayerRule("layer", ("layer",), lambda layer: layer)
RULES = (
    EXPLICIT,
    LayerRule("level1ID if level2ID is -1, else 2 + level2ID", ("level1", "level2"), _published),
    LayerRule(
        "2 * volumeID[2] + volumeID[3]",
        ("volume2", "volume3"),
        lambda volume2, volume3: 2 * volume2 + volume3,
    ),
    LayerRule(
        "level1ID, counted on from one baseID to the next",
        ("base", "level1"),
        _cumulative,
        row_by_row=False,
    ),
    _copy_rule("PreStepVolumeCopyNo", "copy_before"),
    _copy_rule("TrackVolumeCopyNo", "copy"),
    _copy_rule("PostStepVolumeCopyNo", "copy_after"),
)
BY_POSITION = "planes in posZ, counted from 0 (planes without any hit are not counted)"


def is_row_by_row(rule: str) -> bool:
    """Returns whether a rule gives a row the same layer whatever other rows there are."""
    return any(each.row_by_row for each in RULES if each.name == rule)
