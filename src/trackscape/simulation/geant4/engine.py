"""Setup -> hits and primaries, simulated by Geant4 in processes of its own.

Geant4 can be started once in a process and keeps its state in global variables. Here it never gets
into the process of the caller: workers do the blocks of primaries in turn and send rows of bytes.
"""

import contextlib
import functools
import importlib.metadata
import importlib.util
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np

from trackscape.errors import ConfigError, TrackscapeError
from trackscape.simulation.geant4.geometry import check_volumes
from trackscape.simulation.geant4.physics import LIST_WITH_DATA, LIST_WITHOUT_DATA
from trackscape.simulation.geant4.stub_data import installed_data
from trackscape.simulation.geant4.worker import (
    BLOCK,
    LOG,
    RANGE_CUT,
    simulate_blocks,
    tell_version,
)
from trackscape.simulation.record import HIT, PRIMARY, Chunk, Setup

_PATIENCE = 10.0  # s for a process to end once it sends no more


def simulate(
    setup: Setup, primaries: int, seed: int, *, workers: int | None = None
) -> Iterator[Chunk]:
    """Simulates protons with Geant4.

    The rows depend on the setup, the number of primaries and the seed, not on the workers. Uses
    Geant4's data sets if they are installed (see `provenance`), and never downloads them.
    A script has to call it behind `if __name__ == "__main__":`, because it starts processes.

    Arguments:
        setup: Detector, phantom, beam and plan.
        primaries: Number of protons.
        seed: Of the random numbers, 0 or more.
        workers: Number of processes; as many as there are cores by default.

    Yields:
        The rows of some hundred protons at a time, in the order of the events.

    Raises:
        ConfigError: If Geant4 is not installed, or the phantom does not fit or has too many boxes.
        TrackscapeError: If Geant4 gives up; the message shows its last words.
    """
    check_installed()
    check_volumes(setup)
    blocks = -(-primaries // BLOCK)
    workers = min(blocks, workers or len(os.sched_getaffinity(0)))
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(
                _worker(simulate_blocks, setup, primaries, seed, range(first, blocks, workers))
            )
            for first in range(workers)
        ]
        for block in range(blocks):
            worker = started[block % workers]
            hits = np.frombuffer(worker.receive(), HIT)
            yield Chunk(hits, np.frombuffer(worker.receive(), PRIMARY))


def provenance(setup: Setup) -> dict[str, str | float | bool]:
    """Says what `simulate` uses, for the record of a simulation.

    Arguments:
        setup: Detector, phantom, beam and plan.

    Returns:
        Versions of Geant4 and of its bindings, physics list, whether Geant4's data sets are
        missing, the range cut in mm, and the names of detector and phantom.

    Raises:
        ConfigError: If Geant4 is not installed.
    """
    check_installed()
    data_free = installed_data(os.environ, home=Path.home()) is None
    return {
        "engine": "geant4",
        "geant4": _version(),
        "geant4-pybind": importlib.metadata.version("geant4-pybind"),
        "physics": LIST_WITHOUT_DATA if data_free else LIST_WITH_DATA,
        "data-free": data_free,
        "range cut (mm)": RANGE_CUT,
        "detector": setup.detector.name,
        "phantom": setup.phantom.name,
    }


def check_installed() -> None:
    """Checks that geant4-pybind can be imported, without importing it.

    Raises:
        ConfigError: If it is not installed.
    """
    if importlib.util.find_spec("geant4_pybind") is None:
        raise ConfigError(
            "The engine geant4 needs geant4-pybind, which is not installed; run "
            "`pip install 'trackscape[geant4]'`, or use the engine fast."
        )


@functools.cache
def _version() -> str:
    with _worker(tell_version) as worker:
        return worker.receive().decode()


class _Worker:
    def __init__(self, process: BaseProcess, results: Connection, log: Path):
        self.process = process
        self.results = results
        self.log = log

    def receive(self) -> bytes:
        try:
            return self.results.recv_bytes()
        except EOFError as error:
            self.process.join(_PATIENCE)
            raise TrackscapeError(
                f"Geant4 gave up with exit code {self.process.exitcode}. Its last words were:\n"
                f"{_last_words(self.log)}"
            ) from error


@contextlib.contextmanager
def _worker(target: Callable[..., None], *arguments: object) -> Generator[_Worker]:
    """Starts a process, and ends it whatever happens."""
    # A fork would inherit the threads of PyTorch.
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="trackscape-geant4-") as name:
        folder = Path(name)
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=target, args=(theirs, folder, *arguments), daemon=True)
        process.start()
        theirs.close()  # else the end of the process would go unnoticed
        try:
            yield _Worker(process, ours, folder / LOG)
        finally:
            ours.close()
            process.terminate()
            process.join()
            process.close()


def _last_words(log: Path, *, lines: int = 20) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.strip().splitlines()[-lines:]) or "(none)"
