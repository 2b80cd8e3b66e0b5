"""Setup -> hits and primaries, simulated by our own transport on all cores.

Blocks of primaries run side by side and come back in order. Each primary has its own random stream,
so the result depends on the seed and not on the blocks or the number of threads.
"""

import collections
import math
import os
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from trackscape.compiled import compiled, inlined
from trackscape.errors import ConfigError
from trackscape.simulation.physics.nuclear import load_nuclear_data
from trackscape.simulation.physics.random_streams import Stream, normal, normals, open_stream
from trackscape.simulation.record import Chunk, Setup, number_volumes
from trackscape.simulation.transport.follow import Scene, follow_charged, follow_photon
from trackscape.simulation.transport.matter import tabulate_matter
from trackscape.simulation.transport.reactions import tabulate_reactions
from trackscape.simulation.transport.recorder import (
    END,
    KIND,
    PHOTON,
    PRIMARY_ROW,
    PROTON,
    QUEUE,
    ROWS,
    TRACKS,
    Recorder,
    new_recorder,
)
from trackscape.simulation.transport.world import UX, UY, UZ, T, X, Y, Z, build_world

_LOWEST_BEAM, _HIGHEST_BEAM = 5.0, 300.0  # MeV; the nuclear tables end at the highest
_BLOCK = 1000  # primaries that are simulated in one go
_ROWS = 60  # rows of hits for each primary that a block has room for at first

_BeamShape = tuple[float, float, float, float, float]  # all of `Beam` but the energy


def simulate_fast(
    setup: Setup, primaries: int, seed: int, *, threads: int | None = None
) -> Generator[Chunk, None, None]:
    """Simulates protons with the fast engine.

    The threads, as many as there are cores by default, do not change the result. The first call
    after an installation compiles for about half a minute.

    Returns:
        The rows of a thousand protons at a time, in the order of the events.

    Raises:
        ConfigError: The beam has an energy that the tables do not cover.
    """
    _check_energies(setup)
    return _blocks(setup, primaries, seed, threads or len(os.sched_getaffinity(0)))


def _blocks(setup: Setup, primaries: int, seed: int, threads: int) -> Generator[Chunk, None, None]:
    scene = _build_scene(setup)
    spots = setup.plan.spot_of(primaries)
    aims = np.stack([setup.plan.x, setup.plan.y, setup.plan.energy], axis=1).astype(float)
    beam, layer_z = setup.beam, setup.detector.layer_z
    shape = beam.energy_spread, beam.spot_size, beam.divergence, beam.source, beam.magnet

    def run(first: int) -> Chunk:
        return _run_block(scene, shape, aims[spots[first : first + _BLOCK]], first, seed, layer_z)

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


def _build_scene(setup: Setup) -> Scene:
    world, mixtures, densities = build_world(setup)
    nuclear = load_nuclear_data()
    return Scene(
        world=world,
        matter=tabulate_matter(mixtures, densities, nuclear, model=setup.condensed_history),
        reactions=tabulate_reactions(nuclear),
        displaces_at_borders=setup.condensed_history == "theory",
    )


def _check_energies(setup: Setup) -> None:
    energy = setup.plan.energy
    margin = 1.0 + 6.0 * setup.beam.energy_spread
    if energy.min() < _LOWEST_BEAM or energy.max() * margin > _HIGHEST_BEAM:
        raise ConfigError(
            f"Expected beam energies of {_LOWEST_BEAM:g} to {_HIGHEST_BEAM / margin:.1f} MeV, "
            f"which the tables cover with six standard deviations, but got {energy.min():g} to "
            f"{energy.max():g} MeV; choose others, or the engine geant4."
        )


def _run_block(
    scene: Scene, shape: _BeamShape, aims: np.ndarray, first: int, seed: int, layer_z: np.ndarray
) -> Chunk:
    rows = _ROWS * len(aims)
    while True:
        recorder = new_recorder(len(aims), len(layer_z), rows)
        simulate_block(first, seed, aims, shape, scene, recorder)
        used = int(recorder.counts[ROWS])
        if used <= rows:
            break
        rows = used  # the streams are the same again, so now they fit
    hits = recorder.hits[:used]
    layer = hits["level1ID"].copy()
    hits["posZ"] = layer_z[layer]
    number_volumes(hits, layer)
    return Chunk(hits, recorder.primaries)


@compiled
def simulate_block(
    first: int, seed: int, aims: np.ndarray, shape: _BeamShape, scene: Scene, recorder: Recorder
) -> None:
    """Simulates primaries, numbered from `first`, and all that they set free.

    The rows of `aims` are x and y of a spot at the isocentre in mm, and its mean energy in MeV.
    """
    stream = np.empty(4, np.uint64)
    particle = np.empty(7)
    for i in range(len(aims)):
        open_stream(seed, first + i, stream)
        _start(stream, particle, aims[i, 0], aims[i, 1], aims[i, 2], shape)
        primary = recorder.primaries[i]
        primary["eventID"] = first + i
        primary["beam_ekin"] = particle[T]
        recorder.counts[PRIMARY_ROW] = i
        recorder.counts[TRACKS] = 1
        recorder.present[:] = PROTON, 1, 0
        primary["fate"] = follow_charged(stream, scene, recorder, particle)
        recorder.numbers[i, END : END + 3] = particle[: Z + 1]
        while recorder.counts[QUEUE] > 0:
            recorder.counts[QUEUE] -= 1
            last = recorder.counts[QUEUE]
            particle[:] = recorder.waiting[last]
            recorder.present[:] = recorder.waiting_info[last]
            if recorder.present[KIND] == PHOTON:
                follow_photon(stream, scene, recorder, particle)
            else:
                follow_charged(stream, scene, recorder, particle)


@inlined
def _start(
    stream: Stream, particle: np.ndarray, x: float, y: float, energy: float, shape: _BeamShape
) -> None:
    """Puts a proton into the source plane, on its way to a spot."""
    spread, size, divergence, source, magnet = shape
    a, b = normals(stream)
    c, d = normals(stream)
    slope_x, slope_y = x / magnet, y / magnet
    particle[X] = x + slope_x * source + size * a
    particle[Y] = y + slope_y * source + size * b
    particle[Z] = source
    slope_x += divergence * c
    slope_y += divergence * d
    norm = 1.0 / math.sqrt(1.0 + slope_x * slope_x + slope_y * slope_y)
    particle[UX] = norm * slope_x
    particle[UY] = norm * slope_y
    particle[UZ] = norm
    particle[T] = energy * (1.0 + spread * normal(stream))
