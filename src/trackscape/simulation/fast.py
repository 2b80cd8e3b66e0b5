"""Setup -> hits and primaries, simulated by our own transport on all cores.

Blocks of primaries run side by side and come back in order. Each primary has its own random stream,
so the result depends on the seed and not on the blocks or the number of threads.
"""

import collections
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from trackscape.errors import ConfigError
from trackscape.simulation.detector import Detector
from trackscape.simulation.physics.nuclear import load_nuclear_data
from trackscape.simulation.record import Chunk, Setup
from trackscape.simulation.transport.block import BeamShape, simulate_block
from trackscape.simulation.transport.follow import Scene
from trackscape.simulation.transport.geometry import build_world
from trackscape.simulation.transport.matter import LOG_ENERGY, tabulate
from trackscape.simulation.transport.reactions import tabulate_reactions
from trackscape.simulation.transport.recorder import ROWS, new_recorder

LOWEST_BEAM, HIGHEST_BEAM = 5.0, 300.0
"""MeV. The nuclear tables end at the highest."""
BLOCK = 1000
"""Primaries that are simulated in one go."""
_ROWS = 60
"""Rows of hits for each primary that a block has room for at first."""


def simulate(
    setup: Setup, primaries: int, seed: int, *, threads: int | None = None
) -> Iterator[Chunk]:
    """Simulates protons with the fast engine.

    Arguments:
        setup: Detector, phantom, beam and plan.
        primaries: Number of protons.
        seed: Of the random numbers, 0 or more.
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
        return _run_block(scene, shape, aims[spots[first : first + BLOCK]], first, seed, detector)

    running: collections.deque[Future[Chunk]] = collections.deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for first in range(0, primaries, BLOCK):
                running.append(pool.submit(run, first))
                # Some blocks wait, so that no thread does; more would only fill the memory.
                if len(running) > 2 * threads:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def build_scene(setup: Setup) -> Scene:
    """Returns geometry and tables of a setup for compiled code."""
    world, mixtures, densities = build_world(setup)
    nuclear = load_nuclear_data()
    return Scene(
        world=world,
        matter=tabulate(mixtures, densities, nuclear, law=setup.law),
        reactions=tabulate_reactions(nuclear, LOG_ENERGY),
        displaces_at_borders=setup.law == "theory",
    )


def _check_energies(setup: Setup) -> None:
    energy = setup.plan.energy
    # Six standard deviations: no primary of any simulation leaves the tables.
    margin = 1.0 + 6.0 * setup.beam.energy_spread
    if energy.min() < LOWEST_BEAM or energy.max() * margin > HIGHEST_BEAM:
        raise ConfigError(
            f"Expected beam energies of {LOWEST_BEAM:g} to {HIGHEST_BEAM / margin:.1f} MeV, which "
            f"the tables cover with six standard deviations, but got {energy.min():g} to "
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
