"""Array job + executor -> its rows, with a folder that outlives interruptions."""

import concurrent.futures
import contextlib
import dataclasses
import functools
import platform
import secrets
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np

import trackscape
from trackscape.execution.jobs import Workers, one_thread, run_jobs
from trackscape.execution.store import Rows, Store
from trackscape.files import locked
from trackscape.progress import progress_bar

_MOST_BLOCKS = 1024  # so that an interruption costs a thousandth of the work, for each worker
_PAUSE = 0.2  # seconds between two looks at what others have finished


class ArrayJob(Protocol):
    """Items that do not depend on each other; picklable, so that it can go to other processes."""

    @property
    def fingerprint(self) -> str:
        """Digest of all that decides the numbers. More items may follow under the same one."""
        ...

    @property
    def n_items(self) -> int:
        """Rows of the result."""
        ...

    @property
    def width(self) -> int:
        """Columns of the result."""
        ...

    def start(self) -> Callable[[int, int], Rows]:
        """Loads what is needed, once in each process, and returns what computes rows.

        It is called with the first item and the one after the last; no row depends on others.
        """
        ...


@dataclasses.dataclass(frozen=True)
class FileQueue:
    """Processes that share a folder: start the same program any number of times, on any machine.

    Each takes one block of rows after another that nobody has, and waits for the others at the
    end; so all of them return the whole result. If one dies, others take its block over. Results
    stay in the folder, in one for each job, and the next run begins with them.
    """

    folder: Path | str


Executor: TypeAlias = Workers | FileQueue | concurrent.futures.Executor
"""Whatever can compute the rows of an array."""


def compute_array(
    job: ArrayJob,
    *,
    executor: Executor | None = None,
    folder: Path | str | None = None,
    progress: bool = True,
    what: str = "points",
) -> Rows:
    """Computes all rows of a job; the numbers are the same whoever does.

    Arguments:
        job: What is computed.
        executor: Who computes; this process if None.
        folder: Keeps what is finished. After an interruption of any kind the same call goes on
            from there, to the same result. A `FileQueue` has a folder of its own.
        progress: Whether to show a bar.
        what: What the items are called there.

    Raises:
        RunError: The folder belongs to another job or is in use, or the executor fails.
    """
    rows = np.empty((job.n_items, job.width))
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(_open(job, executor, folder))
        blocks: list[range] = []
        for block in _cut(range(job.n_items)):
            if store and store.has(block):
                rows[block.start : block.stop] = store.read(block)
            else:
                blocks.append(block)
        finished = stack.enter_context(contextlib.closing(_compute(job, blocks, executor, store)))
        done = job.n_items - sum(map(len, blocks))
        bar = progress_bar(what, total=job.n_items, done=done, show=progress)
        advance = stack.enter_context(bar)
        for block, found in finished:
            rows[block.start : block.stop] = found
            advance(len(block))
    return rows


@contextlib.contextmanager
def _open(
    job: ArrayJob, executor: Executor | None, folder: Path | str | None
) -> Generator[Store | None, None, None]:
    """Opens the folder of a job, which is locked unless a queue shares it."""
    shared = isinstance(executor, FileQueue)
    if isinstance(executor, FileQueue):
        folder = Path(executor.folder) / job.fingerprint[:16]
    if folder is None:
        yield None
        return
    folder = Path(folder)
    about: dict[str, object] = {
        "fingerprint": job.fingerprint,
        "job": type(job).__name__.strip("_"),
        "items": job.n_items,
        "columns": job.width,
        "trackscape": trackscape.__version__,
        "torch": getattr(sys.modules.get("torch"), "__version__", None),
        "python": platform.python_version(),
    }
    with (
        contextlib.nullcontext() if shared else locked(folder),
        contextlib.closing(Store(folder, about, job.width, shared=shared)) as store,
    ):
        yield store


def _cut(items: range) -> Iterator[range]:
    length = -(-len(items) // _MOST_BLOCKS)
    for begin in range(0, len(items), length or 1):
        yield items[begin : begin + length]


class _Evaluation:
    """Computes blocks of a job, which is started with the first one."""

    def __init__(self, job: ArrayJob) -> None:
        self._job = job

    @functools.cached_property
    def _rows(self) -> Callable[[int, int], Rows]:
        return self._job.start()

    def __call__(self, block: range) -> Rows:
        return self._rows(block.start, block.stop)


def _compute(
    job: ArrayJob, blocks: list[range], executor: Executor | None, store: Store | None
) -> Generator[tuple[range, Rows], None, None]:
    """Yields blocks with their rows, which are then in the store."""
    function = _Evaluation(job)
    if isinstance(executor, FileQueue):
        assert store is not None
        yield from _take_turns(function, blocks, store)
        return
    with contextlib.closing(run_jobs(function, blocks, executor)) as finished:
        for block, rows in finished:
            if store:
                store.put(block, rows)
            yield block, rows


def _take_turns(
    function: Callable[[range], Rows], blocks: list[range], store: Store
) -> Generator[tuple[range, Rows], None, None]:
    """Yields blocks with their rows, as this process or others finish them."""
    # A place where nobody else begins, so that few meet even on a file system without locks.
    first = secrets.randbelow(len(blocks) or 1)
    waiting = blocks[first:] + blocks[:first]
    with one_thread():
        while waiting:
            held_by_others: list[range] = []
            for block in waiting:
                with store.claim(block) as ours:
                    if not ours:
                        held_by_others.append(block)
                        continue
                    if not store.has(block):
                        store.put(block, function(block))
                yield block, store.read(block)
            if len(held_by_others) == len(waiting):
                time.sleep(_PAUSE)
            waiting = held_by_others
