"""Setup -> hits and primaries, simulated by Geant4 in processes of its own.

Geant4 can be started once in a process and keeps its state in global variables. Here it never gets
into the process of the caller: workers do the blocks of primaries and send their rows.
"""

import contextlib
import dataclasses
import functools
import importlib.metadata
import importlib.util
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Integer

from trackscape.errors import ConfigError, TrackscapeError
from trackscape.execution import Processes, WorkerError, run_jobs
from trackscape.simulation.geant4 import actions, physics
from trackscape.simulation.geant4.geometry import check_volumes, make_geometry
from trackscape.simulation.geant4.stub_data import import_geant4, installed_data
from trackscape.simulation.record import Chunk, Setup

_BLOCK = 100  # primaries that share a seed, whoever simulates them and after which others
_LOG = "log"  # file for what Geant4 prints, in a folder that is called as the process
_RANGE_CUT = 0.7  # mm; secondaries that would not get further are not made

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


def simulate_geant4(
    setup: Setup, primaries: int, seed: int, *, workers: int | None = None
) -> Generator[Chunk, None, None]:
    """Simulates protons with Geant4.

    The workers are processes, as many as there are cores by default, and do not change the result.
    Geant4's data sets are used if they are installed, and never downloaded. A script has to call it
    behind `if __name__ == "__main__":`, because it starts processes.

    Yields:
        The rows of some hundred protons at a time, in the order of the events.

    Raises:
        ConfigError: If Geant4 is not installed, or the phantom does not fit or has too many boxes.
        TrackscapeError: If Geant4 gives up; the message shows its last words.
    """
    check_installed()
    check_volumes(setup)
    n_blocks = -(-primaries // _BLOCK)
    workers = min(n_blocks, workers or len(os.sched_getaffinity(0)))
    early: dict[int, Chunk] = {}
    following = 0
    blocks = functools.partial(_Blocks, setup, primaries, seed)
    with contextlib.closing(_run(blocks, range(n_blocks), workers)) as finished:
        for block, chunk in finished:
            early[block] = chunk
            while following in early:
                yield early.pop(following)
                following += 1


def geant4_provenance() -> dict[str, str | float | bool]:
    """Returns what `simulate_geant4` uses, for the record of a simulation.

    Raises:
        ConfigError: If Geant4 is not installed.
    """
    check_installed()
    data_free = installed_data(os.environ, home=Path.home()) is None
    return {
        "geant4": _version(),
        "geant4-pybind": importlib.metadata.version("geant4-pybind"),
        "physics": physics.LIST_WITHOUT_DATA if data_free else physics.LIST_WITH_DATA,
        "data-free": data_free,
        "range cut (mm)": _RANGE_CUT,
    }


def check_installed() -> None:
    """Checks that geant4-pybind can be imported, without importing it.

    Raises:
        ConfigError: If it is not installed.
    """
    if importlib.util.find_spec("geant4_pybind") is None:
        raise ConfigError(
            "The engine geant4 needs geant4-pybind, which is not installed; run "
            "`pip install geant4-pybind`, or use the engine fast."
        )


@functools.cache
def _version() -> str:
    ((_, version),) = _run(lambda folder: functools.partial(_tell_version, folder), [0], 1)
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
                f"{_last_words(folder / str(error.process) / _LOG)}"
            ) from error


def _last_words(log: Path) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.strip().splitlines()[-20:]) or "(none)"


@dataclasses.dataclass(frozen=True)
class _Blocks:
    """Simulates the blocks of a simulation, in whatever processes and order."""

    setup: Setup
    primaries: int
    seed: int
    folder: Path

    def __call__(self, block: int) -> Chunk:
        spots = self.setup.plan.spot_of(self.primaries)
        return self._simulator.simulate_block(spots, block=block, seed=self.seed)

    @functools.cached_property
    def _simulator(self) -> "_Simulator":
        return _Simulator(self.setup, self.folder)


class _Simulator:
    """Geant4, set up; there can be one in a process."""

    def __init__(self, setup: Setup, folder: Path):
        g4, data_free = _import_quietly(folder)
        self.g4 = g4
        self.setup = setup
        self.scores = actions.Scores(setup)
        layers, shell = actions.make_sensitive_detectors(g4, self.scores)
        self.kept: list[Any] = [layers, shell]
        self.manager = g4.G4RunManager()
        for part in (
            make_geometry(g4, setup, layers=layers, shell=shell),
            physics.make_physics_list(g4, data_free=data_free),
            actions.make_actions(g4, self.scores),
        ):
            self.kept.append(part)
            self.manager.SetUserInitialization(part)
        commands = g4.G4UImanager.GetUIpointer()
        commands.ApplyCommand("/process/em/verbose 0")
        commands.ApplyCommand("/process/had/verbose 0")
        commands.ApplyCommand(f"/run/setCut {_RANGE_CUT} mm")
        self.manager.Initialize()

    def simulate_block(
        self, spots: Integer[np.ndarray, " primaries"], *, block: int, seed: int
    ) -> Chunk:
        random = np.random.default_rng([seed, block])
        # Of longer numbers Geant4 would use a part.
        self.g4.HepRandom.setTheSeed(int(random.integers(1, 2**62)))
        first = block * _BLOCK
        protons = actions.sample_protons(self.setup, spots[first : first + _BLOCK], random)
        self.scores.begin(protons, first=first)
        self.manager.BeamOn(len(protons))
        return self.scores.end()


def _tell_version(folder: Path, _: int) -> str:
    return physics.geant4_version(_import_quietly(folder)[0])


def _import_quietly(folder: Path) -> tuple[Any, bool]:
    """Imports Geant4, and writes what it prints, greetings included, to a log of this process."""
    own = folder / str(os.getpid())
    (own / "data").mkdir(parents=True)
    log = os.open(own / _LOG, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(log, stream)
    return import_geant4(own / "data")
