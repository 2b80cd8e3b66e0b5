"""A file of hits -> its columns, chunk by chunk, in memory that does not grow with the file."""

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from trackscape.errors import FormatError
from trackscape.formats import tables
from trackscape.formats.columns import DECIMAL, HITS, FileColumns, TableKind, read_columns, select
from trackscape.formats.event_data import stream_events
from trackscape.formats.event_names import TRACKML
from trackscape.formats.files import Budget, kind_to_read, reading
from trackscape.formats.root import open_trees
from trackscape.text import shown

CHUNK = 2**17
"""Rows that are read at a time, about 3,000 protons."""
_TEXT = 2**24  # bytes of CSV that are read at a time
_UNLIMITED = 2**62  # bytes: memory does not grow with the file
_Chunks = Iterator[FileColumns]


class HitStream(NamedTuple):
    """An open file of hits."""

    rows: int | None
    """Rows of the file, if it says so before it is read."""
    chunks: _Chunks
    """Its columns, some rows at a time, in the order of the file."""


@contextlib.contextmanager
def stream_columns(path: Path | str, kind: TableKind = HITS) -> Generator[HitStream, None, None]:
    """Opens a file whose columns are read chunk by chunk, as they are stored and not yet checked.

    Of parquet and ROOT that is by groups and baskets, of .npz and .csv from the first row on.

    Arguments:
        path: The file.
        kind: What its rows are.

    Raises:
        FormatError: The file is absent, damaged or of an unknown kind, or lacks columns; also later
            on, where the damage is.
    """
    path = Path(path)
    with _OPENERS[kind_to_read(path)](path, kind) as (rows, chunks):
        yield HitStream(rows, _explained(path, chunks))


def _explained(path: Path, chunks: _Chunks) -> _Chunks:
    with reading(path):
        yield from chunks


@contextlib.contextmanager
def _open_parquet(path: Path, kind: TableKind) -> Generator[HitStream, None, None]:
    # What is buffered before it is asked for would stay in memory, in the end the whole file.
    with reading(path), arrow_parquet.ParquetFile(path, pre_buffer=False) as file:
        names = file.schema_arrow.names
        wanted = select(names, path=path, kind=kind)
        for meaning, name in wanted.items():
            text = kind.meanings[meaning].text
            tables.check_type(file.schema_arrow.field(name).type, text, name, path=path)
        batches: Any = file.iter_batches(CHUNK, columns=[*wanted.values()], use_threads=False)
        yield HitStream(file.metadata.num_rows, _of_batches(batches, names, path, kind))


@contextlib.contextmanager
def _open_csv(path: Path, kind: TableKind) -> Generator[HitStream, None, None]:
    with reading(path):
        delimiter, names = tables.first_line(path)
        wanted = select(names, path=path, kind=kind)
        decimal = {wanted[each]: pa.float64() for each in DECIMAL if each in wanted}
        convert = arrow_csv.ConvertOptions(include_columns=[*wanted.values()], column_types=decimal)
        with arrow_csv.open_csv(
            path,
            read_options=arrow_csv.ReadOptions(block_size=_TEXT, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter),
            convert_options=convert,
        ) as batches:
            yield HitStream(None, _of_batches(batches, names, path, kind))


def _of_batches(batches: Any, names: list[str], path: Path, kind: TableKind) -> _Chunks:
    for batch in batches:

        def read(name: str, batch: Any = batch) -> np.ndarray:
            return batch.column(name).to_numpy(zero_copy_only=False)

        yield read_columns(names, read, path=path, kind=kind)


@contextlib.contextmanager
def _open_npy(path: Path, kind: TableKind) -> Generator[HitStream, None, None]:
    with reading(path), path.open("rb") as file:
        array = _Array(file, "the array", path)
        yield HitStream(array.rows, _of_structured(array, path, kind))


@contextlib.contextmanager
def _open_npz(path: Path, kind: TableKind) -> Generator[HitStream, None, None]:
    with tables.open_archive(path) as archive, contextlib.ExitStack() as stack:

        def open_(name: str) -> _Array:
            return _Array(stack.enter_context(archive.open(name)), name, path)

        if tables.PUBLISHED_KEY in archive:
            array = open_(tables.PUBLISHED_KEY)
            yield HitStream(array.rows, _of_structured(array, path, kind))
            return
        arrays = {
            name: open_(name) for name in select(archive.names, path=path, kind=kind).values()
        }
        rows = max(array.rows for array in arrays.values())
        yield HitStream(rows, _of_arrays(arrays, archive.names, path, kind))


def _of_structured(array: "_Array", path: Path, kind: TableKind) -> _Chunks:
    while len(part := array.read()):
        yield tables.structured(part, path=path, kind=kind)


def _of_arrays(
    arrays: dict[str, "_Array"], names: list[str], path: Path, kind: TableKind
) -> _Chunks:
    while True:
        parts = {name: array.read() for name, array in arrays.items()}
        if not any(map(len, parts.values())):
            return
        yield read_columns(names, parts.__getitem__, path=path, kind=kind)


class _Array:
    """An array that is unpacked some rows at a time."""

    def __init__(self, file: IO[bytes], name: str, path: Path) -> None:
        shape, self._dtype = tables.claim(file, name, Budget(path, _UNLIMITED, ""))
        if len(shape) != 1 or self._dtype.itemsize == 0:
            raise FormatError(
                f"{path}: expected one value for each row, shape (rows,), in {shown(name)!r}, but "
                f"its shape is {shape}; store columns of one length."
            )
        self._file, self.rows, self._left = file, shape[0], shape[0]

    def read(self) -> np.ndarray:
        """Returns the next rows, none at the end."""
        rows = min(CHUNK, self._left)
        self._left -= rows
        wanted, content = rows * self._dtype.itemsize, bytearray()
        while len(content) < wanted and (part := self._file.read(wanted - len(content))):
            content += part
        if len(content) < wanted:
            raise EOFError(f"{wanted - len(content)} bytes are missing")
        return np.frombuffer(content, self._dtype)


@contextlib.contextmanager
def _open_root(path: Path, kind: TableKind) -> Generator[HitStream, None, None]:
    with open_trees(path, Budget(path, _UNLIMITED, ""), kind) as trees:
        yield HitStream(sum(trees.rows), trees.read_in_parts(CHUNK))


@contextlib.contextmanager
def _open_events(path: Path, kind: TableKind) -> Generator[HitStream, None, None]:
    if kind is not HITS:
        raise FormatError(
            f"{path}: expected {kind.what}, but these are files of events with hits; name another."
        )
    yield HitStream(None, stream_events(path))


_OPENERS: dict[str, Callable[[Path, TableKind], Any]] = {
    ".npz": _open_npz,
    ".npy": _open_npy,
    ".root": _open_root,
    ".parquet": _open_parquet,
    ".csv": _open_csv,
    TRACKML: _open_events,
}
