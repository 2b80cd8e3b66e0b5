"""Setup -> files of hits and of primaries."""

import contextlib
import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

import trackscape
from trackscape.errors import ConfigError
from trackscape.formats import hit_stream
from trackscape.simulation.record import HIT, PRIMARY, Chunk, Engine, Setup
from trackscape.simulation.setup.beam import check_aim
from trackscape.simulation.setup.phantom import check_fits

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

    Memory does not grow with the number of primaries. The files appear when all is done.

    Arguments:
        setup: What is simulated.
        path: New .npz file of hits: the published columns, pdg, and the spot if there are several.
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
    check_setup(setup, primaries=primaries, seed=seed)
    origin = _provenance(setup, primaries=primaries, seed=seed, engine=engine)
    row_type, add_spots = _spots_of_events(setup, primaries)
    rows = 0
    with (
        hit_stream(path, row_type, provenance=origin) as add_hits,
        contextlib.nullcontext(lambda _: None)
        if truth is None
        else hit_stream(truth, PRIMARY, provenance=origin) as add_primaries,
        contextlib.closing(run(setup, primaries, seed)) as chunks,
    ):
        for chunk in progress(chunks, primaries):
            add_hits(add_spots(chunk.hits))
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
    raise ConfigError(f"Expected one of the engines fast, geant4, but got {name!r}.")


def check_setup(setup: Setup, *, primaries: int, seed: int) -> None:
    """Raises a ConfigError for what cannot be simulated."""
    check_fits(setup.phantom, source=setup.beam.source, front=setup.detector.front)
    check_aim(setup.plan, beam=setup.beam, detector=setup.detector)
    if not 0 < primaries <= _MOST_PRIMARIES:
        raise ConfigError(f"Expected 1 to {_MOST_PRIMARIES} primaries, but got {primaries}.")
    if not 0 <= seed < 2**63:
        raise ConfigError(f"Expected a seed of 0 or more, below 2^63, but got {seed}.")


def _provenance(setup: Setup, *, primaries: int, seed: int, engine: str) -> dict[str, Any]:
    origin: dict[str, Any] = {
        "trackscape": trackscape.__version__,
        "engine": engine,
        "detector": setup.detector.name,
        "phantom": setup.phantom.name,
        "angle (rad)": setup.phantom.angle,
        "beam": vars(setup.beam) | {"units": "MeV, mm, rad"},
        "spots": len(setup.plan.x),
        "primaries": primaries,
        "seed": seed,
    }
    if engine == "geant4":
        from trackscape.simulation import geant4

        return origin | geant4.geant4_provenance()
    return origin | {"law": setup.condensed_history}


def _spots_of_events(
    setup: Setup, primaries: int
) -> tuple[np.dtype[np.void], Callable[[np.ndarray], np.ndarray]]:
    """Returns the type of the rows, and what adds the spot to each hit if there are several."""
    plan = setup.plan
    if len(plan.x) == 1:
        return HIT, lambda hits: hits
    spot_of_event = plan.spot_of(primaries)
    wide = np.dtype(HIT.descr + _SPOT.descr)

    def add(hits: np.ndarray) -> np.ndarray:
        wider = np.empty(len(hits), wide)
        for name in HIT.names or ():
            wider[name] = hits[name]
        spot = spot_of_event[hits["eventID"]]
        wider["spotX"], wider["spotY"] = plan.x[spot], plan.y[spot]
        return wider

    return wide, add
