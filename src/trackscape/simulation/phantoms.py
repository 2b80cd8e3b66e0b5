"""What stands in the beam: boxes of one material each on a grid about the isocentre."""

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from trackscape.errors import ConfigError
from trackscape.simulation.materials import Material, choose_material, shipped_materials
from trackscape.text import shown

_Edges = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class Phantom:
    """Boxes of one material each on a rectilinear grid about the isocentre, in air.

    Raises:
        ConfigError: If the parts do not fit together.
    """

    name: str
    labels: npt.NDArray[np.uint8]
    """Index into `materials`, (nx, ny, nz)."""
    materials: tuple[Material, ...]
    """What the labels mean."""
    edges: tuple[_Edges, _Edges, _Edges]
    """Borders of the boxes in x, y and z in the frame of the phantom, in mm, ascending."""
    angle: float = 0.0
    """Rotation about the vertical axis y through the isocentre in rad: a point p of the phantom is
    at R_y(angle) p in the room, so z turns towards x."""

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


def water_box(thickness: float, *, width: float = 400.0) -> Phantom:
    """Returns a box of water, as wide and high as `width`, all in mm."""
    return material_box(shipped_materials()["water"], thickness=thickness, width=width)


def material_box(material: Material, *, thickness: float, width: float = 400.0) -> Phantom:
    """Returns a box of one material, as wide and high as `width`, all in mm.

    Raises:
        ConfigError: If a length is not positive.
    """
    name = f"{material.name}:{thickness:g}"
    if not (0 < thickness < math.inf and 0 < width < math.inf):
        raise ConfigError(
            f"phantom {name}: expected a thickness and a width of more than 0 mm, got "
            f"{thickness:g} and {width:g} mm."
        )
    labels = np.zeros((1, 1, 1), dtype=np.uint8)
    edges = (_centred(width, boxes=1), _centred(width, boxes=1), _centred(thickness, boxes=1))
    return Phantom(name, labels, (material,), edges)


def stepped_wedge(
    *, steps: int = 10, depth: float = 300.0, width: float = 200.0, height: float = 160.0
) -> Phantom:
    """Returns stairs of water: thicker and thicker along x, with a flat face behind.

    The outline is that of the wedge of the Digital Tracking Calorimeter Toolkit. Step k of n, from
    k = 1 at the side of negative x, is k depth / n thick.

    Arguments:
        steps: Number of steps, equally wide in x.
        depth: Thickness of the last step along the beam in mm.
        width: Extent of all steps in x in mm.
        height: Extent in y in mm.

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


def parse_box(text: str) -> Phantom:
    """Reads a box of one of the shipped materials, such as ``water:100`` with 100 mm.

    Raises:
        ConfigError: If the material is unknown, or the thickness no positive number.
    """
    name, _, thickness = text.partition(":")
    try:
        material = choose_material(name, shipped_materials())
    except ConfigError as error:
        raise ConfigError(f"phantom {text}: {error}") from error
    try:
        length = float(thickness)
    except ValueError as error:
        raise ConfigError(
            f"phantom {shown(text)}: expected a thickness in mm behind the colon, got "
            f"{shown(thickness)!r}; write for example water:100."
        ) from error
    return material_box(material, thickness=length)


def check_fits(phantom: Phantom, *, source: float, front: float) -> None:
    """Checks that a phantom stands between the source of the beam and the detector.

    Arguments:
        phantom: What is checked, at its angle.
        source: The plane where the protons start: z in mm.
        front: The entrance of the detector: z in mm.

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


def _centred(length: float, *, boxes: int) -> _Edges:
    return np.linspace(-length / 2, length / 2, boxes + 1)
