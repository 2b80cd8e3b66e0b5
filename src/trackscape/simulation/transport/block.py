"""A block of primaries, one after the other."""

import math
from typing import NamedTuple

import numpy as np

from trackscape.compiled import compiled, inlined
from trackscape.simulation.random_streams import Stream, normal, normals, open_stream
from trackscape.simulation.transport.follow import Scene, follow
from trackscape.simulation.transport.particles import PHOTON, PROTON
from trackscape.simulation.transport.photons import follow_photon
from trackscape.simulation.transport.recorder import PRIMARY_ROW, QUEUE, TRACKS, Recorder
from trackscape.simulation.transport.world import UX, UY, UZ, T, X, Y, Z


class BeamShape(NamedTuple):
    """What `Beam` says, as compiled code reads it."""

    spread: float
    size: float
    divergence: float
    source: float
    magnet: float


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
        seed: Of the simulation.
        aims: (P, 3) x and y of the spot at the isocentre in mm, mean energy in MeV.
        shape: Of the beam.
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
        primary["fate"] = follow(stream, scene, recorder, particle, kind, track, parent)
        primary["end_x"], primary["end_y"], primary["end_z"] = particle[X], particle[Y], particle[Z]
        while recorder.counts[QUEUE] > 0:
            recorder.counts[QUEUE] -= 1
            last = recorder.counts[QUEUE]
            particle[:] = recorder.waiting[last]
            kind, track, parent = recorder.waiting_info[last]
            if kind == PHOTON:
                follow_photon(stream, scene.world, scene.matter, recorder, particle, track)
            else:
                follow(stream, scene, recorder, particle, kind, track, parent)


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
