"""NIfTI files <-> arrays on the grid of an image, by nibabel."""

import contextlib
import gzip
import importlib
import io
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trackscape.errors import FormatError, MissingPackageError
from trackscape.files import replacing
from trackscape.formats.files import reading
from trackscape.formats.meta_image import volume_budget
from trackscape.imaging.image import Image

_NIFTI_HEADER = 352  # bytes before the voxels
_STRAIGHT = 1e-6  # mm

Three = tuple[float, float, float]


class Map(NamedTuple):
    """One array of a file, and its grid."""

    values: npt.NDArray[Any]
    """Numbers, (nx, ny, nz), or (groups, nx, ny, nz)."""
    spacing: Three
    origin: Three


def three(numbers: Iterable[float]) -> Three:
    """Returns three numbers of any type as floats."""
    x, y, z = map(float, numbers)
    return x, y, z


def write_nifti(image: Image, maps: dict[Path, npt.NDArray[np.float32]]) -> None:
    """Writes maps on the grid of an image, each to its file, all or none."""
    affine = np.diag([*image.spacing, 1.0])
    affine[:3, 3] = image.origin
    with contextlib.ExitStack() as stack:
        for path, values in maps.items():
            content = _nibabel(path).Nifti1Image(values, affine).to_bytes()
            if path.name.lower().endswith(".gz"):
                content = gzip.compress(content, mtime=0)
            stack.enter_context(replacing(path)).write_bytes(content)


def read_nifti(path: Path, axes: int) -> Map:
    """Reads a map of 3 axes, or of 4 of which the last one comes first.

    Raises:
        FormatError: The file is absent, damaged, too large or turned, or nibabel is not installed.
    """
    nibabel = _nibabel(path)
    if not os.path.isfile(path):
        raise FormatError(f"{path}: expected an image, but no file is there; check the path.")
    with reading(path):
        spare = volume_budget(path)
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            content = file.read(spare.limit + 1)
        spare.take(len(content), what="its voxels")
        header = nibabel.Nifti1Header.from_fileobj(io.BytesIO(content))
        shape = header.get_data_shape()
        needed = math.prod(shape) * header.get_data_dtype().itemsize
        if len(content) < needed + _NIFTI_HEADER:
            raise FormatError(
                f"{path}: expected {needed} bytes for {shape} voxels, got "
                f"{len(content) - _NIFTI_HEADER}; copy the file anew."
            )
        image = nibabel.Nifti1Image.from_bytes(content)
        values, affine = np.asarray(image.dataobj), np.asarray(image.affine, dtype=np.float64)
    sides = np.diag(affine)[:3]
    if not np.allclose(affine[:3, :3], np.diag(sides), rtol=0, atol=_STRAIGHT):
        raise FormatError(
            f"{path}: expected axes along x, y and z, got the matrix {affine[:3, :3].tolist()}; "
            "resample the image."
        )
    values = np.moveaxis(values, 3, 0) if axes == 4 and values.ndim == 4 else values
    return Map(values, three(sides), three(affine[:3, 3]))


def _nibabel(path: Path) -> Any:
    try:
        return importlib.import_module("nibabel")
    except ImportError as error:
        raise MissingPackageError(
            f"{path}: NIfTI files need the package nibabel, which is not installed; run "
            "`pip install nibabel`, or take .mhd or .npz."
        ) from error
