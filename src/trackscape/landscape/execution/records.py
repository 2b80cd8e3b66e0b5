"""Rows of items <-> bytes on a disk, of which any beginning can be read.

A record is a header of four little-endian 64-bit integers (the mark ``tsrows01``, the first item,
the one behind the last, the width), the rows as little-endian float64, and the CRC-32 of all that.
"""

import contextlib
import os
import struct
import time
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from trackscape.errors import LandscapeError
from trackscape.landscape.execution.work import Rows

_MARK = b"tsrows01"
_HEADER = struct.Struct("<8sQQQ")
_CHECK = struct.Struct("<I")
_SYNC = 1.0
"""Seconds of records that may be lost if the machine, not only the process, dies."""


def encode(begin: int, rows: Rows) -> bytes:
    """Returns the record of the rows (n, width) of n items from `begin` on."""
    n, width = rows.shape
    content = _HEADER.pack(_MARK, begin, begin + n, width) + rows.astype("<f8").tobytes()
    return content + _CHECK.pack(zlib.crc32(content))


def read_records(file: BinaryIO, width: int) -> Iterator[tuple[range, Rows]]:
    """Yields whole records of a width from where a file is, and leaves it behind the last one.

    Whatever follows the first damaged one is not read: it has to be computed again.
    """
    size = os.fstat(file.fileno()).st_size
    while True:
        place = file.tell()
        found = _read_one(file, width, size - place)
        if found is None:
            file.seek(place)
            return
        yield found


def _read_one(file: BinaryIO, width: int, left: int) -> tuple[range, Rows] | None:
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    mark, begin, end, columns = _HEADER.unpack(header)
    n_bytes = 8 * (end - begin) * columns
    rest = left - _HEADER.size - _CHECK.size
    if mark != _MARK or columns != width or end < begin or n_bytes > rest:
        return None
    content = file.read(n_bytes)
    check = file.read(_CHECK.size)
    if check != _CHECK.pack(zlib.crc32(content, zlib.crc32(header))):
        return None
    rows = np.frombuffer(content, "<f8").astype(np.float64).reshape(end - begin, width)
    return range(begin, end), rows


@contextlib.contextmanager
def explaining(path: Path) -> Generator[None, None, None]:
    """Says what is wrong with the place where results are kept.

    Raises:
        LandscapeError: It cannot be used, or the disk is full.
    """
    try:
        yield
    except OSError as error:
        raise LandscapeError(
            f"{path}: expected a place to keep results in, but got "
            f"{error.strerror or error}; name another one, or make room there."
        ) from error


class RecordFile:
    """A file that grows by records. What a process has added stays, however the process ends.

    Arguments:
        file: Open for reading and writing, without a buffer.
        width: Columns of the rows.
    """

    def __init__(self, file: BinaryIO, width: int) -> None:
        self._file = file
        self._synchronised = time.monotonic()
        self.found = list(read_records(file, width))
        """What was there; a torn end is cut off."""
        file.truncate()

    def append(self, chunk: range, rows: Rows) -> None:
        """Adds a record, and about once a second waits until the disk has it."""
        rest = memoryview(encode(chunk.start, rows))
        with explaining(Path(self._file.name)):
            while rest:  # a disk that runs full takes a part first
                rest = rest[self._file.write(rest) :]
        if time.monotonic() - self._synchronised > _SYNC:
            self.synchronise()

    def synchronise(self) -> None:
        """Waits until the disk has all records."""
        with explaining(Path(self._file.name)):
            os.fsync(self._file.fileno())
        self._synchronised = time.monotonic()
