"""Volume numbers and posZ -> layer of each hit.

How GATE numbers volumes depends on its version and on the macro, so the rule is found in the data:
the first rule whose layers agree with the planes in posZ is taken.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from trackscape.errors import FormatError
from trackscape.formats.columns import HitColumns
from trackscape.units import mm

GAP = 1.0 * mm
"""Gap of posZ in mm between hits of different planes; layers are 3 mm or more apart."""
THICKEST_PLANE = 2.0 * mm
"""Thickness in mm below which a plane is; the sensitive silicon measures 0.014 to 0.025 mm."""
N_TRACKERS = 2
"""Layers in front that the published columns number as trackers, each a volume of level 1."""
LAST_LAYER = 1000
"""Largest layer number that is no error."""


@dataclasses.dataclass(frozen=True)
class Planes:
    """Hits grouped by posZ. Axes: H hits, P planes, from the first to the last."""

    order: np.ndarray
    """Numbers of the hits in the order of posZ, (H,)."""
    start: np.ndarray
    """Place in `order` where each plane starts, (P,)."""
    low: np.ndarray
    """Smallest posZ of each plane, (P,) in mm."""
    high: np.ndarray
    """Largest posZ of each plane, (P,) in mm."""

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
    """One way to number layers."""

    name: str
    """Formula, as a report shows it."""
    needs: tuple[str, ...]
    """Meanings of the columns that it is computed from."""
    layers: Callable[..., np.ndarray]
    """Function of these columns that returns the layer of each hit."""
    strict: bool = True
    """Whether impossible numbers are an error, as they are meant as layers; copy numbers may count
    chips or start anew in every module."""


@dataclasses.dataclass(frozen=True)
class _Objection:
    reason: str
    final: bool
    """Whether the numbers are meant as layers: then posZ must not silently take their place."""


def number_layers(columns: HitColumns, z: np.ndarray, *, path: Path) -> Numbering:
    """Finds the rule that gives every plane in posZ one layer, increasing with posZ.

    Arguments:
        columns: Columns of the file; the volume numbers are integers.
        z: (H,) posZ in mm.
        path: The file, for messages.

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
        reason = f"layers {first[plane]} and {last[plane]} are both at {_at(planes, plane)}"
        return _Objection(reason, final=False)
    step = np.diff(first)
    if (step <= 0).any():
        plane = int((step <= 0).argmax())
        reason = (
            f"layer {first[plane]} at {_at(planes, plane)} is followed by layer "
            f"{first[plane + 1]} at {_at(planes, plane + 1)}"
        )
        backwards = bool((step < 0).all())
        return _Objection(reason, final=backwards or (strict and _distinct(first)))
    return None


def _distinct(values: np.ndarray) -> bool:
    return len(np.unique(values)) == len(values)


def _at(planes: Planes, plane: int) -> str:
    return f"posZ = {planes.low[plane]:.3f} mm"


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


EXPLICIT = LayerRule("layer", ("layer",), lambda layer: layer)
RULES = (
    EXPLICIT,
    LayerRule("level1ID if level2ID is -1, else 2 + level2ID", ("level1", "level2"), _published),
    LayerRule(
        "2 * volumeID[2] + volumeID[3]",
        ("volume2", "volume3"),
        lambda volume2, volume3: 2 * volume2 + volume3,
    ),
    LayerRule("level1ID, counted on from one baseID to the next", ("base", "level1"), _cumulative),
    LayerRule("PreStepVolumeCopyNo", ("copy_before",), _copies, strict=False),
    LayerRule("TrackVolumeCopyNo", ("copy",), _copies, strict=False),
    LayerRule("PostStepVolumeCopyNo", ("copy_after",), _copies, strict=False),
)
BY_POSITION = "planes in posZ, counted from 0 (planes without any hit are not counted)"
