"""The kinds of particles, and what they leave behind: deposits, and particles that still wait."""

from typing import NamedTuple

import numpy as np

from trackscape.compiled import compiled, inlined
from trackscape.simulation.physics.kinematics import ELECTRON_MASS, PROTON_MASS
from trackscape.simulation.record import HIT, PRIMARY
from trackscape.simulation.transport.step import point_along
from trackscape.simulation.transport.world import PHANTOM, UX, UY, UZ, T, X, Y, Z

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


class Recorder(NamedTuple):
    """Buffers that compiled code writes to."""

    hits: np.ndarray
    """Rows of hits, (capacity,) of type HIT; level1ID holds the layer, posZ is not filled."""
    row_of_layer: np.ndarray
    """Row of the present track in each layer, (layers,); -1 where it deposited no energy."""
    counts: np.ndarray
    """Rows in use, row of the primary, tracks of the event, particles that wait; (4,) int64."""
    primaries: np.ndarray
    """Rows of primaries, (P,) of type PRIMARY."""
    waiting: np.ndarray
    """States of the particles that wait, (WAITING, 7)."""
    waiting_info: np.ndarray
    """Kind, track and parent of the particles that wait, (WAITING, 3) int64."""


def new_recorder(primaries: int, layers: int, rows: int) -> Recorder:
    """Returns empty buffers for some primaries and rows of hits."""
    unknown = np.empty(primaries, PRIMARY)
    for name in PRIMARY.names or ():
        unknown[name] = -1
    return Recorder(
        hits=np.empty(rows, HIT),
        row_of_layer=np.full(layers, -1),
        counts=np.zeros(4, np.int64),
        primaries=unknown,
        waiting=np.empty((WAITING, 7)),
        waiting_info=np.empty((WAITING, 3), np.int64),
    )


@compiled
def deposit(
    recorder: Recorder,
    track: int,
    parent: int,
    pdg: int,
    layer: int,
    x: float,
    y: float,
    energy: float,
) -> None:
    """Adds an energy in MeV to the row of a track and a layer; the first place in mm counts.

    Nothing is recorded outside of sensitive layers (layer < 0), nor an energy of 0. When the buffer
    is full, rows are counted but not written.
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
            hit["trackID"] = track
            hit["parentID"] = parent
            hit["level1ID"] = layer
            hit["pdg"] = pdg
    if row < len(recorder.hits):
        recorder.hits[row]["edep"] += energy


@compiled
def release(
    recorder: Recorder,
    origin: np.ndarray,
    kind: int,
    parent: int,
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
    recorder.waiting_info[place, 0] = kind
    recorder.waiting_info[place, 1] = recorder.counts[TRACKS]
    recorder.waiting_info[place, 2] = parent


@inlined
def note_layer(recorder: Recorder, track: int, layer: int, particle: np.ndarray) -> None:
    """Notes with what energy the primary enters one of the first three layers, at first."""
    if track != 1:
        return
    primary = recorder.primaries[recorder.counts[PRIMARY_ROW]]
    if layer == 0 and primary["ekin_layer0"] < 0.0:
        primary["ekin_layer0"] = particle[T]
    elif layer == 1 and primary["ekin_layer1"] < 0.0:
        primary["ekin_layer1"] = particle[T]
    elif layer == 2 and primary["ekin_layer2"] < 0.0:
        primary["ekin_layer2"] = particle[T]


@compiled
def note_phantom(
    recorder: Recorder, track: int, left: int, entered: int, particle: np.ndarray
) -> None:
    """Notes where the primary enters the phantom first and leaves it last."""
    if track != 1:
        return
    primary = recorder.primaries[recorder.counts[PRIMARY_ROW]]
    if entered == PHANTOM and primary["in_ekin"] < 0.0:
        primary["in_x"], primary["in_y"], primary["in_z"] = particle[X], particle[Y], particle[Z]
        primary["in_dx"], primary["in_dy"], primary["in_dz"] = (
            particle[UX],
            particle[UY],
            particle[UZ],
        )
        primary["in_ekin"] = particle[T]
    elif left == PHANTOM:
        primary["out_x"], primary["out_y"], primary["out_z"] = particle[X], particle[Y], particle[Z]
        primary["out_dx"], primary["out_dy"], primary["out_dz"] = (
            particle[UX],
            particle[UY],
            particle[UZ],
        )
        primary["out_ekin"] = particle[T]


def kind_of(charge: np.ndarray, nucleons: np.ndarray) -> np.ndarray:
    """Returns the numbers of nuclei of given charge and mass numbers; charge 0 means a photon."""
    kind = np.where(charge == 0, PHOTON, HEAVY)
    for (z, a), number in _LIGHT.items():
        kind[(charge == z) & (nucleons == a)] = number
    return kind
