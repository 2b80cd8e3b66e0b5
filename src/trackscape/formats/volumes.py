""".npz and MetaImage (.mhd, .mha) files -> volumes of whole numbers: labels or Hounsfield units."""

import dataclasses
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trackscape.errors import FormatError
from trackscape.formats.files import reading
from trackscape.formats.meta_image import MAX_VOXELS, read_meta_image
from trackscape.formats.numpy_files import refusing_pickles

_ARRAYS = ("labels", "spacing", "origin", "materials")


@dataclasses.dataclass(frozen=True, eq=False)
class Volume:
    """A number for each voxel of a regular grid. Axes: X, Y, Z voxels."""

    values: npt.NDArray[np.integer]
    """Labels or Hounsfield units, (X, Y, Z)."""
    spacing: npt.NDArray[np.float64]
    """Distance of voxels in x, y and z, (3,) in mm."""
    origin: npt.NDArray[np.float64] | None = None
    """Middle of the voxel (0, 0, 0), (3,) in mm; None: the volume is centred at zero."""
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
    if not path.is_file():
        raise FormatError(f"{path}: expected a voxel volume, but no file is there; check the path.")
    suffix = path.suffix.lower()
    if suffix == ".npz":
        with reading(path), refusing_pickles(path):
            volume = _read_npz(path)
    elif suffix in (".mhd", ".mha"):
        volume = Volume(*read_meta_image(path))
    else:
        raise FormatError(
            f"{path}: can read voxel volumes named .npz, .mhd or .mha, but got "
            f"{suffix or 'no suffix'!r}; choose one of these."
        )
    _check(volume, path=path)
    return volume


def _read_npz(path: Path) -> Volume:
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        members = _check_headers(archive, path)
        arrays = {name: _read_array(archive, members[name]) for name in _ARRAYS if name in members}
    materials = arrays.get("materials")
    if materials is not None and (materials.dtype.kind != "U" or materials.ndim != 1):
        raise FormatError(
            f"{path}: array materials: expected a list of names, got {materials.dtype} of the "
            f"shape {materials.shape}; store np.array(['air', 'water'])."
        )
    return Volume(
        arrays["labels"],
        _three_numbers(arrays["spacing"], name="spacing", path=path),
        _three_numbers(arrays["origin"], name="origin", path=path) if "origin" in arrays else None,
        None if materials is None else tuple(map(str, materials)),
    )


def _check_headers(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Looks at the shapes before the arrays, which a hostile file could make larger than memory.

    Returns:
        The members by the names of their arrays, so that what was looked at is what is read.
    """
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name in members:
            raise FormatError(
                f"{path}: expected one array of each name, got {name} twice; store it again with "
                "np.savez."
            )
        members[name] = member
    for name in ("labels", "spacing"):
        if name not in members:
            raise FormatError(
                f"{path}: expected the arrays labels and spacing, got "
                f"{', '.join(members) or 'none'}; store both with np.savez."
            )
    for name in members.keys() & set(_ARRAYS):
        with archive.open(members[name]) as stream:
            major, _ = np.lib.format.read_magic(stream)
            read_header = (
                np.lib.format.read_array_header_1_0
                if major == 1
                else np.lib.format.read_array_header_2_0
            )
            shape, _, dtype = read_header(stream)
        entries = int(np.prod(shape, dtype=object))
        if entries > MAX_VOXELS or entries * dtype.itemsize > 8 * MAX_VOXELS:
            raise FormatError(
                f"{path}: array {name}: expected at most {MAX_VOXELS:,} entries, got the shape "
                f"{shape}; crop it or make the voxels larger."
            )
    return members


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def _three_numbers(
    array: npt.NDArray[np.float64], *, name: str, path: Path
) -> npt.NDArray[np.float64]:
    if array.shape != (3,) or array.dtype.kind not in "iuf":
        raise FormatError(
            f"{path}: array {name}: expected three numbers in mm, got {array.dtype} of the shape "
            f"{array.shape}; store np.array([x, y, z])."
        )
    return array.astype(np.float64)


def _check(volume: Volume, *, path: Path) -> None:
    values = volume.values
    if values.ndim != 3 or values.size == 0 or values.dtype.kind not in "iu":
        raise FormatError(
            f"{path}: expected whole numbers on three axes, got {values.dtype} of the shape "
            f"{values.shape}; store integers of the shape (X, Y, Z)."
        )
    if not (np.isfinite(volume.spacing).all() and (volume.spacing > 0).all()):
        raise FormatError(
            f"{path}: expected spacings of more than 0 mm, got {volume.spacing.tolist()}; correct "
            "them."
        )
    if volume.origin is not None and not np.isfinite(volume.origin).all():
        raise FormatError(
            f"{path}: expected a finite origin in mm, got {volume.origin.tolist()}; correct it."
        )
