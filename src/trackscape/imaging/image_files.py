"""Images <-> .mhd (with .raw), .npz, and .nii or .nii.gz by nibabel.

All hold float32 in the frame of the object; x is the first axis of the arrays, and runs fastest in
MetaImage and NIfTI files. The error of NAME.mhd is in NAME_error.mhd, its replicates are in
NAME_replicates.mhd, as the channels or the fourth axis; .npz holds them all.
"""

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trackscape.errors import FormatError
from trackscape.files import check_place, replacing
from trackscape.formats.meta_image import read_meta_image, volume_budget, write_meta_images
from trackscape.formats.tables import open_archive
from trackscape.imaging.image import Image
from trackscape.imaging.nifti import Map, Three, read_nifti, three, write_nifti

SUFFIXES = (".mhd", ".npz", ".nii", ".nii.gz")
"""Ends of the names of files of images."""
_TYPES = ("MET_FLOAT", "MET_DOUBLE")
_BESIDE = ("error", "replicates")
_GRID = ("spacing", "origin")
_ARRAYS = ("value", *_BESIDE, *_GRID)
_SAME = 1e-4  # mm; NIfTI and others keep the grid in single precision


_Arrays = dict[str, npt.NDArray[Any]]


def write_image(image: Image, path: Path | str) -> list[Path]:
    """Writes an image, with its error and its replicates if it has any; an old one is replaced.

    Arguments:
        image: Any image.
        path: File that ends with one of `SUFFIXES`.

    Returns:
        The files that were written.

    Raises:
        FormatError: The suffix is unknown, or nothing can be written there; or the file is NIfTI,
            and nibabel is not installed.
    """
    path = Path(path)
    kind = _kind(path)
    check_place(path)
    found = {name: getattr(image, name) for name in ("value", *_BESIDE)}
    arrays = {name: array for name, array in found.items() if array is not None}
    if kind == ".npz":
        _write_npz(image, arrays, path)
        return [path]
    for name in _BESIDE:  # those of an older image would pass for its own
        for stale in _files(_beside(path, name)) if name not in arrays else []:
            stale.unlink(missing_ok=True)
    maps = {
        _beside(path, name): array if array.ndim == 3 else np.moveaxis(array, 0, 3)
        for name, array in arrays.items()
    }
    if kind == ".mhd":
        return write_meta_images(maps, spacing=image.spacing, offset=image.origin)
    write_nifti(image, maps)
    return list(maps)


def read_image(path: Path | str) -> Image:
    """Reads an image, with the error and the replicates that are beside or inside its file.

    Raises:
        FormatError: The file is absent, damaged, too large, of another kind, or its parts do not
            fit; or a voxel is not a finite number; or it is NIfTI, and nibabel is not installed.
    """
    path = Path(path)
    kind = _kind(path)
    if kind == ".npz":
        arrays, spacing, origin = _read_npz(path)
    else:
        read_map = _read_meta if kind == ".mhd" else read_nifti
        first = read_map(path, 3)
        arrays, (_, spacing, origin) = {"value": first.values}, first
        for name, axes in zip(_BESIDE, (3, 4), strict=True):
            beside = _beside(path, name)
            if os.path.isfile(beside):
                found = read_map(beside, axes)
                _check_grid(found, first, beside)
                arrays[name] = found.values
    for name, array in arrays.items():
        _check(array, name, shape=arrays["value"].shape, path=path)
    if not all(math.isfinite(side) and side > 0 for side in spacing):
        raise FormatError(
            f"{path}: expected spacings of more than 0 mm, got {list(spacing)}; correct them."
        )
    if not all(map(math.isfinite, origin)):
        raise FormatError(
            f"{path}: expected a finite origin in mm, got {list(origin)}; correct it."
        )
    values = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
    return Image(spacing=spacing, origin=origin, **values)


def _kind(path: Path) -> str:
    name = path.name.lower()
    kind = next((suffix for suffix in reversed(SUFFIXES) if name.endswith(suffix)), None)
    if kind is None:
        raise FormatError(
            f"{path}: expected an image that ends with {', '.join(SUFFIXES)}, but got "
            f"{path.suffix or 'no suffix'!r}; choose one of these."
        )
    return kind


def picture_beside(path: Path) -> Path:
    """Returns NAME.png for an image NAME.mhd, NAME.npz, NAME.nii or NAME.nii.gz."""
    return path.with_name(f"{path.name[: -len(_kind(path))]}.png")


def _beside(path: Path, name: str) -> Path:
    kind = path.name[-len(_kind(path)) :]
    return path if name == "value" else path.with_name(f"{path.name[: -len(kind)]}_{name}{kind}")


def _files(path: Path) -> list[Path]:
    return [path, path.with_suffix(".raw")] if _kind(path) == ".mhd" else [path]


def _check(array: npt.NDArray[Any], name: str, *, shape: tuple[int, ...], path: Path) -> None:
    axes = 4 if name == "replicates" else 3
    if array.ndim != axes or array.size == 0 or array.dtype.kind not in "iuf":
        raise FormatError(
            f"{path}: {name}: expected numbers on {axes} axes, got {array.dtype} of the shape "
            f"{array.shape}; write the image again."
        )
    if array.shape[-3:] != shape:
        raise FormatError(
            f"{path}: {name}: expected a number for each of {shape} voxels, got the shape "
            f"{array.shape}; write the image again."
        )
    most = np.finfo(np.float32).max
    bad = ~((array >= -most) & (array <= most))  # a NaN fails every comparison
    if bad.any():
        place = np.argwhere(bad)[0].tolist()
        raise FormatError(
            f"{path}: {name}: expected finite numbers of float32, got {array[tuple(place)]} in "
            f"the voxel {place}; set what is unknown to 0."
        )


def _check_grid(found: Map, first: Map, path: Path) -> None:
    grids = [(*each.spacing, *each.origin) for each in (found, first)]
    if not np.allclose(*grids, rtol=0, atol=_SAME):
        raise FormatError(
            f"{path}: expected the grid of its image, {list(grids[1])}, got {list(grids[0])} "
            "(spacing and origin in mm); write both again, or remove this one."
        )


def _read_meta(path: Path, axes: int) -> Map:
    found = read_meta_image(path, types=_TYPES, channels=1 if axes == 3 else None)
    values = found.values if axes == 3 else np.moveaxis(found.values, 3, 0)
    return Map(values, three(found.spacing), three(found.offset))


def _write_npz(image: Image, arrays: _Arrays, path: Path) -> None:
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, spacing=image.spacing, origin=image.origin, **arrays)


def _read_npz(path: Path) -> tuple[_Arrays, Three, Three]:
    if not os.path.isfile(path):
        raise FormatError(f"{path}: expected an image, but no file is there; check the path.")
    with open_archive(path, volume_budget(path)) as archive:
        arrays = {name: archive.read(name) for name in _ARRAYS if name in archive}
    for name in ("value", *_GRID):
        if name not in arrays:
            raise FormatError(
                f"{path}: expected the arrays value, spacing and origin of an image, but "
                f"{name} is not there; write the image again."
            )
    for name in _GRID:
        if arrays[name].shape != (3,) or arrays[name].dtype.kind not in "iuf":
            raise FormatError(
                f"{path}: array {name}: expected three numbers in mm, got {arrays[name].dtype} of "
                f"the shape {arrays[name].shape}; store np.array([x, y, z])."
            )
    spacing, origin = (three(arrays.pop(name)) for name in _GRID)
    return arrays, spacing, origin
