"""Circular geometries of RTK, version 3 of its XML.

RTK turns its source about the object by the angle that the object is turned by here, and its volume
is ours mirrored in z: a voxel at (x, y, z) here is at (x, y, -z) there.
"""

import math
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from trackscape.compiled import Floats
from trackscape.errors import FormatError
from trackscape.files import replacing
from trackscape.text import shown

_ROOT, _VERSION = "RTKThreeDCircularGeometry", "3"
_SOURCE, _DETECTOR = "SourceToIsocenterDistance", "SourceToDetectorDistance"
_ANGLE, _MATRIX, _PROJECTION = "GantryAngle", "Matrix", "Projection"
_MAX_BYTES = 100_000_000


class CircularGeometry(NamedTuple):
    """Places of source and detector. A angles."""

    angles: Floats
    """Angles of the gantry in rad, (A,)."""
    source: float
    """Distance from the source to the isocentre in mm."""
    detector: float
    """Distance from the source to the detector in mm; 0 for parallel beams."""

    def matrix(self, angle: float) -> Floats:
        """Returns RTK's matrix from homogeneous places to those on the detector, (3, 4)."""
        cos, sin, far = math.cos(angle), math.sin(angle), self.detector
        if far == 0:
            return np.array([[cos, 0, -sin, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
        return np.array(
            [[-far * cos, 0, far * sin, 0], [0, -far, 0, 0], [sin, 0, cos, -self.source]]
        )


def write_geometry(geometry: CircularGeometry, path: Path | str) -> None:
    """Writes a geometry: the text that RTK itself writes of it.

    Raises:
        FormatError: Nothing can be written there.
    """
    distances = {_SOURCE: geometry.source, _DETECTOR: geometry.detector}
    lines = ['<?xml version="1.0"?>', "<!DOCTYPE RTKGEOMETRY>", f'<{_ROOT} version="{_VERSION}">']
    lines += [f"    <{tag}>{_text(far)}</{tag}>" for tag, far in distances.items() if far != 0]
    for angle in map(float, geometry.angles):
        degrees = _text(math.degrees(angle) % 360)
        rows = ("".join(map("{:>20}".format, map(_text, row))) for row in geometry.matrix(angle))
        lines += [f"  <{_PROJECTION}>", f"    <{_ANGLE}>{degrees}</{_ANGLE}>", f"    <{_MATRIX}>"]
        lines += [f"     {row}" for row in rows]
        lines += [f"    </{_MATRIX}>", f"  </{_PROJECTION}>"]
    with replacing(Path(path)) as temporary:
        temporary.write_text("\n".join([*lines, f"</{_ROOT}>", ""]), encoding="ascii")


def _text(value: float) -> str:
    return f"{value + 0.0:.15g}"  # not -0


def read_geometry(path: Path | str) -> CircularGeometry:
    """Reads a geometry whose source and detector turn on circles about the axis.

    Raises:
        FormatError: The file is absent, damaged or no such geometry; or its detector is shifted,
            tilted or curved.
    """
    path = Path(path)
    root = _read_xml(path)
    shared = [part for part in root if part.tag != _PROJECTION]
    found = [_read_projection([*shared, *part], path=path) for part in root.iter(_PROJECTION)]
    distances = {(source, detector) for _, source, detector in found}
    if len(distances) != 1:
        raise FormatError(
            f"{path}: expected projections of one {_SOURCE} and one {_DETECTOR}, got "
            f"{len(distances)} of them; take another geometry."
        )
    (source, detector), angles = distances.pop(), [angle for angle, _, _ in found]
    return CircularGeometry(np.radians(angles), source, detector)


def _read_projection(parts: list[Element], *, path: Path) -> tuple[float, float, float]:
    """Returns angle in degrees, and both distances in mm."""
    given = {part.tag: _number(part, path=path) for part in parts if part.tag != _MATRIX}
    for tag in (_ANGLE, _SOURCE):
        if tag not in given:
            raise FormatError(
                f"{path}: expected a {tag} for each projection, but one lacks it; write the file "
                "again."
            )
    known = given.pop(_ANGLE), given.pop(_SOURCE), given.pop(_DETECTOR, 0.0)
    if other := next((tag for tag, value in given.items() if value), None):
        raise FormatError(
            f"{path}: expected a flat detector that faces the source, but got {shown(other)} = "
            f"{given[other]:g}; take another geometry."
        )
    return known


def _number(part: Element, *, path: Path) -> float:
    try:
        value = float(part.text or "")
        if math.isfinite(value):
            return value
    except ValueError:
        pass
    raise FormatError(
        f"{path}: expected a number as {shown(part.tag)}, got {shown(part.text or 'nothing')!r}; "
        "correct it."
    )


def _read_xml(path: Path) -> Element:
    try:
        if os.path.getsize(path) > _MAX_BYTES:
            raise ValueError(f"more than {_MAX_BYTES:,} bytes")
        text = path.read_text(encoding="utf-8")
        if "<!ENTITY" in text:  # a few bytes of them can stand for any number
            raise ValueError("entities")
        root = ElementTree.fromstring(text)
        if (root.tag, root.get("version")) != (_ROOT, _VERSION):
            raise ValueError(f"{root.tag} of version {root.get('version')}")
        return root
    except (OSError, ValueError, ElementTree.ParseError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FormatError(
            f"{path}: expected an {_ROOT} of version {_VERSION}, got {shown(reason)}; write it "
            "with `rtksimulatedgeometry` or `trackscape pairs`."
        ) from error
