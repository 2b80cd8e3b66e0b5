""".npz and MetaImage (.mhd, .mha) files -> volumes of whole numbers: labels or Hounsfield units."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trackscape.errors import FormatError
from trackscape.formats.meta_image import read_meta_image, volume_budget
from trackscape.formats.tables import Archive, open_archive
from trackscape.text import listed, shown

_TYPES = ("MET_UCHAR", "MET_SHORT", "MET_USHORT")


@dataclasses.dataclass(frozen=True, eq=False)
class Volume:
    """A number for each voxel of a regular grid."""

    values: npt.NDArray[np.integer]
    """Labels or Hounsfield units, (X, Y, Z)."""
    spacing: npt.NDArray[np.float64]
    """Distances in mm of neighbouring voxels in x, y and z, (3,)."""
    origin: npt.NDArray[np.float64] | None = None
    """Middle of the voxel (0, 0, 0) in mm, (3,); None if the volume is centred at zero."""
    materials: tuple[str, ...] | None = None
    """Name of the material of each label; None where the file does not say."""


def read_volume(path: Path | str) -> Volume:
    """Reads a volume of whole numbers.

    An .npz file holds the arrays ``labels``, (X, Y, Z) whole numbers, and ``spacing``, (3,) in mm;
    it may hold ``origin``, (3,) in mm, and ``materials``, the name of each label from 0 up. In
    MetaImage files, of the types MET_UCHAR, MET_SHORT or MET_USHORT, x is the axis that runs
    fastest. Their offset is not used, as it usually places the volume in the scanner.

    Raises:
        FormatError: If the file is damaged, of another kind, too large, or its parts do not fit.
    """
    path = Path(path)
    if not os.path.isfile(path):  # a name that is too long is none
        raise FormatError(f"{path}: expected a voxel volume, but no file is there; check the path.")
    suffix = path.suffix.lower()
    if suffix == ".npz":
        volume = _read_npz(path)
    elif suffix in (".mhd", ".mha"):
        image = read_meta_image(path, types=_TYPES)
        volume = Volume(image.values, image.spacing)
    else:
        raise FormatError(
            f"{path}: expected a volume named .npz, .mhd or .mha, got {suffix or 'no suffix'!r}."
        )
    _check(volume, path=path)
    return volume


def _read_npz(path: Path) -> Volume:
    with open_archive(path, volume_budget(path)) as archive:
        for name in ("labels", "spacing"):
            if name not in archive:
                raise FormatError(
                    f"{path}: expected the arrays labels and spacing, got "
                    f"{listed(archive.names) or 'none'}; store both with np.savez."
                )
        labels, spacing = archive.read("labels"), _three_numbers(archive, "spacing", path=path)
        origin = _three_numbers(archive, "origin", path=path) if "origin" in archive else None
        return Volume(labels, spacing, origin, _names(archive, path=path))


def _names(archive: Archive, *, path: Path) -> tuple[str, ...] | None:
    if "materials" not in archive:
        return None
    materials = archive.read("materials")
    if materials.dtype.kind != "U" or materials.ndim != 1:
        raise FormatError(
            f"{path}: array materials: expected a list of names, got {shown(materials.dtype)} of "
            f"the shape {materials.shape}; store np.array(['air', 'water'])."
        )
    return tuple(map(str, materials))


def _three_numbers(archive: Archive, name: str, *, path: Path) -> npt.NDArray[np.float64]:
    array = archive.read(name)
    if array.shape != (3,) or array.dtype.kind not in "iuf" or array.dtype.itemsize > 8:
        raise FormatError(
            f"{path}: array {name}: expected three numbers in mm, got {shown(array.dtype)} of the "
            f"shape {array.shape}; store np.array([x, y, z])."
        )
    return array.astype(np.float64)


def _check(volume: Volume, *, path: Path) -> None:
    values = volume.values
    if values.ndim != 3 or values.size == 0 or values.dtype.kind not in "iu":
        raise FormatError(
            f"{path}: expected whole numbers on three axes, got {shown(values.dtype)} of the shape "
            f"{values.shape}; store integers of the shape (X, Y, Z)."
        )
    if not (np.isfinite(volume.spacing).all() and (volume.spacing > 0).all()):
        got = volume.spacing.tolist()
        raise FormatError(f"{path}: expected spacings of more than 0 mm, got {got}; correct them.")
    if volume.origin is not None and not np.isfinite(volume.origin).all():
        got = volume.origin.tolist()
        raise FormatError(f"{path}: expected a finite origin in mm, got {got}; correct it.")
