""".npz and .npy files -> `Columns`."""

import contextlib
from collections.abc import Generator
from pathlib import Path

import numpy as np

from trackscape.errors import FormatError
from trackscape.formats.columns import Columns, select, unused
from trackscape.formats.files import reading

PUBLISHED_KEY = "arr_0"


def read_npy(path: Path) -> Columns:
    """Reads a structured array, whose fields are the columns."""
    with reading(path), refusing_pickles(path), path.open("rb") as file:
        array: np.ndarray = np.load(file, allow_pickle=False)
    return _structured(array, path=path)


def read_npz(path: Path) -> Columns:
    """Reads a structured array under the key `arr_0`, or one plain array for each column."""
    # Opened here, as numpy leaves a damaged archive open.
    with (
        reading(path),
        refusing_pickles(path),
        path.open("rb") as file,
        np.load(file, allow_pickle=False) as archive,
    ):
        if PUBLISHED_KEY in archive.files:
            return _structured(archive[PUBLISHED_KEY], path=path)
        names = select(archive.files, path=path)
        values = {meaning: np.asarray(archive[name]) for meaning, name in names.items()}
        return Columns(values, names, unused(archive.files, names))


def _structured(array: np.ndarray, *, path: Path) -> Columns:
    if array.dtype.names is None:
        raise FormatError(
            f"{path}: expected an array with named columns, but its array has the type "
            f"{array.dtype}, without names; store a structured array, or one array per column."
        )
    names = select(array.dtype.names, path=path)
    values = {meaning: array[name] for meaning, name in names.items()}
    return Columns(values, names, unused(array.dtype.names, names))


@contextlib.contextmanager
def refusing_pickles(path: Path) -> Generator[None, None, None]:
    """Says what is wrong when numpy meets pickled objects."""
    try:
        yield
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise FormatError(
            f"{path}: expected arrays of numbers, but it holds pickled Python objects, which "
            "could run any code and are never loaded; store plain numeric columns."
        ) from error
