"""Rows <-> two files of a folder, written so that a row that is marked as done is there whole."""

import contextlib
import json
import os
import time
from collections.abc import Generator
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from trackscape.errors import RunError
from trackscape.files import write_json

Rows = Float64[np.ndarray, "items columns"]
_SYNC = 1.0  # seconds of results that a kill may cost


class Store:
    """Rows in ``rows.f64`` (little-endian), a byte for each in ``done.u8``, 1 if it is there.

    Several processes may write at once. Each write goes to exactly the bytes of its rows, not to
    whole pages as through a mapping, and rows are on the disk before they are marked; so neither a
    kill nor another writer leaves a marked row that is half there. Files grow as rows come, from
    zeros: more items may follow.

    Arguments:
        folder: Made if there is none.
        about: What is computed, for ``fingerprint.json``; `fingerprint` decides.
        width: Columns.
        shared: Whether other processes wait for each block, maybe on other machines.

    Raises:
        RunError: The folder belongs to something else, or cannot be written.
    """

    def __init__(
        self, folder: Path, about: dict[str, object], width: int, *, shared: bool = False
    ) -> None:
        self._folder, self._width = folder, width
        # Then network file systems, too, send just what was written.
        flags = os.O_RDWR | os.O_CREAT | (os.O_DSYNC if shared else 0)
        with self._explaining():
            folder.mkdir(parents=True, exist_ok=True)
            _check_owner(folder, about)
            self._rows, self._done = (
                os.open(folder / name, flags, 0o666) for name in ("rows.f64", "done.u8")
            )
        self._unmarked: list[range] = []
        self._every = 0.0 if shared else _SYNC
        self._synced = time.monotonic()

    def has(self, block: range) -> bool:
        """Returns whether all items of a block are there."""
        marks = os.pread(self._done, len(block), block.start)
        size = os.fstat(self._rows).st_size  # somebody may have cut the file
        return marks == b"\1" * len(block) and size >= 8 * self._width * block.stop

    def put(self, block: range, rows: Rows) -> None:
        """Keeps the rows of a block, and marks them within a second."""
        self._write(self._rows, rows.astype("<f8").tobytes(), 8 * self._width * block.start)
        self._unmarked.append(block)
        if time.monotonic() - self._synced >= self._every:
            self._mark()

    def _mark(self) -> None:
        with self._explaining():
            os.fsync(self._rows)
        while self._unmarked:
            block = self._unmarked[-1]
            self._write(self._done, b"\1" * len(block), block.start)
            self._unmarked.pop()
        self._synced = time.monotonic()

    def read(self, block: range) -> Rows:
        """Returns the rows of a block that is there."""
        path, begin = self._folder / "rows.f64", 8 * self._width * block.start
        return np.memmap(path, "<f8", "r", begin, (len(block), self._width))

    @contextlib.contextmanager
    def claim(self, block: range) -> Generator[bool, None, None]:
        """Holds a block, if no other process does; the system lets go of those of a dead one."""
        held = self._lock(block)
        try:
            yield held
        finally:
            if held:
                self._lock(block, free=True)

    def _lock(self, block: range, *, free: bool = False) -> bool:
        import fcntl  # only Unix has it

        how = fcntl.LOCK_UN if free else fcntl.LOCK_EX | fcntl.LOCK_NB
        try:
            fcntl.lockf(self._done, how, len(block), block.start)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:  # a file system without locks: then some blocks are computed twice
            pass
        return True

    def close(self) -> None:
        """Marks what is there."""
        try:
            self._mark()
        finally:
            os.close(self._rows)
            os.close(self._done)

    def _write(self, file: int, content: bytes, place: int) -> None:
        with self._explaining():
            while content:  # a disk that runs full takes a part first
                taken = os.pwrite(file, content, place)
                content, place = content[taken:], place + taken

    @contextlib.contextmanager
    def _explaining(self) -> Generator[None, None, None]:
        try:
            yield
        except OSError as error:
            raise RunError(
                f"{self._folder}: expected a place to keep results in, but got "
                f"{error.strerror or error}; name another one, or make room there."
            ) from error


def _check_owner(folder: Path, about: dict[str, object]) -> None:
    path = folder / "fingerprint.json"
    new = not any((folder / name).exists() for name in ("rows.f64", "rows.bin"))
    then = _read_json(path)  # which others write before their first row
    if new and not then:
        write_json(path, about)
    elif then.get("fingerprint") != about["fingerprint"]:
        changed = [
            f"{name} {then[name]} then, {about[name]} now"
            for name in ("job", "items", "columns", "trackscape", "torch")
            if name in then and then[name] != about[name]
        ]
        known = f" ({'; '.join(changed)})" if changed else ""
        raise RunError(
            f"{folder}: expected what was begun here, got another model, other data, settings, "
            f"points or code{known}; restore them, or name another folder."
        )


def _read_json(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
