"""Words of the command line and files <-> phantoms."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import pydantic
import yaml
from jaxtyping import Float, Integer, UInt8

from trackscape.errors import ConfigError, FormatError
from trackscape.files import replacing
from trackscape.formats import Strict, Volume, read_settings, read_volume
from trackscape.simulation.setup.drawn import InsertSettings, draw_cylinder, head, line_pairs
from trackscape.simulation.setup.materials import (
    Material,
    MaterialSettings,
    choose_material,
    shipped_materials,
)
from trackscape.simulation.setup.phantom import (
    Phantom,
    ctp404,
    material_box,
    no_phantom,
    stepped_wedge,
)
from trackscape.text import shown

_NAMED = {
    "none": no_phantom,
    "wedge": stepped_wedge,
    "ctp404": ctp404,
    "line-pairs": line_pairs,
    "head": head,
}
_VOXELS = (".npz", ".mhd", ".mha")
FILES = (*_VOXELS, ".yaml")
"""What the names of files of phantoms end with."""
_MAX_MATERIALS = 256
_MAX_VALUE = 100_000
_Edges = Float[np.ndarray, " edges"]


class _Band(Strict):
    up_to: float
    material: str


_Bands = Annotated[list[_Band], pydantic.Field(min_length=1, max_length=1000)]


class _VoxelTable(Strict):
    labels: dict[int, str] | None = None
    hounsfield: _Bands | None = None
    materials: dict[str, MaterialSettings] = pydantic.Field(default_factory=dict)
    inserts: list[InsertSettings] = pydantic.Field(default_factory=list, max_length=1000)

    @pydantic.model_validator(mode="after")
    def _bands_ascend(self) -> "_VoxelTable":
        limits = [band.up_to for band in self.hounsfield or []]
        if limits != sorted(set(limits)):
            raise ValueError(
                f"expected limits up_to that ascend, got {shown(limits)}; reorder them"
            )
        return self


def parse_phantom(text: str, *, angle: float = 0.0) -> Phantom:
    """Returns the phantom that a word of the command line names.

    Arguments:
        text: ``none``, ``wedge``, ``ctp404``, ``line-pairs``, ``head``, a shipped material with its
            thickness in mm such as ``water:100``, a voxel file ending in .npz, .mhd or .mha, see
            `read_phantom`, or a cylinder with inserts ending in .yaml, see `draw_cylinder`.
        angle: Rotation about the vertical axis y through the isocentre in rad.

    Raises:
        ConfigError: If the word is none of these, or describes no possible phantom.
        FormatError: If the file is damaged.

    Example:
        >>> parse_phantom("water:100").depth
        (-50.0, 50.0)
    """
    if Path(text).suffix.lower() in _VOXELS:
        return read_phantom(text, angle=angle)
    if Path(text).suffix.lower() in FILES:
        return dataclasses.replace(draw_cylinder(text), angle=angle)
    if text in _NAMED:
        return dataclasses.replace(_NAMED[text](), angle=angle)
    if ":" in text:
        return dataclasses.replace(_parse_box(text), angle=angle)
    raise ConfigError(
        f"phantom {text}: expected {', '.join(_NAMED)}, a material with its thickness in mm such "
        f"as water:100, or a file ending in {', '.join(FILES)}; choose one of these."
    )


def _parse_box(text: str) -> Phantom:
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


def read_phantom(path: Path | str, *, angle: float = 0.0) -> Phantom:
    """Reads a voxel volume, whose axes are those of the phantom: y is vertical, the beam along z.

    The materials of the labels are in the file (.npz with the array ``materials``) or in a YAML
    file beside it of the same name, which has either ``labels``, a mapping from label to material,
    or ``hounsfield``, a list of bands ``{up_to: 40, material: soft-tissue}`` that ascend, and may
    define ``materials`` of its own as in a detector file, and ``inserts`` as in the file of a
    cylinder, for scoring. The angle is as in `parse_phantom`.

    Raises:
        FormatError: If the volume is damaged, or there is no table of materials.
        ConfigError: If the table is wrong, a label has no material, or a material is unknown.
    """
    path = Path(path)
    volume = read_volume(path)
    table = _read_table(path) if volume.materials is None else _VoxelTable()
    own = {name: settings.material(name) for name, settings in table.materials.items()}
    try:
        names = _names_of_values(volume, table)
        known = {**shipped_materials(), **own}
        materials = _choose(names, known)
        labels = _label(volume.values, names, tuple(materials))
        inserts = tuple(settings.insert(known) for settings in table.inserts)
        kinds = tuple(materials.values())
        return Phantom(path.name, labels, kinds, _edges(volume), angle, inserts)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def write_phantom(phantom: Phantom, path: Path) -> None:
    """Writes a phantom at the angle zero as `read_phantom` reads it, with a YAML file beside it.

    Arguments:
        phantom: What is written; its boxes are equally long along each axis.
        path: New file ending in .npz; the table of its materials and inserts ends in .yaml.

    Raises:
        ConfigError: Boxes differ in length, or two materials have one name.
        FormatError: A file cannot be written there.
    """
    steps = [np.diff(edges) for edges in phantom.edges]
    names = [material.name for material in phantom.materials]
    if not all(np.allclose(step, step[0]) for step in steps) or len(set(names)) < len(names):
        raise ConfigError(
            f"phantom {phantom.name}: expected boxes of one length along each axis, and materials "
            "of different names; only such phantoms can be written to a voxel file."
        )
    spacing = np.array([(e[-1] - e[0]) / (len(e) - 1) for e in phantom.edges])
    origin = np.array([edges[0] for edges in phantom.edges]) + 0.5 * spacing
    with replacing(path.with_suffix(".yaml")) as partial:
        text = yaml.safe_dump(_table_of(phantom), sort_keys=False)
        partial.write_text(text, encoding="utf-8")
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, labels=phantom.labels, spacing=spacing, origin=origin)


def _table_of(phantom: Phantom) -> dict[str, object]:
    """Returns what `_VoxelTable` holds."""
    kinds = {m.name: m for m in (*phantom.materials, *(i.material for i in phantom.inserts))}
    own = {name: m for name, m in kinds.items() if shipped_materials().get(name) != m}
    return {
        "labels": {label: material.name for label, material in enumerate(phantom.materials)},
        "materials": {name: _as_settings(material) for name, material in own.items()},
        "inserts": [
            {"name": i.name, "centre": [i.x, i.z], "radius": i.radius, "material": i.material.name}
            for i in phantom.inserts
        ],
    }


def _as_settings(material: Material) -> dict[str, object]:
    return {
        "density": material.density,
        "elements": dict(material.fractions),
        "excitation_energy": material.excitation_energy,
        "reference": material.reference,
    }


def _read_table(path: Path) -> _VoxelTable:
    beside = path.with_suffix(".yaml")
    if not beside.is_file():
        raise FormatError(
            f"{path}: expected the names of its materials in the array materials of an .npz file "
            f"or in {beside.name} beside it, but found neither; docs/detectors.md shows one."
        )
    table = read_settings(beside, _VoxelTable, described_in="docs/detectors.md")
    if (table.labels is None) == (table.hounsfield is None):
        raise ConfigError(f"{beside}: expected either labels or hounsfield; give one of them.")
    return table


def _names_of_values(volume: Volume, table: _VoxelTable) -> dict[int, str]:
    """Returns the name of the material of each value that the file or the table covers."""
    if volume.materials is not None:
        return dict(enumerate(volume.materials))
    if table.labels:
        return table.labels
    bands = table.hounsfield or []
    lowest, highest = _range(volume.values)
    values = range(lowest, highest + 1)
    band_of = np.searchsorted([band.up_to for band in bands], values).tolist()
    pairs = zip(values, band_of, strict=True)
    return {value: bands[band].material for value, band in pairs if band < len(bands)}


def _choose(names: dict[int, str], known: Mapping[str, Material]) -> dict[str, Material]:
    materials = {name: choose_material(name, known) for name in dict.fromkeys(names.values())}
    if len(materials) > _MAX_MATERIALS:
        raise ConfigError(
            f"expected at most {_MAX_MATERIALS} materials, got {len(materials)}; merge some."
        )
    return materials


def _label(
    values: Integer[np.ndarray, "nx ny nz"], names: dict[int, str], materials: tuple[str, ...]
) -> UInt8[np.ndarray, "nx ny nz"]:
    """Returns the index of the material of each voxel."""
    lowest, highest = _range(values)
    label_of = np.zeros(highest - lowest + 1, dtype=np.uint8)
    unnamed = np.ones(len(label_of), dtype=bool)
    for value, name in names.items():
        if lowest <= value <= highest:
            label_of[value - lowest] = materials.index(name)
            unnamed[value - lowest] = False
    labels = np.empty(values.shape, dtype=np.uint8)
    for plane, out in zip(values, labels, strict=True):  # one at a time, to save memory
        at = plane.astype(np.int64) - lowest
        if unnamed[at].any():
            value = int(plane[unnamed[at]][0])
            raise ConfigError(
                f"expected a material for every value of the voxels, but {value} has none."
            )
        out[...] = label_of[at]
    return labels


def _range(values: Integer[np.ndarray, "nx ny nz"]) -> tuple[int, int]:
    lowest, highest = int(values.min()), int(values.max())
    if lowest < -_MAX_VALUE or highest > _MAX_VALUE:
        raise ConfigError(
            f"expected labels or Hounsfield units between {-_MAX_VALUE} and {_MAX_VALUE}, got "
            f"{lowest} to {highest}; number the materials from 0."
        )
    return lowest, highest


def _edges(volume: Volume) -> tuple[_Edges, _Edges, _Edges]:
    shape, step = np.array(volume.values.shape), volume.spacing
    centred = -0.5 * (shape - 1) * step
    first = (centred if volume.origin is None else volume.origin) - 0.5 * step
    x, y, z = (first[axis] + step[axis] * np.arange(shape[axis] + 1) for axis in range(3))
    return x, y, z
