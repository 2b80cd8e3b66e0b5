"""What stands in the beam: boxes of one material each on a grid about the isocentre."""

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from trackscape.errors import ConfigError
from trackscape.simulation.setup.materials import Material, shipped_materials

_Edges = npt.NDArray[np.float64]

_RADIUS, _HEIGHT = 75.0, 25.0
"""Radius and height of the module CTP404 in mm."""
_INSERT_RADIUS, _INSERT_DISTANCE = 6.1, 58.5
"""Radius of its inserts, and distance of their centres from the axis, in mm."""
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
"""Materials of the inserts by the direction of their centres in degrees, from x towards z."""
_RODS = {(25.0, 25.0): "air", (-25.0, 25.0): "air", (25.0, -25.0): "air", (-25.0, -25.0): "teflon"}
_ROD_RADIUS = 1.5
_SPHERES = {180: 5.0, 108: 4.0, 36: 3.0, 324: 2.0, 252: 1.0}  # direction in degrees -> radius
_SPHERE_DISTANCE = 15.0


@dataclasses.dataclass(frozen=True)
class Insert:
    """A round region of one material through the whole height of a phantom, for scoring."""

    name: str
    """Name of the region, another one for each of a phantom."""
    x: float
    """Position of its axis in x, in the frame of the phantom, in mm."""
    z: float
    """Position of its axis in z, in the frame of the phantom, in mm."""
    radius: float
    """Radius about the axis, which is vertical, in mm."""
    material: Material
    """Material that fills it."""


@dataclasses.dataclass(frozen=True, eq=False)
class Phantom:
    """Boxes of one material each on a rectilinear grid about the isocentre, in air.

    Raises:
        ConfigError: If the parts do not fit together.
    """

    name: str
    """Name for messages and for the provenance of simulated hits."""
    labels: npt.NDArray[np.uint8]
    """Indices into `materials`, (nx, ny, nz)."""
    materials: tuple[Material, ...]
    """Materials that the labels stand for."""
    edges: tuple[_Edges, _Edges, _Edges]
    """Borders of the boxes in x, y and z in the frame of the phantom, in mm, ascending."""
    angle: float = 0.0
    """Rotation about the vertical axis y through the isocentre in rad: a point p of the phantom is
    at R_y(angle) p in the room, so z turns towards x."""
    inserts: tuple[Insert, ...] = ()
    """Regions of known material, for scoring images; none if the phantom has none."""

    def __post_init__(self) -> None:
        shape = np.shape(self.labels)
        boxes = tuple(len(edges) - 1 for edges in self.edges)
        if shape != boxes or 0 in shape or self.labels.dtype != np.uint8:
            raise ConfigError(
                f"phantom {self.name}: expected labels of the type uint8 for the {boxes} boxes "
                f"between the edges, got {self.labels.dtype} of the shape {shape}."
            )
        for axis, edges in zip("xyz", self.edges, strict=True):
            if not (np.isfinite(edges).all() and (np.diff(edges) > 0).all()):
                raise ConfigError(
                    f"phantom {self.name}: expected finite edges in {axis} that ascend, got "
                    f"{np.array2string(edges, threshold=6)}."
                )
        if self.labels.max() >= len(self.materials):
            raise ConfigError(
                f"phantom {self.name}: expected labels below {len(self.materials)}, one for each "
                f"material, got {self.labels.max()}; name more materials."
            )
        if not math.isfinite(self.angle):
            raise ConfigError(f"phantom {self.name}: expected an angle in rad, got {self.angle:g}.")

    @property
    def depth(self) -> tuple[float, float]:
        """Where the grid begins and ends along the beam at its angle: z in mm."""
        x, _, z = self.edges
        corners = [
            end * math.cos(self.angle) - side * math.sin(self.angle)
            for end in (z[0], z[-1])
            for side in (x[0], x[-1])
        ]
        return float(min(corners)), float(max(corners))


def no_phantom() -> Phantom:
    """Returns a millimetre of air at the isocentre."""
    air = shipped_materials()["air"]
    return dataclasses.replace(material_box(air, thickness=1.0), name="none")


def material_box(material: Material, *, thickness: float, width: float = 400.0) -> Phantom:
    """Returns a box of one material, as wide and high as `width`, all in mm.

    Raises:
        ConfigError: If a length is not positive.
    """
    name = f"{material.name}:{thickness:g}"
    if not (0 < thickness < math.inf and 0 < width < math.inf):
        raise ConfigError(
            f"phantom {name}: expected lengths of more than 0 mm, got {thickness:g} and {width:g}."
        )
    labels = np.zeros((1, 1, 1), dtype=np.uint8)
    edges = (_centred(width, boxes=1), _centred(width, boxes=1), _centred(thickness, boxes=1))
    return Phantom(name, labels, (material,), edges)


def stepped_wedge(
    *, steps: int = 10, depth: float = 300.0, width: float = 200.0, height: float = 160.0
) -> Phantom:
    """Returns stairs of water: thicker and thicker along x, with a flat face behind.

    The outline is that of the wedge of the Digital Tracking Calorimeter Toolkit. Step k of n, from
    k = 1 at the side of negative x, is k depth / n thick; width (x) and height (y) are in mm.

    Raises:
        ConfigError: If there are no steps, or a length is not positive.
    """
    lengths = (depth, width, height)
    if not (1 <= steps <= 1000 and all(0 < length < math.inf for length in lengths)):
        raise ConfigError(
            "phantom wedge: expected 1 to 1000 steps and lengths of more than 0 mm, got "
            f"{steps} steps and {depth:g}, {width:g} and {height:g} mm."
        )
    step, slice_ = np.indices((steps, steps))
    labels = (slice_ >= steps - 1 - step).astype(np.uint8)[:, None, :]
    materials = (shipped_materials()["air"], shipped_materials()["water"])
    edges = (_centred(width, boxes=steps), _centred(height, boxes=1), _centred(depth, boxes=steps))
    return Phantom("wedge", labels, materials, edges)


def check_fits(phantom: Phantom, *, source: float, front: float) -> None:
    """Checks that a phantom at its angle stands between beam source and detector, at z in mm.

    Raises:
        ConfigError: If it reaches beyond one of them.
    """
    first, last = phantom.depth
    if first < source or last > front:
        raise ConfigError(
            f"phantom {phantom.name}: expected it between the source at z = {source:g} mm and the "
            f"detector at {front:g} mm, but at {math.degrees(phantom.angle):g} degrees it reaches "
            f"from {first:g} to {last:g} mm; make it smaller or move the source or the detector."
        )


def ctp404(voxel: float = 0.5) -> Phantom:
    """Returns the CTP404 module: a disc of epoxy with inserts of known stopping power.

    A cylinder about the vertical axis y with eight inserts, four rods and five spheres of PMMA, as
    in the Digital Tracking Calorimeter Toolkit (gate/DTC/Phantom/CTP404.mac); its wires, 0.1 mm in
    radius, are left out. A voxel has the material at its centre; the side of the voxels in mm is
    rounded so that they fill the cylinder.

    Raises:
        ConfigError: If the voxels are larger than an insert, or too many.
    """
    if not 0.1 <= voxel <= 2 * _INSERT_RADIUS:
        raise ConfigError(
            f"phantom ctp404: expected voxels of 0.1 to {2 * _INSERT_RADIUS:g} mm, got {voxel:g}."
        )
    across, up = (
        _centred(length, boxes=max(1, round(length / voxel))) for length in (2 * _RADIUS, _HEIGHT)
    )
    names = ("air", "epoxy", *dict.fromkeys(name for name in INSERTS.values() if name != "air"))
    section = _section(_middles(across), names)
    labels = np.repeat(section[:, None, :], len(up) - 1, axis=1)
    _add_spheres(labels, across=_middles(across), up=_middles(up), label=names.index("pmma"))
    materials = tuple(shipped_materials()[name] for name in names)
    return Phantom("ctp404", labels, materials, (across, up, across), inserts=_inserts())


def _inserts() -> tuple[Insert, ...]:
    """Returns the inserts and rods by names that differ: those of air by their direction."""
    of, found = shipped_materials(), list[Insert]()
    for direction, name in INSERTS.items():
        key = f"{name}-{direction}" if name == "air" else name
        place = _around(_INSERT_DISTANCE, direction)
        found.append(Insert(key, *place, _INSERT_RADIUS, of[name]))
    for number, (centre, name) in enumerate(_RODS.items(), 1):
        found.append(Insert(f"rod-{number}-{name}", *centre, _ROD_RADIUS, of[name]))
    return tuple(found)


def _section(middles: npt.NDArray[np.float64], names: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Returns the labels of a section across the axis, (nx, nz)."""
    x, z = np.meshgrid(middles, middles, indexing="ij")
    labels = np.zeros(x.shape, dtype=np.uint8)
    body = Insert("body", 0.0, 0.0, _RADIUS, shipped_materials()["epoxy"])
    for disc in (body, *_inserts()):
        inside = (x - disc.x) ** 2 + (z - disc.z) ** 2 <= disc.radius**2
        labels[inside] = names.index(disc.material.name)
    return labels


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


def _middles(edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 0.5 * (edges[:-1] + edges[1:])


def _centred(length: float, *, boxes: int) -> _Edges:
    return np.linspace(-length / 2, length / 2, boxes + 1)
