"""Setup -> Geant4's volumes: the world of air, the phantom in its shell, the detector's slabs."""
# ruff: noqa: N802 (Geant4 names the methods that it calls)

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import UInt8

from trackscape.errors import ConfigError
from trackscape.simulation.geant4.physics import TRACKED_ABOVE
from trackscape.simulation.record import Setup
from trackscape.simulation.setup.materials import ELEMENTS, Material
from trackscape.simulation.setup.phantom import Phantom, check_fits

SHELL = 0.01
"""Thickness in mm of the layer of air around the phantom in which its faces are recorded."""
MAX_BOXES = 200_000
"""Most boxes of one phantom: Geant4 takes about 2.5 kB and 40 us for each, in each process."""

_LEAST_WORLD = (600.0, 600.0, 700.0)  # half lengths in mm
_MARGIN = 100.0
_Range = tuple[int, int]


def make_geometry(g4: Any, setup: Setup, *, layers: Any, shell: Any) -> Any:
    """Returns a Geant4 detector construction, for `G4RunManager.SetUserInitialization`.

    The copy number of a sensitive slab is the slab's; the shell of air is around the phantom.
    """

    class Geometry(g4.G4VUserDetectorConstruction):
        def Construct(self) -> Any:
            self.builder = _Builder(g4, setup)  # keeps what Geant4 does not keep itself
            world = self.builder.box(_world_size(setup), setup.detector.air, "world")
            placed = self.builder.place(world, None, (0, 0, 0))
            self.builder.limit_energy()
            _add_phantom(self.builder, setup.phantom, world, shell)
            _add_detector(self.builder, setup, world, layers)
            return placed

    return Geometry()


def _world_size(setup: Setup) -> tuple[float, float, float]:
    """Returns extents in mm of a world about the isocentre: source, phantom and detector fit in."""
    detector = setup.detector
    corner = np.abs([[edge[0], edge[-1]] for edge in setup.phantom.edges]).max(axis=1)
    across = float(np.hypot(corner[0], corner[2]))  # whatever the angle
    x = max(_LEAST_WORLD[0], across + _MARGIN, 0.5 * detector.width + _MARGIN)
    y = max(_LEAST_WORLD[1], float(corner[1]) + _MARGIN, 0.5 * detector.height + _MARGIN)
    ends = (abs(setup.beam.source), across, float(detector.edges[-1]))
    z = max(_LEAST_WORLD[2], *(end + _MARGIN for end in ends))
    return 2 * x, 2 * y, 2 * z


def check_volumes(setup: Setup) -> None:
    """Checks that the phantom fits, with its shell.

    Raises:
        ConfigError: If it reaches into the detector or behind the source, or has too many boxes.
    """
    phantom = setup.phantom
    source, front = setup.beam.source + SHELL, setup.detector.front - SHELL
    check_fits(phantom, source=source, front=front)
    count = sum(1 for _ in merge_boxes(phantom.labels))
    if count > MAX_BOXES:
        raise ConfigError(
            f"phantom {phantom.name}: expected at most {MAX_BOXES:,} boxes of one material for "
            f"Geant4, but it takes {count:,}; use larger voxels or fewer materials, or the engine "
            "fast."
        )


@dataclasses.dataclass(frozen=True)
class Block:
    """A part of the grid that has one label, or that is divided along one axis."""

    ranges: tuple[_Range, _Range, _Range]  # of indices in x, y and z, half-open
    label: int  # -1 if it is divided
    parts: tuple["Block", ...] = ()  # that it is divided into

    def __iter__(self) -> Iterator["Block"]:
        yield self
        for part in self.parts:
            yield from part


def merge_boxes(labels: UInt8[np.ndarray, "nx ny nz"]) -> Block:
    """Divides a grid into boxes, first along the axis along which it changes least often.

    Equal neighbouring slices are one box; each is divided into equal neighbouring rows, and these
    into runs of one label. A homogeneous grid is one block, a stack of slabs one block a slab.

    Example:
        >>> labels = np.zeros((4, 4, 4), np.uint8)
        >>> labels[1:3, 1:3] = 7
        >>> [block.ranges[:2] for block in merge_boxes(labels) if block.label == 7]
        [((1, 3), (1, 3))]
    """
    axes = tuple(sorted(range(3), key=lambda axis: len(_groups(labels, axis))))
    x, y, z = labels.shape
    return _divide(labels, ((0, x), (0, y), (0, z)), axes)


def _divide(
    labels: np.ndarray, ranges: tuple[_Range, _Range, _Range], axes: tuple[int, ...]
) -> Block:
    within = labels[tuple(slice(*bounds) for bounds in ranges)]
    first = int(within.flat[0])
    if (within == first).all():
        return Block(ranges, first)
    axis, *rest = axes
    start = ranges[axis][0]
    parts: list[Block] = []
    for lower, upper in _groups(within, axis):
        x, y, z = (
            (start + lower, start + upper) if i == axis else bounds
            for i, bounds in enumerate(ranges)
        )
        parts.append(_divide(labels, (x, y, z), tuple(rest)))
    return parts[0] if len(parts) == 1 else Block(ranges, -1, tuple(parts))


def _groups(labels: np.ndarray, axis: int) -> list[_Range]:
    """Returns the ranges of equal slices across an axis."""
    slices = np.moveaxis(labels, axis, 0).reshape(labels.shape[axis], -1)
    changes = 1 + np.flatnonzero((slices[1:] != slices[:-1]).any(axis=1))
    borders = [0, *changes.tolist(), len(slices)]
    return list(itertools.pairwise(borders))


class _Builder:
    """Makes volumes, and keeps every object referenced: Geant4 would lose it otherwise."""

    def __init__(self, g4: Any, setup: Setup):
        self.g4 = g4
        self.air = setup.detector.air
        self.kept: list[Any] = []
        self.elements: dict[str, Any] = {}
        self.materials: dict[Material, Any] = {}

    def material(self, material: Material) -> Any:
        if material in self.materials:
            return self.materials[material]
        g4 = self.g4
        name = f"{material.name} {len(self.materials)}"
        made = g4.G4Material(name, material.density * g4.g / g4.cm3, len(material.fractions))
        for symbol, fraction in material.fractions.items():
            made.AddElement(self.element(symbol), fraction)
        made.GetIonisation().SetMeanExcitationEnergy(material.excitation_energy * g4.eV)
        self.materials[material] = made
        return made

    def element(self, symbol: str) -> Any:
        if symbol not in self.elements:
            molar_mass = ELEMENTS[symbol].mass * self.g4.g / self.g4.mole
            number = ELEMENTS[symbol].number
            self.elements[symbol] = self.g4.G4Element(symbol, symbol, number, molar_mass)
        return self.elements[symbol]

    def box(self, size: Any, material: Material, name: str) -> Any:
        x, y, z = (0.5 * float(length) for length in size)
        solid = self.g4.G4Box(name, x, y, z)
        volume = self.g4.G4LogicalVolume(solid, self.material(material), name)
        self.kept += [solid, volume]
        return volume

    def place(
        self, volume: Any, mother: Any, centre: Any, *, copy: int = 0, angle: float = 0.0
    ) -> Any:
        g4 = self.g4
        rotation = g4.G4RotationMatrix()
        rotation.rotateY(angle)
        at = g4.G4Transform3D(rotation, g4.G4ThreeVector(*(float(c) for c in centre)))
        placed = g4.G4PVPlacement(at, volume, volume.GetName(), mother, False, copy)
        self.kept += [rotation, at, placed]
        return placed

    def limit_energy(self) -> None:
        """Sets the least energy of the particles that have the process UserSpecialCut."""
        limits = self.g4.G4UserLimits(1e30, 1e30, 1e30, TRACKED_ABOVE * self.g4.MeV)
        region = self.g4.G4RegionStore.GetInstance().GetRegion("DefaultRegionForTheWorld")
        region.SetUserLimits(limits)
        self.kept.append(limits)


def _add_phantom(builder: _Builder, phantom: Phantom, world: Any, shell: Any) -> None:
    blocks = merge_boxes(phantom.labels)
    size, centre = _extent(phantom, blocks)
    volume = builder.box(size + 2 * SHELL, builder.air, "shell")
    volume.SetSensitiveDetector(shell)
    cosine, sine = np.cos(phantom.angle), np.sin(phantom.angle)
    x, y, z = centre
    turned = (cosine * x + sine * z, y, cosine * z - sine * x)
    builder.place(volume, world, turned, angle=phantom.angle)
    _add_block(builder, phantom, blocks, volume, centre)


def _add_block(builder: _Builder, phantom: Phantom, block: Block, mother: Any, origin: Any) -> None:
    material = builder.air if block.parts else phantom.materials[block.label]
    size, centre = _extent(phantom, block)
    volume = builder.box(size, material, "phantom")
    builder.place(volume, mother, centre - origin)
    for part in block.parts:
        _add_block(builder, phantom, part, volume, centre)


def _extent(phantom: Phantom, block: Block) -> tuple[Any, Any]:
    pairs = zip(phantom.edges, block.ranges, strict=True)
    lower, upper = np.array([(edges[i], edges[j]) for edges, (i, j) in pairs]).T
    return upper - lower, 0.5 * (lower + upper)


def _add_detector(builder: _Builder, setup: Setup, world: Any, layers: Any) -> None:
    detector = setup.detector
    edges = detector.edges
    middle = 0.5 * (edges[0] + edges[-1])
    across = (detector.width, detector.height)
    stack = builder.box((*across, edges[-1] - edges[0]), detector.air, "detector")
    builder.place(stack, world, (0, 0, middle))
    volumes: dict[tuple[str, float, bool], Any] = {}
    for index, slab in enumerate(detector.slabs):
        if slab.material == detector.air and not slab.sensitive:
            continue
        key = (slab.material.name, slab.thickness, slab.sensitive)
        if key not in volumes:
            volumes[key] = builder.box((*across, slab.thickness), slab.material, key[0])
            if slab.sensitive:
                volumes[key].SetSensitiveDetector(layers)
        centre = (0, 0, 0.5 * (edges[index] + edges[index + 1]) - middle)
        builder.place(volumes[key], stack, centre, copy=index)
