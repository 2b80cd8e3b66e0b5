"""Setup -> hits and primaries, simulated by our own transport on all cores.

Blocks of primaries run side by side and come back in order. Each primary has its own random stream,
so the result depends on the seed and not on the blocks or the number of threads.
"""

import collections
import math
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from trackscape.compiled import compiled, inlined
from trackscape.errors import ConfigError
from trackscape.simulation.physics.random_streams import Stream, normal, normals, open_stream
from trackscape.simulation.record import Chunk, Setup
from trackscape.simulation.setup.detector import Detector
from trackscape.simulation.transport.follow import follow_charged, follow_photon
from trackscape.simulation.transport.recorder import (
    PHOTON,
    PRIMARY_ROW,
    PROTON,
    QUEUE,
    ROWS,
    TRACKS,
    Recorder,
    new_recorder,
)
from trackscape.simulation.transport.scene import Scene, build_scene
from trackscape.simulation.transport.world import UX, UY, UZ, T, X, Y, Z

_LOWEST_BEAM, _HIGHEST_BEAM = 5.0, 300.0  # MeV; the nuclear tables end at the highest
_BLOCK = 1000  # primaries that are simulated in one go
_ROWS = 60  # rows of hits for each primary that a block has room for at first


class BeamShape(NamedTuple):
    """What `Beam` says, as compiled code reads it."""

    spread: float
    """Standard deviation of the energy, relative to it."""
    size: float
    """Standard deviation of x and y at the source in mm."""
    divergence: float
    """Standard deviation of the angle in each projection in rad."""
    source: float
    """Position of the source plane: z in mm."""
    magnet: float
    """Distance of the scanning magnet before the isocentre in mm."""


def simulate_fast(
    setup: Setup, primaries: int, seed: int, *, threads: int | None = None
) -> Iterator[Chunk]:
    """Simulates protons with the fast engine.

    Arguments:
        setup: Detector, phantom, beam and plan.
        primaries: Number of protons.
        seed: Seed of the random numbers, 0 or more.
        threads: As many as there are cores by default; the result does not depend on it.

    Returns:
        The rows of a thousand protons at a time, in the order of the events.

    Raises:
        ConfigError: The beam has an energy that the tables do not cover.

    The first call after an installation compiles for about half a minute.
    """
    _check_energies(setup)
    return _blocks(setup, primaries, seed, threads or len(os.sched_getaffinity(0)))


def _blocks(setup: Setup, primaries: int, seed: int, threads: int) -> Iterator[Chunk]:
    scene = build_scene(setup)
    spots = setup.plan.spot_of(primaries)
    aims = np.stack([setup.plan.x, setup.plan.y, setup.plan.energy], axis=1).astype(float)
    shape = BeamShape(
        spread=setup.beam.energy_spread,
        size=setup.beam.spot_size,
        divergence=setup.beam.divergence,
        source=setup.beam.source,
        magnet=setup.beam.magnet,
    )
    detector = setup.detector

    def run(first: int) -> Chunk:
        return _run_block(scene, shape, aims[spots[first : first + _BLOCK]], first, seed, detector)

    running: collections.deque[Future[Chunk]] = collections.deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for first in range(0, primaries, _BLOCK):
                running.append(pool.submit(run, first))
                # Some blocks wait, so that no thread does; more would only fill the memory.
                if len(running) > 2 * threads:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _check_energies(setup: Setup) -> None:
    energy = setup.plan.energy
    # Six standard deviations: no primary of any simulation leaves the tables.
    margin = 1.0 + 6.0 * setup.beam.energy_spread
    if energy.min() < _LOWEST_BEAM or energy.max() * margin > _HIGHEST_BEAM:
        raise ConfigError(
            f"Expected beam energies of {_LOWEST_BEAM:g} to {_HIGHEST_BEAM / margin:.1f} MeV, "
            f"which the tables cover with six standard deviations, but got {energy.min():g} to "
            f"{energy.max():g} MeV; choose others, or the engine geant4."
        )


def _run_block(
    scene: Scene, shape: BeamShape, aims: np.ndarray, first: int, seed: int, detector: Detector
) -> Chunk:
    rows = _ROWS * len(aims)
    layers = len(detector.layer_z)
    while True:
        recorder = new_recorder(len(aims), layers, rows)
        simulate_block(first, seed, aims, shape, scene, recorder)
        used = int(recorder.counts[ROWS])
        if used <= rows:
            return Chunk(_finish(recorder.hits[:used], detector), recorder.primaries)
        rows = used  # the streams are the same again, so now they fit


def _finish(hits: np.ndarray, detector: Detector) -> np.ndarray:
    """Turns layers into the published columns."""
    layer = hits["level1ID"].copy()
    tracker = layer < detector.trackers
    hits["posZ"] = detector.layer_z[layer]
    hits["level1ID"] = np.where(tracker, layer, 0)
    hits["level2ID"] = np.where(tracker, -1, layer - detector.trackers)
    return hits


@compiled
def simulate_block(
    first: int,
    seed: int,
    aims: np.ndarray,
    shape: BeamShape,
    scene: Scene,
    recorder: Recorder,
) -> None:
    """Simulates primaries and all that they set free.

    Arguments:
        first: Number of the first primary; decides its random stream with the seed.
        seed: Seed of the simulation.
        aims: (P, 3) x and y of the spot at the isocentre in mm, mean energy in MeV.
        shape: Shape of the beam.
        scene: Geometry and tables.
        recorder: For P primaries; filled.
    """
    stream = np.empty(4, np.uint64)
    particle = np.empty(7)
    # In an array: of constants, numba would make machine code that is for them alone.
    of_primary = np.array([PROTON, 1, 0])
    for i in range(len(aims)):
        open_stream(seed, first + i, stream)
        _start(stream, particle, aims[i, 0], aims[i, 1], aims[i, 2], shape)
        primary = recorder.primaries[i]
        primary["eventID"] = first + i
        primary["beam_ekin"] = particle[T]
        recorder.counts[PRIMARY_ROW] = i
        recorder.counts[TRACKS] = 1
        kind, track, parent = of_primary
        primary["fate"] = follow_charged(stream, scene, recorder, particle, kind, track, parent)
        primary["end_x"], primary["end_y"], primary["end_z"] = particle[X], particle[Y], particle[Z]
        while recorder.counts[QUEUE] > 0:
            recorder.counts[QUEUE] -= 1
            last = recorder.counts[QUEUE]
            particle[:] = recorder.waiting[last]
            kind, track, parent = recorder.waiting_info[last]
            if kind == PHOTON:
                follow_photon(stream, scene.world, scene.matter, recorder, particle, track)
            else:
                follow_charged(stream, scene, recorder, particle, kind, track, parent)


@inlined
def _start(
    stream: Stream, particle: np.ndarray, x: float, y: float, energy: float, shape: BeamShape
) -> None:
    """Puts a proton into the source plane, on its way to a spot."""
    a, b = normals(stream)
    c, d = normals(stream)
    slope_x, slope_y = x / shape.magnet, y / shape.magnet
    particle[X] = x + slope_x * shape.source + shape.size * a
    particle[Y] = y + slope_y * shape.source + shape.size * b
    particle[Z] = shape.source
    slope_x += shape.divergence * c
    slope_y += shape.divergence * d
    norm = 1.0 / math.sqrt(1.0 + slope_x * slope_x + slope_y * slope_y)
    particle[UX] = norm * slope_x
    particle[UY] = norm * slope_y
    particle[UZ] = norm
    particle[T] = energy * (1.0 + shape.spread * normal(stream))
