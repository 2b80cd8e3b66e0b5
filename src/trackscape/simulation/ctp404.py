"""The sensitometry module CTP404 as voxels."""

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from trackscape.errors import ConfigError
from trackscape.simulation.materials import shipped_materials
from trackscape.simulation.phantoms import Phantom

RADIUS, HEIGHT = 75.0, 25.0
"""Of the cylinder, in mm."""
INSERT_RADIUS, INSERT_DISTANCE = 6.1, 58.5
"""Of the inserts and of their centres from the axis, in mm."""
INSERTS = {
    0: "air",
    30: "polystyrene",
    90: "ldpe",
    150: "pmp",
    180: "air",
    210: "teflon",
    270: "delrin",
    330: "pmma",
}
"""Direction of the centre of an insert from the axis in degrees, from x towards z -> material."""
_RODS = {(25.0, 25.0): "air", (-25.0, 25.0): "air", (25.0, -25.0): "air", (-25.0, -25.0): "teflon"}
_ROD_RADIUS = 1.5
_SPHERES = {180: 5.0, 108: 4.0, 36: 3.0, 324: 2.0, 252: 1.0}  # direction in degrees -> radius
_SPHERE_DISTANCE = 15.0


def ctp404(voxel: float = 0.5) -> Phantom:
    """Returns the CTP404 module: a disc of epoxy with inserts of known stopping power.

    A cylinder about the vertical axis y with eight inserts, four rods and five spheres of PMMA, as
    in the Digital Tracking Calorimeter Toolkit (gate/DTC/Phantom/CTP404.mac); its wires, 0.1 mm in
    radius, are left out. A voxel has the material at its centre.

    Arguments:
        voxel: Side of the voxels in mm, rounded so that they fill the cylinder.

    Raises:
        ConfigError: If the voxels are larger than an insert, or too many.
    """
    if not 0.1 <= voxel <= 2 * INSERT_RADIUS:
        raise ConfigError(
            f"phantom ctp404: expected voxels of 0.1 to {2 * INSERT_RADIUS:g} mm, got {voxel:g} mm."
        )
    across = _edges(2 * RADIUS, voxel)
    up = _edges(HEIGHT, voxel)
    names = ("air", "epoxy", *dict.fromkeys(name for name in INSERTS.values() if name != "air"))
    section = _section(_middles(across), names)
    labels = np.repeat(section[:, None, :], len(up) - 1, axis=1)
    _add_spheres(labels, across=_middles(across), up=_middles(up), label=names.index("pmma"))
    materials = tuple(shipped_materials()[name] for name in names)
    return Phantom("ctp404", labels, materials, (across, up, across))


def _section(middles: npt.NDArray[np.float64], names: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Returns the labels of a section across the axis, (nx, nz)."""
    x, z = np.meshgrid(middles, middles, indexing="ij")
    labels = np.zeros(x.shape, dtype=np.uint8)
    discs = [_Disc(0.0, 0.0, RADIUS, "epoxy")]
    for direction, name in INSERTS.items():
        discs.append(_Disc(*_around(INSERT_DISTANCE, direction), INSERT_RADIUS, name))
    discs += [_Disc(*centre, _ROD_RADIUS, name) for centre, name in _RODS.items()]
    for disc in discs:
        inside = (x - disc.x) ** 2 + (z - disc.z) ** 2 <= disc.radius**2
        labels[inside] = names.index(disc.name)
    return labels


@dataclasses.dataclass(frozen=True)
class _Disc:
    x: float
    z: float
    radius: float
    name: str


def _add_spheres(
    labels: npt.NDArray[np.uint8],
    *,
    across: npt.NDArray[np.float64],
    up: npt.NDArray[np.float64],
    label: int,
) -> None:
    for direction, radius in _SPHERES.items():
        x, z = _around(_SPHERE_DISTANCE, direction)
        offsets = (across - x, up, across - z)
        near = np.ix_(*(np.flatnonzero(abs(offset) <= radius) for offset in offsets))
        squared = sum(offset[at] ** 2 for offset, at in zip(offsets, near, strict=True))
        labels[near] = np.where(squared <= radius**2, label, labels[near])


def _around(distance: float, direction: int) -> tuple[float, float]:
    angle = math.radians(direction)
    return distance * math.cos(angle), distance * math.sin(angle)


def _edges(length: float, voxel: float) -> npt.NDArray[np.float64]:
    return np.linspace(-length / 2, length / 2, max(1, round(length / voxel)) + 1)


def _middles(edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 0.5 * (edges[:-1] + edges[1:])
