"""Phantoms that are drawn: a cylinder with inserts from a YAML file, line pairs, and a head.

A voxel has the material of the last shape that its centre is in. What does not change along the
vertical axis y is one voxel high.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Protocol

import numpy as np
import numpy.typing as npt
import pydantic

from trackscape.errors import ConfigError
from trackscape.formats import Positive, Strict, read_settings
from trackscape.simulation.setup.materials import (
    Material,
    MaterialSettings,
    choose_material,
    shipped_materials,
)
from trackscape.simulation.setup.phantom import Insert, Phantom

_Grid = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]
_MAX_SIDE = 4000  # voxels along one axis
LINE_PAIRS = {
    frequency: (47.5 * math.cos(math.radians(turn)), 47.5 * math.sin(math.radians(turn)))
    for frequency, turn in zip(range(1, 7), range(60, 361, 60), strict=True)
}
"""Line pairs per cm of each group of bars -> its middle in x and z in mm."""


class InsertSettings(Strict):
    """A round insert as a YAML file describes it."""

    name: Annotated[str, pydantic.Field(min_length=1, max_length=100)]
    """Name of the insert, another one for each."""
    centre: tuple[float, float]
    """Position of its axis: x and z in the frame of the phantom in mm."""
    radius: Positive
    """Radius in mm."""
    material: str
    """Name of its material."""

    def insert(self, materials: Mapping[str, Material]) -> Insert:
        """Returns the insert that these settings describe."""
        material = choose_material(self.material, materials)
        return Insert(self.name, *self.centre, self.radius, material)


class CylinderSettings(Strict):
    """A cylinder about the vertical axis, with inserts, as a YAML file describes it."""

    radius: Positive
    """Radius of the cylinder in mm."""
    height: Positive
    """Extent in y in mm."""
    material: str
    """Name of the material around the inserts."""
    voxel: Positive = 0.5
    """Side of the voxels in x and z in mm, rounded so that they fill the cylinder."""
    inserts: list[InsertSettings] = pydantic.Field(default_factory=list, max_length=200)
    """Inserts; a later one covers those before it."""
    materials: dict[str, MaterialSettings] = pydantic.Field(default_factory=dict)
    """Materials of its own, which count before the shipped ones."""

    @pydantic.model_validator(mode="after")
    def _inserts_differ_and_lie_inside(self) -> "CylinderSettings":
        names = [insert.name for insert in self.inserts]
        if len(set(names)) < len(names):
            raise ValueError("expected inserts of different names; rename some")
        for insert in self.inserts:
            if math.hypot(*insert.centre) + insert.radius > self.radius:
                raise ValueError(
                    f"expected inserts inside of the radius {self.radius:g} mm, but {insert.name} "
                    "reaches beyond it; move it or make it smaller"
                )
        return self


class _Shape(Protocol):
    @property
    def material(self) -> Material: ...

    def holds(self, x: _Grid, y: _Grid, z: _Grid) -> _Mask:
        """Returns which points are inside."""
        ...


@dataclasses.dataclass(frozen=True)
class _Cylinder:
    material: Material
    x: float
    z: float
    radius: float

    def holds(self, x: _Grid, y: _Grid, z: _Grid) -> _Mask:
        return ((x - self.x) ** 2 + (z - self.z) ** 2 <= self.radius**2) & np.isfinite(y)


@dataclasses.dataclass(frozen=True)
class _Bars:
    """Upright bars, which point at the axis and follow each other around it."""

    material: Material
    x: float
    z: float
    width: float
    number: int
    length: float

    def holds(self, x: _Grid, y: _Grid, z: _Grid) -> _Mask:
        distance = math.hypot(self.x, self.z)
        c, s = self.x / distance, self.z / distance
        along = c * (x - self.x) + s * (z - self.z)
        across = (c * (z - self.z) - s * (x - self.x)) / self.width + self.number - 0.5
        bar = (across >= 0) & (across < 2 * self.number - 1) & (np.floor(across) % 2 == 0)
        return bar & (abs(along) <= self.length / 2) & np.isfinite(y)


@dataclasses.dataclass(frozen=True)
class _Ellipsoid:
    material: Material
    centre: tuple[float, float, float]
    semiaxes: tuple[float, float, float]

    def holds(self, x: _Grid, y: _Grid, z: _Grid) -> _Mask:
        parts = zip((x, y, z), self.centre, self.semiaxes, strict=True)
        squared = [((at - middle) / length) ** 2 for at, middle, length in parts]
        return squared[0] + squared[1] + squared[2] <= 1


def draw_cylinder(path: Path | str) -> Phantom:
    """Reads a cylinder with inserts from a YAML file, see `CylinderSettings`.

    Raises:
        ConfigError: The file is no such description, a material is unknown, or there are too many
            voxels.
    """
    path = Path(path)
    settings = read_settings(path, CylinderSettings, described_in="docs/detectors.md")
    own = {name: material.material(name) for name, material in settings.materials.items()}
    materials = {**shipped_materials(), **own}
    try:
        body = choose_material(settings.material, materials)
        inserts = [insert.insert(materials) for insert in settings.inserts]
        shapes = [_Cylinder(i.material, i.x, i.z, i.radius) for i in inserts]
        shapes.insert(0, _Cylinder(body, 0.0, 0.0, settings.radius))
        size = (2 * settings.radius, settings.height, 2 * settings.radius)
        voxel = (settings.voxel, settings.height, settings.voxel)
        return _draw(path.stem, shapes, size=size, voxel=voxel, inserts=inserts)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def line_pairs() -> Phantom:
    """Returns a disc of epoxy with bars of aluminium, 1 to 6 line pairs per cm: `LINE_PAIRS`.

    It is like the module CTP528 of the Catphan phantom: groups of four bars, 10 mm long and as wide
    as the gaps between them, which point at the axis. Voxels have sides of 0.25 mm.
    """
    aluminium, epoxy = shipped_materials()["aluminium"], shipped_materials()["epoxy"]
    shapes: list[_Shape] = [_Cylinder(epoxy, 0.0, 0.0, 75.0)]
    for frequency, (x, z) in LINE_PAIRS.items():
        shapes.append(_Bars(aluminium, x, z, width=5.0 / frequency, number=4, length=10.0))
    size, voxel = (150.0, 25.0, 150.0), (0.25, 25.0, 0.25)
    return _draw("line-pairs", shapes, size=size, voxel=voxel)


def head() -> Phantom:
    """Returns a small head of ellipsoids: skin, skull, brain with ventricles, sinuses and a tumour.

    The face looks along positive z, and the top of the head along positive y; what is further than
    50 mm from the plane of the eyes is cut off. Voxels have sides of 2 mm.
    """
    known = shipped_materials()
    skin, bone, brain = known["soft-tissue"], known["cortical-bone"], known["brain"]
    water, air, tumour = known["water"], known["air"], known["muscle"]
    shapes = [
        _Ellipsoid(skin, (0, 0, 0), (72, 110, 90)),
        _Ellipsoid(bone, (0, 0, -1), (67, 105, 84)),
        _Ellipsoid(brain, (0, 0, -3), (61, 98, 76)),
        _Ellipsoid(water, (-10, 5, -8), (5, 18, 22)),
        _Ellipsoid(water, (10, 5, -8), (5, 18, 22)),
        _Ellipsoid(tumour, (32, 0, -28), (12, 12, 12)),
        _Ellipsoid(bone, (0, -5, 66), (26, 26, 14)),
        _Ellipsoid(air, (-12, -5, 67), (9, 20, 9)),
        _Ellipsoid(air, (12, -5, 67), (9, 20, 9)),
    ]
    inserts = [
        Insert("brain-left", -36.0, 0.0, 12.0, brain),
        Insert("brain-right", 36.0, 10.0, 12.0, brain),
        Insert("tumour", 32.0, -28.0, 8.0, tumour),
    ]
    return _draw("head", shapes, size=(144, 100, 180), voxel=(2, 2, 2), inserts=inserts)


def _draw(
    name: str,
    shapes: Sequence[_Shape],
    *,
    size: tuple[float, float, float],
    voxel: tuple[float, float, float],
    inserts: Sequence[Insert] = (),
) -> Phantom:
    """Draws shapes over one another into air."""
    counts = [max(1, round(length / side)) for length, side in zip(size, voxel, strict=True)]
    if max(counts) > _MAX_SIDE:
        raise ConfigError(
            f"phantom {name}: expected at most {_MAX_SIDE} voxels along an axis, got "
            f"{max(counts):,}; make them larger."
        )
    edges = [np.linspace(-s / 2, s / 2, n + 1) for s, n in zip(size, counts, strict=True)]
    x, y, z = np.ix_(*(0.5 * (axis[:-1] + axis[1:]) for axis in edges))
    # By what they are, not by name: a file may call its own epoxy "epoxy".
    materials = [shipped_materials()["air"]]
    labels = np.zeros(counts, dtype=np.uint8)
    for shape in shapes:
        if shape.material not in materials:
            materials.append(shape.material)
        labels[shape.holds(x, y, z)] = materials.index(shape.material)
    return Phantom(
        name, labels, tuple(materials), (edges[0], edges[1], edges[2]), inserts=tuple(inserts)
    )
