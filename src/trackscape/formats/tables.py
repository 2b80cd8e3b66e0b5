""".npz, .npy, .parquet and .csv files -> `FileColumns`, each looked at before it is unpacked."""

import contextlib
import csv
import io
import math
import sys
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from trackscape.errors import FormatError
from trackscape.formats.columns import HITS, FileColumns, TableKind, read_columns, select
from trackscape.formats.files import NUMBER_BYTES, Budget, budget, reading
from trackscape.text import shown

PUBLISHED_KEY = "arr_0"
"""Name of the array in an .npz file of hits, as `numpy.savez` gives it."""
PROVENANCE_KEY = "provenance"
"""Name of the text, JSON, that says what made the hits of an .npz file."""
_LONGEST_HEADER = 10_000  # bytes; numpy evaluates longer ones only on demand
_LONGEST_LINE = 1_000_000  # bytes; a first line that is longer is none


class Archive:
    """The arrays of an .npz file. Open one with `open_archive`."""

    def __init__(self, file: zipfile.ZipFile, spare: Budget) -> None:
        self._file, self._spare = file, spare
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in file.infolist():
            name = member.filename.removesuffix(".npy")
            if name in self._members:
                raise FormatError(
                    f"{spare.path}: expected one array of each name, but {shown(name)!r} is there "
                    "twice; write the file anew with np.savez."
                )
            self._members[name] = member

    @property
    def names(self) -> list[str]:
        """Names of the arrays, in the order of the file."""
        return list(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def dtype(self, name: str) -> np.dtype[Any]:
        """Returns the type of an array without unpacking it."""
        with self.open(name) as file:
            return read_header(file, name, self._spare)[1]

    def read(self, name: str) -> np.ndarray:
        """Unpacks an array of numbers or text that is no larger than the file may be."""
        with self.open(name) as file:
            claim(file, name, self._spare)
        with self.open(name) as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
        if array.dtype.kind == "U" and not _is_text(array):
            raise FormatError(
                f"{self._spare.path}: expected text in the array {shown(name)!r}, but it holds "
                "numbers that no character has; write the file anew."
            )
        return array

    def open(self, name: str) -> IO[bytes]:
        """Opens an array to unpack it piece by piece."""
        member = self._members[name]
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FormatError(
                f"{self._spare.path}: expected arrays that are stored or deflated, but "
                f"{shown(name)!r} is compressed in another way; write it anew with np.savez."
            )
        return self._file.open(member)


@contextlib.contextmanager
def open_archive(path: Path, spare: Budget | None = None) -> Generator[Archive, None, None]:
    """Opens an .npz file, once: what is looked at is what is read.

    Raises:
        FormatError: The file is damaged, holds two arrays of one name or pickled objects, or
            unpacks to more than it may, by default the `budget` of its size.
    """
    with reading(path), path.open("rb") as file, zipfile.ZipFile(file) as archive:
        yield Archive(archive, spare or budget(path))


def read_npy(path: Path, max_bytes: int | None = None) -> FileColumns:
    """Reads a structured array, whose fields are the columns."""
    with reading(path), path.open("rb") as file:
        claim(file, "the array", budget(path, max_bytes))
        file.seek(0)
        return structured(np.lib.format.read_array(file, allow_pickle=False), path=path)


def read_npz(path: Path, max_bytes: int | None = None) -> FileColumns:
    """Reads a structured array under the key `arr_0`, or one plain array for each column."""
    with open_archive(path, budget(path, max_bytes)) as archive:
        if PUBLISHED_KEY in archive:
            return structured(archive.read(PUBLISHED_KEY), path=path)
        return read_columns(archive.names, archive.read, path=path)


def structured(array: np.ndarray, *, path: Path, kind: TableKind = HITS) -> FileColumns:
    """Returns the fields of a structured array as columns."""
    if array.dtype.names is None:
        raise FormatError(
            f"{path}: expected an array with named columns, but its array has the type "
            f"{shown(array.dtype)}, without names; store a structured array, or one array per "
            "column."
        )
    return read_columns(array.dtype.names, array.__getitem__, path=path, kind=kind)


def claim(file: IO[bytes], name: str, spare: Budget) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Counts what an array will take before any of it is unpacked; returns its shape and type."""
    shape, dtype = read_header(file, name, spare)
    if dtype.hasobject:
        raise FormatError(
            f"{spare.path}: expected arrays of numbers, but {shown(name)!r} holds pickled Python "
            "objects, which could run any code and are never loaded; store plain numeric columns."
        )
    # An entry without bytes counts as one, or there could be any number of them.
    spare.take(math.prod(shape) * max(dtype.itemsize, 1), what=f"array {shown(name)!r}")
    return shape, dtype


def _is_text(array: np.ndarray) -> bool:
    # Python's texts are not made to hold others, and fail later in ways of their own.
    native = array.astype(array.dtype.newbyteorder("=")).tobytes()
    return bool((np.frombuffer(native, dtype=np.uint32) <= sys.maxunicode).all())


def read_header(file: IO[bytes], name: str, spare: Budget) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Reads shape and type of an array; its values come next in the file."""
    # Its length has two bytes in the first version of the format, and four in later ones.
    start = file.read(10)
    start += b"" if start[6:7] == b"\x01" else file.read(2)
    length = int.from_bytes(start[8:], "little")
    if length > _LONGEST_HEADER:
        raise FormatError(
            f"{spare.path}: expected a header of at most {_LONGEST_HEADER:,} bytes, but that of "
            f"{shown(name)!r} has {length:,}; store fewer columns with shorter names."
        )
    header = io.BytesIO(start + file.read(length))
    if np.lib.format.read_magic(header)[0] == 1:
        shape, _, dtype = np.lib.format.read_array_header_1_0(header)
    else:  # in version 3 the names are UTF-8, which changes no size
        shape, _, dtype = np.lib.format.read_array_header_2_0(header)
    return shape, dtype


def read_parquet(path: Path, max_bytes: int | None = None) -> FileColumns:
    """Reads the columns with a meaning; the others are not loaded."""
    spare = budget(path, max_bytes)
    with reading(path), arrow_parquet.ParquetFile(path) as file:
        every = file.schema_arrow.names
        names = select(every, path=path)
        for meaning, name in names.items():
            text = HITS.meanings[meaning].text
            check_type(file.schema_arrow.field(name).type, text, name, path=path)
        _check_size(file.metadata, len(names), spare)
        table = file.read(columns=list(names.values()), use_threads=False)
        return read_columns(every, lambda name: table.column(name).to_numpy(), path=path)


def check_type(type_: Any, meaning: str, name: str, *, path: Path) -> None:
    """Refuses a column of parquet that does not hold numbers, `meaning` in words."""
    if not (pa.types.is_integer(type_) or pa.types.is_floating(type_)):
        raise FormatError(
            f"{path}: column {shown(name)}: expected numbers ({meaning}), but it "
            f"holds {shown(type_)} values; write plain numbers."
        )


def _check_size(metadata: Any, columns: int, spare: Budget) -> None:
    """Looks at what the file says of itself; a few bytes can stand for any number of rows."""
    for group in range(metadata.num_row_groups):
        # No closer: pyarrow ends the process where the description of a column is damaged.
        part = metadata.row_group(group)
        size = max(part.total_byte_size, part.num_rows * columns * NUMBER_BYTES)
        spare.take(size, what=f"group {group} of {part.num_rows:,} rows")


def read_csv(path: Path, max_bytes: int | None = None) -> FileColumns:
    """Reads text with one line of column names; `,` or `;` between the columns."""
    spare = budget(path, max_bytes)
    with reading(path):
        delimiter, every = first_line(path)
        wanted = arrow_csv.ConvertOptions(include_columns=[*select(every, path=path).values()])
        # A number has one byte or more, even one that is left out.
        spare.take(NUMBER_BYTES * path.stat().st_size, what="its text")
        options = arrow_csv.ParseOptions(delimiter=delimiter)
        table = arrow_csv.read_csv(path, parse_options=options, convert_options=wanted)
        return read_columns(every, lambda name: table.column(name).to_numpy(), path=path)


def first_line(path: Path) -> tuple[str, list[str]]:
    """Returns what separates the columns of a CSV file, and their names."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        line = file.readline(_LONGEST_LINE)
    delimiter = ";" if line.count(";") > line.count(",") else ","
    return delimiter, next(csv.reader([line], delimiter=delimiter), [])
