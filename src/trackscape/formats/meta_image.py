"""MetaImage files (.mhd with its data beside it, .mha) <-> arrays, for labels, images and pairs."""

import contextlib
import dataclasses
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from trackscape.errors import FormatError
from trackscape.files import replacing
from trackscape.formats.files import Budget, budget
from trackscape.text import shown

_MAX_VOXELS = 10**9
_ALWAYS = 2**28
"""Bytes that any volume may unpack to: one of 512 x 512 x 512 numbers, even if all are equal."""
_MAX_HEADER = 100_000
_TYPES = {
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}


@dataclasses.dataclass(frozen=True, eq=False)
class MetaImage:
    """A number, or some, for each place of a regular grid. Axes: D of the image, C channels."""

    values: npt.NDArray[Any]
    """Numbers, the axis that runs fastest in the file first; the last axis are the channels, where
    there is more than one."""
    spacing: npt.NDArray[np.float64]
    """Distances of neighbouring places, (D,) in mm."""
    offset: npt.NDArray[np.float64]
    """Place of the first number, (D,) in mm; zeros where the file does not say."""


def read_meta_image(
    path: Path, *, types: Sequence[str], axes: int = 3, channels: int | None = 1
) -> MetaImage:
    """Reads an image of a known kind.

    Arguments:
        path: File with the header.
        types: Types of numbers that are read, such as MET_SHORT.
        axes: Number of axes D.
        channels: Number of numbers at each place; any if None, and then an axis of their own.

    Raises:
        FormatError: The header is incomplete or unusual, or the data do not fit it.
    """
    header, after_header = _read_header(path)
    shape, depth = _shape(header, path=path, axes=axes, channels=channels)
    kind = header.get("ElementType", "nothing")
    if kind not in types:
        _refuse(path, "ElementType", expected=f"one of {', '.join(types)}", got=kind)
    order = ">" if _is_true(header, "BinaryDataByteOrderMSB", "ElementByteOrderMSB") else "<"
    dtype = np.dtype(order + _TYPES[kind])
    size = math.prod(shape) * depth * dtype.itemsize
    data = np.frombuffer(_read_data(path, header, size=size, offset=after_header), dtype=dtype)
    if channels != 1:
        array = data.reshape(*reversed(shape), depth)
        array = array.transpose(*reversed(range(axes)), axes)
    else:
        array = data.reshape(shape, order="F")
    return MetaImage(
        array.astype(dtype.newbyteorder("="), copy=False),
        _spacing(header, path=path, axes=axes),
        _offset(header, path=path, axes=axes),
    )


def write_meta_images(
    images: dict[Path, npt.NDArray[np.float32]],
    *,
    spacing: Sequence[float],
    offset: Sequence[float],
) -> list[Path]:
    """Writes images of one grid as pairs of .mhd and .raw files: all of them, or none.

    Arguments:
        images: Numbers for each file that ends with .mhd; the first axis runs fastest in the file.
            One axis more than the grid has are channels.
        spacing: Distances of neighbouring places in mm.
        offset: Place of the first number in mm.

    Returns:
        The files that were written.

    Raises:
        FormatError: They cannot be written there.
    """
    axes, written = len(spacing), []
    with contextlib.ExitStack() as stack:  # what is entered last moves first: data before headers
        for path, values in images.items():
            data = path.with_suffix(".raw")
            if not (
                data.name.isascii() and data.name.isprintable() and data.name == data.name.strip()
            ):
                raise FormatError(
                    f"{path}: expected a name of plain letters, as headers are ASCII, got "
                    f"{shown(path.name)!r}; choose another one."
                )
            header = meta_header(values, spacing, offset, data=data.name)
            stack.enter_context(replacing(path)).write_text(header, encoding="ascii")
            order = (*reversed(range(axes)), *range(axes, values.ndim))
            content = np.ascontiguousarray(values.transpose(order), dtype="<f4")
            content.tofile(stack.enter_context(replacing(data)))
            written += [path, data]
    return written


def meta_header(
    values: npt.NDArray[np.float32],
    spacing: Sequence[float],
    offset: Sequence[float],
    *,
    data: str,
) -> str:
    """Returns the text of a header of float32 numbers, with the keys in the order of ITK's."""
    axes = len(spacing)
    lines = {
        "ObjectType": "Image",
        "NDims": axes,
        "BinaryData": True,
        "BinaryDataByteOrderMSB": False,
        "CompressedData": False,
        "TransformMatrix": _text(np.eye(axes).ravel()),
        "Offset": _text(offset),
        "CenterOfRotation": _text([0] * axes),
        "ElementSpacing": _text(spacing),
        "DimSize": _text(values.shape[:axes]),
        **({"ElementNumberOfChannels": values.shape[axes]} if values.ndim > axes else {}),
        "ElementType": "MET_FLOAT",
        "ElementDataFile": data,
    }
    return "".join(f"{key} = {value}\n" for key, value in lines.items())


def _text(numbers: Sequence[float] | npt.NDArray[np.float64]) -> str:
    return " ".join(f"{number:.15g}" for number in numbers)


def volume_budget(path: Path) -> Budget:
    """Returns what a file with a volume may unpack to: 100 times its size, at least 256 MiB."""
    return budget(path, always=_ALWAYS, advice="if you trust it, store it without compression")


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


def _shape(
    header: dict[str, str], *, path: Path, axes: int, channels: int | None
) -> tuple[tuple[int, ...], int]:
    """Returns the numbers of places along each axis, and of channels."""
    if header.get("NDims", str(axes)) != str(axes):
        _refuse(path, "NDims", expected=str(axes), got=header["NDims"])
    got = header.get("ElementNumberOfChannels", "1")
    if got != str(channels) and (channels is not None or not got.isdecimal() or int(got) == 0):
        many = "1 number or more" if channels is None else f"{channels} number{'s'[: channels - 1]}"
        _refuse(path, "ElementNumberOfChannels", expected=f"{many} for each voxel", got=got)
    shape = _numbers(header, "DimSize", path=path, count=axes)
    most = math.prod(shape) * int(got)
    if any(size < 1 or size != int(size) for size in shape) or most > _MAX_VOXELS:
        _refuse(
            path,
            "DimSize",
            expected=f"{_COUNTS[axes]} whole numbers and at most {_MAX_VOXELS:,} voxels",
            got=header["DimSize"],
        )
    for key in ("TransformMatrix", "Rotation", "Orientation"):
        matrix = _numbers(header, key, path=path, count=axes**2) if key in header else None
        if matrix is not None and matrix != np.eye(axes).ravel().tolist():
            _refuse(path, key, expected=f"axes along {_NAMES[axes]}", got=header[key])
    return tuple(int(size) for size in shape), int(got)


_COUNTS = {2: "two", 3: "three"}
_NAMES = {2: "x and y", 3: "x, y and z"}


def _spacing(header: dict[str, str], *, path: Path, axes: int) -> npt.NDArray[np.float64]:
    key = "ElementSpacing" if "ElementSpacing" in header else "ElementSize"
    return np.array(_numbers(header, key, path=path, count=axes))


def _offset(header: dict[str, str], *, path: Path, axes: int) -> npt.NDArray[np.float64]:
    key = next((key for key in ("Offset", "Position", "Origin") if key in header), None)
    return np.array(_numbers(header, key, path=path, count=axes)) if key else np.zeros(axes)


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
                volume_budget(source).take(size, what=f"DimSize {shown(header['DimSize'])}")
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
