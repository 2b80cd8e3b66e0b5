"""What is computed, item by item, and who computes it."""

import contextlib
from collections.abc import Callable, Generator, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

Rows = NDArray[np.float64]
Evaluate = Callable[[int, int], Rows]
"""Of the numbers of the first item and of the one behind the last: a row for each."""


class Work(Protocol):
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

    def start(self) -> Evaluate:
        """Loads what is needed, once in each process. A row does not depend on those before it."""
        ...


class Executor(Protocol):
    """Who computes; the numbers are the same whoever it is."""

    @property
    def keeps_results(self) -> bool:
        """Whether rows outlive this process by themselves, so that nobody else need keep them."""
        ...

    def run(self, work: Work, left: Sequence[range]) -> Generator[tuple[range, Rows], None, None]:
        """Yields the rows of all items that are left, in pieces of any length and any order."""
        ...


@contextlib.contextmanager
def one_thread() -> Generator[None, None, None]:
    """Lets PyTorch compute on one thread meanwhile.

    Sums that several threads share come out differently for another number of them. One thread for
    each process gives the same numbers everywhere, and more of them per second.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
