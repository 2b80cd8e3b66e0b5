"""Setup -> hits and primaries, simulated by Geant4 in processes of its own.

Geant4 can be started once in a process and keeps its state in global variables. Here it never gets
into the process of the caller: workers do the blocks of primaries and send their rows.
"""

import contextlib
import functools
import importlib.metadata
import importlib.util
import os
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from trackscape.errors import ConfigError, TrackscapeError
from trackscape.execution import Processes, WorkerError, run_jobs
from trackscape.simulation.geant4.geometry import check_volumes
from trackscape.simulation.geant4.physics import LIST_WITH_DATA, LIST_WITHOUT_DATA
from trackscape.simulation.geant4.stub_data import installed_data
from trackscape.simulation.geant4.worker import BLOCK, LOG, RANGE_CUT, Blocks, tell_version
from trackscape.simulation.record import Chunk, Setup

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


def simulate_geant4(
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
    n_blocks = -(-primaries // BLOCK)
    workers = min(n_blocks, workers or len(os.sched_getaffinity(0)))
    early: dict[int, Chunk] = {}
    following = 0
    blocks = functools.partial(Blocks, setup, primaries, seed)
    with contextlib.closing(_run(blocks, range(n_blocks), workers)) as finished:
        for block, chunk in finished:
            early[block] = chunk
            while following in early:
                yield early.pop(following)
                following += 1


def geant4_provenance(setup: Setup) -> dict[str, str | float | bool]:
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
    ((_, version),) = _run(lambda folder: functools.partial(tell_version, folder), [0], 1)
    return version


def _run(
    make: Callable[[Path], Callable[[_Job], _Result]], jobs: Sequence[_Job], workers: int
) -> Generator[tuple[_Job, _Result], None, None]:
    """Yields jobs with results of what is made from a folder for the logs of all processes."""
    with tempfile.TemporaryDirectory(prefix="trackscape-geant4-") as name:
        folder = Path(name)
        try:
            # What Geant4 gives up at, it would give up at again.
            yield from run_jobs(make(folder), jobs, Processes(workers), retries=0)
        except WorkerError as error:
            raise TrackscapeError(
                f"Geant4 gave up with exit code {error.status}. Its last words were:\n"
                f"{_last_words(folder / str(error.process) / LOG)}"
            ) from error


def _last_words(log: Path, *, lines: int = 20) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.strip().splitlines()[-lines:]) or "(none)"
