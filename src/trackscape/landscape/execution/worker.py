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
        return pickler.dumps((work, _settings()))
    except Exception as error:  # whatever a module's own __getstate__ does
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise LandscapeError(
            "Expected work that can be sent to other processes, but pickle says: "
            f"{reason}. Define "
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
            work, settings = pickle.loads(self._packed)
        except (AttributeError, ImportError) as error:
            raise LandscapeError(
                f"Expected work that another process can load, but there: {error}. Define "
                "objectives and modules in a file that can be imported there, not in a notebook or "
                "at a prompt."
            ) from error
        torch.set_num_threads(1)
        _apply(settings)
        self._evaluate = work.start()

    def compute(self, chunk: range) -> tuple[Rows, float]:
        """Returns the rows of a chunk, and the seconds that they took."""
        self.load()
        assert self._evaluate is not None
        started = time.perf_counter()
        rows = self._evaluate(chunk.start, chunk.stop)
        return rows, time.perf_counter() - started


def _settings() -> dict[str, Any]:
    """What numbers depend on in PyTorch, for the whole of a process."""
    return {
        "dtype": torch.get_default_dtype(),
        "device": str(torch.get_default_device()),
        "products": torch.get_float32_matmul_precision(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


def _apply(settings: dict[str, Any]) -> None:
    torch.set_default_dtype(settings["dtype"])
    torch.set_float32_matmul_precision(settings["products"])
    torch.use_deterministic_algorithms(settings["deterministic"])
    if settings["device"] != str(torch.get_default_device()):
        torch.set_default_device(settings["device"])
