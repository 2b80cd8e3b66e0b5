"""Work of any number of processes that see one folder, such as those of a SLURM array job."""

import contextlib
import functools
import json
import os
import socket
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from trackscape.errors import LandscapeError
from trackscape.files import replacing
from trackscape.landscape.execution.records import encode, explaining, read_records
from trackscape.landscape.execution.work import Rows, Work, one_thread

_MOST_CHUNKS = 1024
"""Files on a shared disk; and processes that can be of use."""
_PAUSE = 0.2
"""Seconds between two looks at what others have finished."""


class FileQueue:
    """Processes that share a folder: start the same program any number of times, on any machine.

    Each takes one chunk after another that nobody has, and waits for the others at the end; so all
    of them return the whole result. Who takes a chunk makes a file that says so, and touches it
    while it computes. If it dies, another takes the chunk over. Chunks are cut by their number
    alone, the same in each process. Results stay in the folder, and the next run begins with them.

    Arguments:
        folder: On a file system that all processes see; each work gets a folder in it, by its
            fingerprint.
        lease: Seconds after which a chunk that nobody touched is taken over. More than the minute
            for which network file systems may show old times.

    Raises:
        LandscapeError: The lease is not positive. When it runs: the folder cannot be used.
    """

    keeps_results = True

    def __init__(self, folder: Path, *, lease: float = 120.0) -> None:
        if not lease > 0:
            raise LandscapeError(f"Expected a positive lease, got {lease} s.")
        self.folder = folder
        self.lease = lease

    def run(self, work: Work, left: Sequence[range]) -> Generator[tuple[range, Rows], None, None]:
        """Yields the rows of chunks, as this process or others finish them."""
        desk = _Desk(self.folder / work.fingerprint[:16], work, self.lease)
        todo = [chunk for span in left for chunk in _cut(span)]
        with one_thread():
            while todo:
                waiting: list[range] = []
                for chunk in todo:
                    rows = desk.obtain(chunk)
                    if rows is None:
                        waiting.append(chunk)
                    else:
                        yield chunk, rows
                if len(waiting) == len(todo):
                    time.sleep(_PAUSE)
                todo = waiting


def _cut(span: range) -> Iterator[range]:
    length = max(1, -(-len(span) // _MOST_CHUNKS))
    for begin in range(0, len(span), length):
        yield span[begin : begin + length]


class _Desk:
    """The folder of one work: a file of rows for each finished chunk, a claim for each begun.

    Rows do not depend on who computes them. So it does no harm if two processes take one chunk.
    """

    def __init__(self, folder: Path, work: Work, lease: float) -> None:
        self._folder = folder
        self._width = work.width
        self._start = functools.cache(work.start)  # not before there is something to compute
        self._lease = lease
        self._seen: dict[Path, tuple[int, float]] = {}
        with explaining(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def obtain(self, chunk: range) -> Rows | None:
        """Returns rows, from the folder or computed here; None while somebody else does it."""
        rows = self._find(chunk)
        if rows is not None:
            return rows
        with self._claim(chunk) as mine:
            if not mine:
                return None
            rows = self._find(chunk)  # somebody may have finished a moment ago
            if rows is None:
                rows = self._start()(chunk.start, chunk.stop)
                with replacing(self._path(chunk, "rows")) as partial:
                    partial.write_bytes(encode(chunk.start, rows))
            return rows

    def _path(self, chunk: range, ending: str) -> Path:
        return self._folder / f"{chunk.start}-{chunk.stop}.{ending}"

    def _find(self, chunk: range) -> Rows | None:
        try:
            with self._path(chunk, "rows").open("rb") as file:
                for found, rows in read_records(file, self._width):
                    return rows if found == chunk else None
        except FileNotFoundError:
            pass
        return None

    @contextlib.contextmanager
    def _claim(self, chunk: range) -> Generator[bool, None, None]:
        """Whether a chunk is ours meanwhile."""
        path = self._path(chunk, "claim")
        if not self._take(path):
            if self._is_left(path):
                path.unlink(missing_ok=True)  # whoever comes next can claim it
            yield False
            return
        try:
            with _touching(path, every=self._lease / 4):
                yield True
        finally:
            path.unlink(missing_ok=True)

    def _take(self, path: Path) -> bool:
        """Makes a claim, unless there is one."""
        with explaining(self._folder):
            try:
                file = path.open("x", encoding="utf-8")
            except FileExistsError:
                return False
            try:
                with file:
                    json.dump({"host": socket.gethostname(), "process": os.getpid()}, file)
            except OSError:
                path.unlink()  # nobody would touch it
                raise
            return True

    def _is_left(self, path: Path) -> bool:
        """Whether nobody touched a claim for the lease, by our own clock: others may differ."""
        try:
            touched = path.stat().st_mtime_ns
        except FileNotFoundError:
            return False
        then, since = self._seen.get(path, (None, 0.0))
        if then != touched:
            self._seen[path] = touched, time.monotonic()
            return False
        return time.monotonic() - since > self._lease


@contextlib.contextmanager
def _touching(path: Path, *, every: float) -> Generator[None, None, None]:
    """Renews the time of a file while a block runs."""
    finished = threading.Event()

    def touch() -> None:
        while not finished.wait(every):
            with contextlib.suppress(OSError):
                os.utime(path)

    thread = threading.Thread(target=touch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
