"""The kinds of particles, and what they leave behind: deposits, and particles that still wait."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer, Shaped

from trackscape.compiled import compiled, inlined
from trackscape.simulation.physics.kinematics import ELECTRON_MASS, PROTON_MASS
from trackscape.simulation.record import HIT, PRIMARY
from trackscape.simulation.transport.step import point_along
from trackscape.simulation.transport.world import PHANTOM, T

PROTON, DEUTERON, TRITON, HELIUM_3, ALPHA, HEAVY, ELECTRON, PHOTON = range(8)
"""HEAVY stands for all nuclei beyond helium: they stop where they are made."""
MASS = np.array([PROTON_MASS, 1875.613, 2808.921, 2808.391, 3727.379, 26000.0, ELECTRON_MASS, 0.0])
"""Masses in MeV (CODATA 2022); HEAVY about that of silicon."""
CHARGE = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 12.0, -1.0, 0.0])
"""Charge numbers."""
PDG = np.array([2212, 1000010020, 1000010030, 1000020030, 1000020040, 1000120240, 11, 22])
"""Codes of the Particle Data Group; HEAVY as magnesium-24."""
_LIGHT = {(1, 1): PROTON, (1, 2): DEUTERON, (1, 3): TRITON, (2, 3): HELIUM_3, (2, 4): ALPHA}
WAITING = 256
"""Number of particles of one primary that may wait at a time; more are forgotten."""
ROWS, PRIMARY_ROW, TRACKS, QUEUE = range(4)
"""Entries of `Recorder.counts`."""
KIND, TRACK, PARENT = range(3)
"""Entries of `Recorder.present`; the primary is track 1 of parent 0."""
_ENTERS, _LEAVES, _LAYERS, END = (
    list(PRIMARY.names or ()).index(name) for name in ("in_x", "out_x", "ekin_layer0", "end_x")
)


class Recorder(NamedTuple):
    """Buffers that compiled code writes to."""

    hits: Shaped[np.ndarray, " rows"]  # of type HIT; level1ID holds the layer, posZ is not filled
    row_of_layer: Integer[np.ndarray, " layers"]  # of the present track; -1 without a deposit
    counts: Integer[np.ndarray, " 4"]  # rows in use, row of the primary, tracks, waiting ones
    primaries: Shaped[np.ndarray, " primaries"]  # of type PRIMARY
    numbers: Float[np.ndarray, "primaries columns"]  # the same memory, where columns are float
    present: Integer[np.ndarray, " 3"]  # kind, track and parent of what is followed
    waiting: Float[np.ndarray, "waiting 7"]  # states of the particles that wait
    waiting_info: Integer[np.ndarray, "waiting 3"]  # their kinds, tracks and parents


def new_recorder(primaries: int, layers: int, rows: int) -> Recorder:
    """Returns empty buffers for some primaries and rows of hits."""
    unknown = np.full(primaries, -1, PRIMARY)
    return Recorder(
        hits=np.empty(rows, HIT),
        row_of_layer=np.full(layers, -1),
        counts=np.zeros(4, np.int64),
        primaries=unknown,
        numbers=unknown.view("f4").reshape(primaries, -1),
        present=np.array([PROTON, 1, 0]),
        waiting=np.empty((WAITING, 7)),
        waiting_info=np.empty((WAITING, 3), np.int64),
    )


@compiled
def deposit(recorder: Recorder, layer: int, x: float, y: float, energy: float) -> None:
    """Adds an energy in MeV to the row of the track in a layer (-1: none); the first place counts.

    When the buffer is full, rows are counted but not written.
    """
    if layer < 0 or energy <= 0.0:
        return
    row = recorder.row_of_layer[layer]
    if row < 0:
        row = recorder.counts[ROWS]
        recorder.counts[ROWS] += 1
        recorder.row_of_layer[layer] = row
        if row < len(recorder.hits):
            hit = recorder.hits[row]
            hit["posX"] = x
            hit["posY"] = y
            hit["edep"] = 0.0
            hit["eventID"] = recorder.primaries[recorder.counts[PRIMARY_ROW]]["eventID"]
            hit["trackID"] = recorder.present[TRACK]
            hit["parentID"] = recorder.present[PARENT]
            hit["level1ID"] = layer
            hit["pdg"] = PDG[recorder.present[KIND]]
    if row < len(recorder.hits):
        recorder.hits[row]["edep"] += energy


@compiled
def release(
    recorder: Recorder,
    origin: np.ndarray,
    kind: int,
    energy: float,
    cosine: float,
    aside: float,
    upwards: float,
) -> None:
    """Lets a new particle wait at the place of another, turned as `point_along` does."""
    if recorder.counts[QUEUE] == WAITING:
        return
    place = recorder.counts[QUEUE]
    recorder.counts[QUEUE] += 1
    recorder.counts[TRACKS] += 1
    particle = recorder.waiting[place]
    particle[:] = origin
    particle[T] = energy
    point_along(particle, cosine, aside, upwards)
    recorder.waiting_info[place] = kind, recorder.counts[TRACKS], recorder.present[TRACK]


@inlined
def note_layer(recorder: Recorder, layer: int, particle: np.ndarray) -> None:
    """Notes with what energy the primary enters one of the first three layers, at first."""
    if recorder.present[TRACK] == 1 and layer < 3:
        numbers = recorder.numbers[recorder.counts[PRIMARY_ROW]]
        if numbers[_LAYERS + layer] < 0.0:
            numbers[_LAYERS + layer] = particle[T]


@compiled
def note_phantom(recorder: Recorder, left: int, entered: int, particle: np.ndarray) -> None:
    """Notes where the primary enters the phantom first and leaves it last."""
    if recorder.present[TRACK] != 1:
        return
    numbers = recorder.numbers[recorder.counts[PRIMARY_ROW]]
    if entered == PHANTOM and numbers[_ENTERS + T] < 0.0:
        numbers[_ENTERS : _ENTERS + 7] = particle
    elif left == PHANTOM:
        numbers[_LEAVES : _LEAVES + 7] = particle


def kind_of(charge: np.ndarray, nucleons: np.ndarray) -> np.ndarray:
    """Returns the kinds of nuclei of given charge and mass numbers; charge 0 means a photon."""
    kind = np.where(charge == 0, PHOTON, HEAVY)
    for (z, a), number in _LIGHT.items():
        kind[(charge == z) & (nucleons == a)] = number
    return kind
