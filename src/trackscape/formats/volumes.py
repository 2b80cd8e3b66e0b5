""".npz and MetaImage (.mhd, .mha) files -> volumes of whole numbers: labels or Hounsfield units."""

import dataclasses
import math
import os
import zlib
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from trackscape.errors import FormatError
from trackscape.formats.files import Budget, budget
from trackscape.formats.tables import Archive, open_archive
from trackscape.text import listed, shown

_MAX_VOXELS = 10**9
_ALWAYS = 2**28  # bytes that any volume may unpack to: 512 x 512 x 512 numbers, even all equal
_MAX_HEADER = 100_000
_TYPES = {"MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2"}
_IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]


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
        volume = Volume(*_read_meta_image(path))
    else:
        raise FormatError(
            f"{path}: can read voxel volumes named .npz, .mhd or .mha, but got "
            f"{suffix or 'no suffix'!r}; choose one of these."
        )
    _check(volume, path=path)
    return volume


def _read_npz(path: Path) -> Volume:
    with open_archive(path, _budget(path)) as archive:
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


def _budget(path: Path) -> Budget:
    return budget(path, always=_ALWAYS, advice="if you trust it, store it without compression")


def _read_meta_image(path: Path) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.float64]]:
    """Reads an array of the shape DimSize, and ElementSpacing, (3,) in mm."""
    header, after_header = _read_header(path)
    shape = _shape(header, path=path)
    kind = header.get("ElementType", "nothing")
    if kind not in _TYPES:
        _refuse(path, "ElementType", expected=f"one of {', '.join(_TYPES)}", got=kind)
    order = ">" if _is_true(header, "BinaryDataByteOrderMSB", "ElementByteOrderMSB") else "<"
    dtype = np.dtype(order + _TYPES[kind])
    data = _read_data(path, header, size=math.prod(shape) * dtype.itemsize, offset=after_header)
    array = np.frombuffer(data, dtype=dtype).reshape(shape, order="F")
    key = "ElementSpacing" if "ElementSpacing" in header else "ElementSize"
    spacing = np.array(_numbers(header, key, path=path, count=3))
    return array.astype(dtype.newbyteorder("="), copy=False), spacing


def _read_header(path: Path) -> tuple[dict[str, str], int]:
    """Keys and values, and where in the file the header ends."""
    header: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            while (line := file.readline(_MAX_HEADER)) and file.tell() <= _MAX_HEADER:
                key, equals, value = line.decode("ascii").partition("=")
                if not equals and key.strip():
                    _refuse(path, "header", expected="lines with key = value", got=repr(key[:40]))
                header[key.strip()] = value.strip()
                if key.strip() == "ElementDataFile":
                    return header, file.tell()
    except OSError as error:
        raise FormatError(
            f"{path}: expected a MetaImage, but {error.strerror}; check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path}: expected a MetaImage, but its header is no text; write it anew."
        ) from error
    _refuse(path, "ElementDataFile", expected="the name of the data file, or LOCAL", got="nothing")


def _shape(header: dict[str, str], *, path: Path) -> tuple[int, ...]:
    shape = _numbers(header, "DimSize", path=path, count=3)
    if any(size < 1 or size != int(size) for size in shape) or math.prod(shape) > _MAX_VOXELS:
        expected = f"three whole numbers and at most {_MAX_VOXELS:,} voxels"
        _refuse(path, "DimSize", expected=expected, got=header["DimSize"])
    channels = header.get("ElementNumberOfChannels", "1")
    if channels != "1":
        _refuse(path, "ElementNumberOfChannels", expected="1 number for each voxel", got=channels)
    for key in ("TransformMatrix", "Rotation", "Orientation"):
        if key in header and _numbers(header, key, path=path, count=9) != _IDENTITY:
            _refuse(path, key, expected="axes along x, y and z", got=header[key])
    return tuple(int(size) for size in shape)


def _read_data(path: Path, header: dict[str, str], *, size: int, offset: int) -> bytes:
    name = header["ElementDataFile"]
    if header.get("HeaderSize", "0") != "0":
        _refuse(path, "HeaderSize", expected="0", got=header["HeaderSize"])
    if name == "LOCAL":
        source = path
    elif name and name.isprintable() and Path(name).name == name:
        source, offset = path.with_name(name), 0
    else:
        _refuse(path, "ElementDataFile", expected="LOCAL or a file beside it", got=repr(name))
    compressed = _is_true(header, "CompressedData")
    try:
        with source.open("rb") as file:
            file.seek(offset)
            if compressed:
                _budget(source).take(size, what=f"DimSize {shown(header['DimSize'])}")
            # One byte more than expected tells a file that is too long, of any length; but Python
            # makes room for all that is asked for, even if the file is short.
            most = min(size + 2**20 if compressed else size + 1, source.stat().st_size)
            data = file.read(most)
            if compressed:
                data = zlib.decompressobj().decompress(data, size + 1)
    except OSError as error:
        raise FormatError(
            f"{path}: expected its data in {source.name}, but {error.strerror}; copy both files."
        ) from error
    except zlib.error as error:
        raise FormatError(
            f"{source}: expected data compressed with zlib, but got {error}; write it anew."
        ) from error
    if len(data) != size:
        got = f"{len(data)}" if len(data) < size else "more"
        raise FormatError(
            f"{source}: expected {size} bytes for {shown(header['DimSize'])} voxels of the type "
            f"{header['ElementType']}, got {got}; correct the header or copy the file anew."
        )
    return data


def _is_true(header: dict[str, str], *keys: str) -> bool:
    return any(header.get(key, "False").lower() == "true" for key in keys)


def _numbers(header: dict[str, str], key: str, *, path: Path, count: int) -> list[float]:
    text = header.get(key, "nothing")
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        _refuse(path, key, expected=f"{count} numbers", got=text)
    return numbers


def _refuse(path: Path, key: str, *, expected: str, got: str) -> NoReturn:
    raise FormatError(f"{path}: {key}: expected {expected}, got {shown(got)}; correct the header.")
