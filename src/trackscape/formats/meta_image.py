"""MetaImage files (.mhd with a .raw beside, .mha) -> array and spacing."""

import math
import zlib
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from trackscape.errors import FormatError
from trackscape.formats.limits import Budget, budget
from trackscape.text import shown

MAX_VOXELS = 10**9
ALWAYS = 2**28
"""Bytes that any volume may unpack to: one of 512 x 512 x 512 numbers, even if all are equal."""
_MAX_HEADER = 100_000
_TYPES = {"MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2"}
_IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]


def voxel_budget(path: Path) -> Budget:
    """Returns what a file with a volume may unpack to: 100 times its size, at least 256 MiB."""
    return budget(path, always=ALWAYS, advice="if you trust it, store it without compression")


def read_meta_image(path: Path) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.float64]]:
    """Reads an image on three axes.

    Returns:
        Array of the shape DimSize, and ElementSpacing, (3,) in mm.

    Raises:
        FormatError: If the header is incomplete or unusual, or the data do not fit it.
    """
    header, after_header = _read_header(path)
    shape = _shape(header, path=path)
    kind = header.get("ElementType", "nothing")
    if kind not in _TYPES:
        _refuse(path, "ElementType", expected=f"one of {', '.join(_TYPES)}", got=kind)
    order = ">" if _is_true(header, "BinaryDataByteOrderMSB", "ElementByteOrderMSB") else "<"
    dtype = np.dtype(order + _TYPES[kind])
    data = _read_data(path, header, size=math.prod(shape) * dtype.itemsize, offset=after_header)
    array = np.frombuffer(data, dtype=dtype).reshape(shape, order="F")
    return array.astype(dtype.newbyteorder("="), copy=False), _spacing(header, path=path)


def _read_header(path: Path) -> tuple[dict[str, str], int]:
    """Returns the keys, and where in the file the header ends."""
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
    if any(size < 1 or size != int(size) for size in shape) or math.prod(shape) > MAX_VOXELS:
        _refuse(
            path,
            "DimSize",
            expected=f"three whole numbers and at most {MAX_VOXELS:,} voxels",
            got=header["DimSize"],
        )
    if header.get("ElementNumberOfChannels", "1") != "1":
        got = header["ElementNumberOfChannels"]
        _refuse(path, "ElementNumberOfChannels", expected="1 number for each voxel", got=got)
    for key in ("TransformMatrix", "Rotation", "Orientation"):
        if key in header and _numbers(header, key, path=path, count=9) != _IDENTITY:
            _refuse(path, key, expected="axes along x, y and z", got=header[key])
    return tuple(int(size) for size in shape)


def _spacing(header: dict[str, str], *, path: Path) -> npt.NDArray[np.float64]:
    key = "ElementSpacing" if "ElementSpacing" in header else "ElementSize"
    return np.array(_numbers(header, key, path=path, count=3))


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
                voxel_budget(source).take(size, what=f"DimSize {shown(header['DimSize'])}")
            # One byte more than expected tells a file that is too long, of any length; but Python
            # makes room for all that is asked for, even if the file is short.
            most = min(size + 2**20 if compressed else size + 1, source.stat().st_size)
            data = file.read(most)
            data = _decompress(data, size) if compressed else data
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


def _decompress(data: bytes, size: int) -> bytes:
    return zlib.decompressobj().decompress(data, size + 1)


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
