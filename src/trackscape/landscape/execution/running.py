"""Work + executor -> rows, with a folder that outlives interruptions."""

import contextlib
from pathlib import Path

import numpy as np

from trackscape.errors import LandscapeError
from trackscape.landscape.execution.folder import open_folder
from trackscape.landscape.execution.progress import progress_bar
from trackscape.landscape.execution.records import RecordFile
from trackscape.landscape.execution.serial import Serial
from trackscape.landscape.execution.work import Executor, Rows, Work


def carry_out(
    work: Work,
    *,
    executor: Executor | None = None,
    folder: Path | None = None,
    progress: bool = True,
    what: str = "points",
) -> Rows:
    """Computes all rows of a work, (items, width).

    Arguments:
        work: What is computed.
        executor: Who computes; this process if None.
        folder: Keeps what is finished, chunk by chunk. After an interruption of any kind the same
            call goes on from there, to the same result. A `FileQueue` has a folder of its own.
        progress: Whether to show a bar with the time that remains.
        what: What the items are called there.

    Raises:
        LandscapeError: The folder belongs to another work or is in use, or the executor fails.
    """
    executor = executor or Serial()
    if folder is None or executor.keeps_results:
        return _compute(work, executor, None, progress=progress, what=what)
    with open_folder(folder, work, what) as records:
        return _compute(work, executor, records, progress=progress, what=what)


def _compute(
    work: Work, executor: Executor, records: RecordFile | None, *, progress: bool, what: str
) -> Rows:
    rows = np.full((work.n_items, work.width), np.nan)
    done = np.zeros(work.n_items, dtype=bool)  # values say nothing: not a number is one, too
    for chunk, found in records.found if records else ():
        inside = slice(chunk.start, min(chunk.stop, work.n_items))
        rows[inside] = found[: max(0, work.n_items - chunk.start)]
        done[inside] = True
    left = _gaps(done)
    if not left:
        return rows
    bar = progress_bar(what, total=len(done), done=int(done.sum()), show=progress)
    with bar as advance, contextlib.closing(executor.run(work, left)) as finished:
        for chunk, found in finished:
            rows[chunk.start : chunk.stop] = found
            done[chunk.start : chunk.stop] = True
            if records:
                records.append(chunk, found)
            advance(len(chunk))
    if not done.all():
        raise LandscapeError(
            f"Expected all {len(done)} items from {type(executor).__name__}, got {done.sum()}; run "
            "it again."
        )
    return rows


def _gaps(done: np.ndarray) -> list[range]:
    """Ranges of items that are not done."""
    borders = np.flatnonzero(np.diff(np.concatenate([[True], done, [True]]).astype(np.int8)))
    return [range(begin, end) for begin, end in borders.reshape(-1, 2).tolist()]
