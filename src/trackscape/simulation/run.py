"""Setup -> files of hits and of primaries."""

import contextlib
import functools
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import numpy as np

import trackscape
from trackscape.errors import ConfigError
from trackscape.formats import hit_stream
from trackscape.simulation.record import HIT, PRIMARY, Chunk, Engine, Setup
from trackscape.simulation.setup.beam import check_aim
from trackscape.simulation.setup.phantom import check_fits

_ENGINES = ("fast", "geant4")
_SPOT = np.dtype([("spotX", "f4"), ("spotY", "f4")])  # mm at the isocentre
_MOST_PRIMARIES = 2**31 - 1  # eventID is a 32-bit number in the published columns

_Progress = Callable[[Iterable[Chunk], int], Iterable[Chunk]]


def simulate(
    setup: Setup,
    path: Path,
    *,
    primaries: int,
    seed: int,
    engine: str = "fast",
    truth: Path | None = None,
    threads: int | None = None,
    progress: _Progress = lambda chunks, _: chunks,
) -> int:
    """Simulates protons and writes what they leave in the detector, as `read_hits` reads it.

    Memory does not grow with the number of primaries. The files appear when all is done; after an
    interruption or an error there are none.

    Arguments:
        setup: Detector, phantom, beam, plan and condensed history.
        path: New .npz file of hits: the published columns, pdg, and the spot of each hit if the
            plan has several.
        primaries: Number of protons, shared among the spots of the plan.
        seed: Seed of the random numbers, 0 or more.
        engine: "fast" or "geant4".
        truth: New .npz file with a row for each primary, see `PRIMARY`; none by default.
        threads: Threads of the fast engine or processes of Geant4, which do not change the result;
            as many as there are cores by default.
        progress: Wraps the chunks, given the number of primaries, to show how far it has come.

    Returns:
        The number of rows of hits.

    Raises:
        ConfigError: The setup is impossible, before anything is simulated.
        FormatError: A file cannot be written.
    """
    run = choose_engine(engine, threads=threads)
    check(setup, primaries=primaries, seed=seed)
    origin = _provenance(setup, primaries=primaries, seed=seed, engine=engine)
    spot = _SpotOfEvent(setup, primaries)
    rows = 0
    with (
        hit_stream(path, spot.dtype, provenance=origin) as add_hits,
        _primary_stream(truth, origin) as add_primaries,
        _closing(run(setup, primaries, seed)) as chunks,
    ):
        for chunk in progress(chunks, primaries):
            add_hits(spot.add_to(chunk.hits))
            add_primaries(chunk.primaries)
            rows += len(chunk.hits)
    return rows


def choose_engine(name: str, *, threads: int | None = None) -> Engine:
    """Returns the engine of a name; without a number of threads it uses all cores.

    Raises:
        ConfigError: There is none, or what it needs is not installed.
    """
    if name == "fast":
        from trackscape.simulation.transport.engine import simulate_fast

        return functools.partial(simulate_fast, threads=threads)
    if name == "geant4":
        from trackscape.simulation import geant4

        geant4.check_installed()
        return functools.partial(geant4.simulate_geant4, workers=threads)
    raise ConfigError(f"Expected one of the engines {', '.join(_ENGINES)}, but got {name!r}.")


def check(setup: Setup, *, primaries: int, seed: int) -> None:
    """Checks that a simulation makes sense.

    Raises:
        ConfigError: The phantom does not fit, the beam misses the detector, or a number is wrong.
    """
    check_fits(setup.phantom, source=setup.beam.source, front=setup.detector.front)
    check_aim(setup.plan, beam=setup.beam, detector=setup.detector)
    if not 0 < primaries <= _MOST_PRIMARIES:
        raise ConfigError(f"Expected 1 to {_MOST_PRIMARIES} primaries, but got {primaries}.")
    if not 0 <= seed < 2**63:
        raise ConfigError(f"Expected a seed of 0 or more, below 2^63, but got {seed}.")


def _provenance(setup: Setup, *, primaries: int, seed: int, engine: str) -> dict[str, Any]:
    beam, plan = setup.beam, setup.plan
    origin: dict[str, Any] = {
        "trackscape": trackscape.__version__,
        "engine": engine,
        "detector": setup.detector.name,
        "phantom": setup.phantom.name,
        "angle (rad)": setup.phantom.angle,
        "beam": vars(beam) | {"units": "MeV, mm, rad"},
        "spots": len(plan.x),
        "primaries": primaries,
        "seed": seed,
    }
    if engine == "geant4":
        from trackscape.simulation import geant4

        return origin | geant4.geant4_provenance(setup)
    return origin | {"law": setup.condensed_history}


class _SpotOfEvent:
    """Adds the spot to each hit, if there are several."""

    def __init__(self, setup: Setup, primaries: int) -> None:
        several = len(setup.plan.x) > 1
        self.plan = setup.plan
        self.spot = setup.plan.spot_of(primaries) if several else None
        self.dtype = np.dtype(HIT.descr + _SPOT.descr) if several else HIT

    def add_to(self, hits: np.ndarray) -> np.ndarray:
        if self.spot is None:
            return hits
        wider = np.empty(len(hits), self.dtype)
        for name in HIT.names or ():
            wider[name] = hits[name]
        spot = self.spot[hits["eventID"]]
        wider["spotX"], wider["spotY"] = self.plan.x[spot], self.plan.y[spot]
        return wider


def _primary_stream(
    path: Path | None, origin: dict[str, Any]
) -> contextlib.AbstractContextManager[Callable[[np.ndarray], None]]:
    if path is None:
        return contextlib.nullcontext(lambda rows: None)
    return hit_stream(path, PRIMARY, provenance=origin)


@contextlib.contextmanager
def _closing(chunks: Iterable[Chunk]) -> Generator[Iterable[Chunk], None, None]:
    # An engine is a generator that holds threads or processes until it is closed.
    try:
        yield chunks
    finally:
        if isinstance(chunks, Generator):
            chunks.close()
