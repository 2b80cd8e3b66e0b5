"""What an engine is asked for, and what it gives back."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np

from trackscape.simulation.beam import Beam, Plan
from trackscape.simulation.detector import Detector
from trackscape.simulation.phantoms import Phantom

HIT = np.dtype(
    [(name, "f4") for name in ("posX", "posY", "posZ", "edep")]
    + [(name, "i4") for name in ("eventID", "trackID", "parentID", "level1ID", "level2ID", "pdg")]
)
"""A row for each particle and sensitive layer in which it deposited energy; mm and MeV."""

SPOT = np.dtype([("spotX", "f4"), ("spotY", "f4")])
"""What is added to HIT where a plan has several spots: the spot at the isocentre in mm."""

PRIMARY = np.dtype(
    [("eventID", "i4")]
    + [
        (f"{face}_{quantity}", "f4")
        for face in ("in", "out")
        for quantity in ("x", "y", "z", "dx", "dy", "dz", "ekin")
    ]
    + [(f"ekin_layer{layer}", "f4") for layer in range(3)]
    + [(f"end_{axis}", "f4") for axis in "xyz"]
    + [("fate", "i4"), ("beam_ekin", "f4")]
)
"""A row for each primary: position in mm, direction and kinetic energy in MeV where it enters and
leaves the phantom, its energy where it enters the first three sensitive layers (-1: never reached),
where it ended, its fate, and its energy at the source. What was never reached is -1."""

INELASTIC, STOPPED, LEFT, OTHER = 1, 2, 3, 9
"""Fates: lost in a nuclear reaction, stopped, left the world, something else."""


Law = Literal["geant4", "theory"]


@dataclasses.dataclass(frozen=True)
class Setup:
    """Everything that an engine needs to know."""

    detector: Detector
    phantom: Phantom
    beam: Beam
    plan: Plan
    law: Law = "geant4"
    """Which condensed history the fast engine follows. "geant4" does what Geant4 does with its
    default range cut, with three peculiarities: losses straggle wider where electrons are cut
    (`straggling_variance`), light elements scatter a little less (`screening_of_element`), and a
    step that ends at a border turns the proton without displacing it. "theory" has Bohr's
    straggling, Molière's screening, and a displacement in every step."""


@dataclasses.dataclass(frozen=True, eq=False)
class Chunk:
    """Some of the primaries, in order, and all that they left behind."""

    hits: np.ndarray
    """(H,) of type HIT, ordered by event."""
    primaries: np.ndarray
    """(P,) of type PRIMARY, ordered by event."""


Engine = Callable[[Setup, int, int], Iterator[Chunk]]
"""Setup, number of primaries, seed -> chunks in the order of the events."""
