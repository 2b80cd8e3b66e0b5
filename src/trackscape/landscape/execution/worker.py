"""Work -> bytes -> another process, which computes chunks of it."""

import pickle
import time
from typing import Any

import torch

from trackscape.errors import LandscapeError
from trackscape.landscape.execution.work import Evaluate, Rows, Work


def pack(work: Work, pickler: Any = pickle) -> bytes:
    """Returns bytes from which a `Worker` is made; they never go to a disk.

    Arguments:
        work: What is computed.
        pickler: Module that pickles, such as ``ray.cloudpickle``.

    Raises:
        LandscapeError: Part of the work cannot be pickled.
    """
    try:
        return pickler.dumps((work, torch.get_default_dtype()))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise LandscapeError(
            f"Expected work that can be sent to other processes, but pickle says: {error}. Define "
            "objectives and modules at the top of a module, not as lambda or inside a function, "
            "and keep open files out of batches; or use the executor Serial."
        ) from error


class Worker:
    """The copy of a work in a process of its own, which computes on one thread.

    Nothing is loaded before the first call, whose error can reach those who ask.
    """

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._evaluate: Evaluate | None = None

    def load(self) -> None:
        """Loads model and data, the first time."""
        if self._evaluate is not None:
            return
        try:
            work, dtype = pickle.loads(self._packed)
        except (AttributeError, ImportError) as error:
            raise LandscapeError(
                f"Expected work that another process can load, but there: {error}. Define "
                "objectives and modules in a file that can be imported there, not in a notebook or "
                "at a prompt."
            ) from error
        torch.set_num_threads(1)
        torch.set_default_dtype(dtype)
        self._evaluate = work.start()

    def compute(self, chunk: range) -> tuple[Rows, float]:
        """Returns the rows of a chunk, and the seconds that they took."""
        self.load()
        assert self._evaluate is not None
        started = time.perf_counter()
        rows = self._evaluate(chunk.start, chunk.stop)
        return rows, time.perf_counter() - started
