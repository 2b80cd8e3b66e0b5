"""Surfaces <-> .npz files that any program with numpy can read.

A file is a zip archive of plain arrays, not compressed, without Python objects:

=============== =========== ==============================================================
``schema``      int64       version of this layout, 1
``names``       text (M,)   of the values
``values``      (N, B, M)   float64, for N points and B batches; NaN where there is no number
``weights``     (B,)        float64, of the batches in means; their sum is 1
``shape``       int64 (D,)  of the grid, the last axis fastest; its product is N
``coordinates`` (N, K)      float64, factors of the directions
``centre``      (P,)        float64
``directions``  (K, P)      float64
``axes``        text (K,)   names of the directions, or (0,)
``about``       text ()     JSON object: where the surface comes from
``trajectory``  (T, K)      float64, optional: coordinates of the checkpoints of a training
``residuals``   (T,)        float64, with it: their distances to the plane
=============== =========== ==============================================================

Equal surfaces give equal bytes.
"""

import json
import math
import tokenize
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trackscape.errors import LandscapeError
from trackscape.files import replacing
from trackscape.landscape.points import SampleGrid
from trackscape.landscape.surface import Surface
from trackscape.landscape.trajectory import Trajectory

SCHEMA = 1
Array = NDArray[Any]
# Type and axes of each array; equal letters are equal lengths.
_LAYOUT = {
    "names": ("U", "M"),
    "values": ("<f8", "NBM"),
    "weights": ("<f8", "B"),
    "shape": ("<i8", "D"),
    "coordinates": ("<f8", "NK"),
    "centre": ("<f8", "P"),
    "directions": ("<f8", "KP"),
    "axes": ("U", "A"),
    "about": ("U", ""),
}
_TRAJECTORY = {"trajectory": ("<f8", "TK"), "residuals": ("<f8", "T")}
# What zipfile and numpy raise when they meet something else.
_DAMAGES = (
    *(zipfile.BadZipFile, tokenize.TokenError, ValueError, TypeError, KeyError),
    *(EOFError, SyntaxError, OverflowError, RuntimeError),
)


def save_surface(
    surface: Surface, path: Path | str, *, trajectory: Trajectory | None = None
) -> None:
    """Writes a surface, and checkpoints of a training in its coordinates, as an npz file.

    Raises:
        LandscapeError: The name has another suffix, or `about` holds more than plain values.
        FormatError: The file cannot be written there.
    """
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise LandscapeError(f"{path}: expected a name that ends with .npz for a surface.")
    try:
        about = json.dumps(surface.about, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise LandscapeError(
            f"{path}: expected text and finite numbers in surface.about, but {error}; convert it."
        ) from error
    points = surface.points
    numbers = {
        "values": surface.values,
        "weights": surface.weights,
        "coordinates": points.coordinates.cpu(),
        "centre": points.centre.cpu(),
        "directions": points.directions.cpu(),
    }
    if trajectory is not None:
        numbers |= {"trajectory": trajectory.coordinates, "residuals": trajectory.residuals}
    arrays: dict[str, Array] = {
        "schema": np.array(SCHEMA, dtype=np.int64),
        "names": np.array(surface.names, dtype=np.str_),
        "shape": np.array(points.shape, dtype=np.int64),
        "axes": np.array(points.axes, dtype=np.str_),
        "about": np.array(about),
        # In one order of memory, for equal bytes.
        **{name: np.asarray(each, np.float64, order="C") for name, each in numbers.items()},
    }
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_surface(path: Path | str) -> Surface:
    """Reads what `save_surface` wrote.

    Raises:
        LandscapeError: The file is missing, damaged, of another kind, or its parts do not fit.
    """
    path = Path(path)
    arrays = _read(path)
    points = SampleGrid(
        centre=torch.from_numpy(arrays["centre"]),
        directions=torch.from_numpy(arrays["directions"]),
        coordinates=torch.from_numpy(arrays["coordinates"]),
        shape=tuple(arrays["shape"].tolist()),
        axes=tuple(arrays["axes"].tolist()),
    )
    return Surface(
        points=points,
        names=tuple(arrays["names"].tolist()),
        values=arrays["values"],
        weights=arrays["weights"],
        about=json.loads(arrays["about"].item()),
    )


def load_trajectory(path: Path | str) -> Trajectory | None:
    """Reads the checkpoints that were saved with a surface; None if there are none."""
    arrays = _read(Path(path))
    return Trajectory(arrays["trajectory"], arrays["residuals"]) if "trajectory" in arrays else None


def _read(path: Path) -> dict[str, Array]:
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            arrays = _read_members(archive, path)
    except OSError as error:
        raise LandscapeError(
            f"{path}: expected a surface, but got {error.strerror or error}; check the path."
        ) from error
    except _DAMAGES as error:
        what = f"it is damaged or no such file ({error or type(error).__name__})"
        raise _wrong(path, what) from error
    _check_values(arrays, path)
    return arrays


def _read_members(archive: zipfile.ZipFile, path: Path) -> dict[str, Array]:
    """Looks at types and shapes before the arrays.

    What is not compressed cannot be larger than the file, whatever a hostile header says.
    """
    members = _members(archive, path)
    if "schema" not in members:
        raise _wrong(path, f"it holds {', '.join(members) or 'nothing'}")
    _header(archive, members["schema"], path)
    schema = _array(archive, members["schema"])
    if schema.shape != () or schema != SCHEMA:
        found = " ".join(map(str, schema.ravel()[:3]))
        raise _wrong(path, f"its schema is {found}, not {SCHEMA}; update trackscape")
    layout = _LAYOUT | (_TRAJECTORY if "trajectory" in members else {})
    sizes: dict[str, int] = {}
    for name, (kind, letters) in layout.items():
        if name not in members:
            raise _wrong(path, f"the array {name} is missing")
        shape, dtype = _header(archive, members[name], path)
        if (dtype.kind if kind == "U" else dtype.str) != kind or len(shape) != len(letters):
            raise _wrong(path, f"{name} is {dtype} of the shape {shape}")
        for letter, size in zip(letters, shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise _wrong(path, f"{name} has the shape {shape}, which does not fit the others")
    if min(sizes["N"], sizes["B"], sizes["M"]) < 1 or sizes["A"] not in (0, sizes["K"]):
        raise _wrong(path, f"its lengths are {sizes}")
    return {name: _array(archive, members[name]) for name in layout}


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name in members:
            raise _wrong(path, f"it holds {name} twice")
        members[name] = member
    return members


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def _header(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    if member.compress_type != zipfile.ZIP_STORED:
        raise _wrong(path, f"{member.filename} is compressed; store it with np.savez")
    with archive.open(member) as stream:
        if np.lib.format.read_magic(stream) == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        else:
            shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
        size = stream.tell() + math.prod(shape) * dtype.itemsize
    if size != member.file_size or size > path.stat().st_size:
        raise _wrong(path, f"{member.filename} is not as long as it says")
    return shape, dtype


def _check_values(arrays: dict[str, Array], path: Path) -> None:
    names, weights, shape = arrays["names"].tolist(), arrays["weights"], arrays["shape"].tolist()
    if len(set(names)) != len(names):
        raise _wrong(path, f"its names are {', '.join(names)}")
    if not (weights > 0).all() or abs(weights.sum() - 1) > 1e-9:
        raise _wrong(path, "its weights are not positive or do not sum to 1")
    if min(shape, default=0) < 1 or math.prod(shape) != len(arrays["coordinates"]):
        raise _wrong(path, f"a grid of {shape} does not have {len(arrays['coordinates'])} points")
    for name in {"coordinates", "centre", "directions", *_TRAJECTORY} & arrays.keys():
        if not np.isfinite(arrays[name]).all():
            raise _wrong(path, f"{name} holds NaN or infinity")
    try:
        about = json.loads(arrays["about"].item())
    except (ValueError, RecursionError) as error:
        raise _wrong(path, f"what it is about is not JSON ({error})") from error
    if not isinstance(about, dict):
        raise _wrong(path, f"what it is about is {type(about).__name__}, no JSON object")


def _wrong(path: Path, what: str) -> LandscapeError:
    return LandscapeError(f"{path}: expected a surface as save_surface writes it, but {what}.")
