"""Work on the segments of one graph, shared among threads."""

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from trackscape.scoring.fused.kernels import Integers

CHUNKS = 4
"""Into how many pieces work is cut, for any number of threads: sums come out the same."""


def share_out(first: Integers, work: Callable[[int, int, int], None]) -> None:
    """Calls `work` with the number, begin and end of each chunk of segments.

    Arguments:
        first: (E + 1,) Messages before each segment; chunks have about as many messages.
        work: A function that lets other threads run.
    """
    inner = [int(first[-1]) * number // CHUNKS for number in range(1, CHUNKS)]
    borders = [0, *np.searchsorted(first, inner).tolist(), len(first) - 1]
    begins, ends = borders[:-1], borders[1:]
    n_threads = min(torch.get_num_threads(), CHUNKS)
    spread = map if n_threads == 1 else _pool(n_threads, os.getpid()).map
    for _ in spread(work, range(CHUNKS), begins, ends):
        pass


@functools.cache
def _pool(n_threads: int, process: int) -> ThreadPoolExecutor:
    """Threads that wait for work. A forked process has none of them and gets its own."""
    return ThreadPoolExecutor(n_threads, thread_name_prefix=f"trackscape-{process}")
