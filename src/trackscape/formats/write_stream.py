"""Hits chunk by chunk -> one .npz file with their provenance."""

import contextlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trackscape.errors import DataError
from trackscape.files import check_place, remove_leftovers, replacing
from trackscape.formats.tables import PROVENANCE_KEY, PUBLISHED_KEY

_LEVEL = 1  # of compression: 9 would save another 6 % of simulated hits, in 18 times the time
_BLOCK = 2**20  # bytes that are compressed at a time


@contextlib.contextmanager
def hit_stream(
    path: Path, dtype: np.dtype, *, provenance: Mapping[str, Any]
) -> Generator[Callable[[np.ndarray], None], None, None]:
    """Opens an .npz file to which rows are added, in memory that does not grow with them.

    The file appears when the block ends, and not at all if it ends by an exception or Ctrl-C.

    Arguments:
        path: New file ending in .npz; an old one is replaced. Missing folders are made.
        dtype: Structured type of the rows.
        provenance: What made the rows: anything that JSON can hold.

    Yields:
        A function that adds an array of rows.

    Raises:
        FormatError: The suffix is another one, or the file cannot be written there.
        DataError: A chunk is of another type, or the provenance does not fit into JSON.

    Example:
        >>> target = Path(tempfile.mkdtemp()) / "hits.npz"
        >>> row = np.dtype([("eventID", "i4"), ("edep", "f4")])
        >>> with hit_stream(target, row, provenance={"seed": 1}) as add:
        ...     for event in range(3):
        ...         add(np.array([(event, 0.03)], dtype=row))
        >>> np.load(target)["arr_0"]["eventID"].tolist()
        [0, 1, 2]
    """
    path = Path(path)
    check_place(path, suffixes=(".npz",))
    text = _as_json(provenance)
    remove_leftovers(path)
    with (
        replacing(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive,
        # How many rows there are stands before them in the archive, but is known at the end only:
        # until then they wait in a file that has no name and cannot stay behind.
        tempfile.TemporaryFile(dir=path.parent) as waiting,
    ):
        with archive.open(f"{PROVENANCE_KEY}.npy", "w") as member:
            np.lib.format.write_array(member, np.array(text), allow_pickle=False)

        def add(chunk: np.ndarray) -> None:
            if chunk.dtype != dtype or chunk.ndim != 1:
                raise DataError(
                    f"Expected rows of the type {dtype}, shape (rows,), but got {chunk.dtype}, "
                    f"shape {chunk.shape}; give every chunk the type of the file."
                )
            waiting.write(chunk.tobytes())

        yield add
        type_, rows = np.lib.format.dtype_to_descr(dtype), waiting.tell() // dtype.itemsize
        header = {"descr": type_, "fortran_order": False, "shape": (rows,)}
        waiting.seek(0)
        with archive.open(f"{PUBLISHED_KEY}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, header)
            shutil.copyfileobj(waiting, member, _BLOCK)


def _as_json(provenance: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(provenance), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"Expected a provenance of texts, numbers, lists and mappings, but {error}; "
            "turn such values into one of these."
        ) from error
