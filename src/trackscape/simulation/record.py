"""What an engine is asked for, made from words of the command line, and what it gives back."""

import dataclasses
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Integer, Shaped

from trackscape.errors import ConfigError
from trackscape.formats.layers import N_TRACKERS
from trackscape.simulation.setup.beam import Beam, Plan, parse_beam, read_plan, single_spot
from trackscape.simulation.setup.detector import Detector, load_detector
from trackscape.simulation.setup.phantom import Phantom
from trackscape.simulation.setup.phantom_files import parse_phantom

HIT = np.dtype(
    [(name, "f4") for name in ("posX", "posY", "posZ", "edep")]
    + [(name, "i4") for name in ("eventID", "trackID", "parentID", "level1ID", "level2ID", "pdg")]
)
"""A row for each particle and sensitive layer in which it deposited energy; mm and MeV."""

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
leaves the phantom, its energy where it enters the first three sensitive layers, where it ended, its
fate, and its energy at the source. What was never reached is -1."""

INELASTIC, STOPPED, LEFT, OTHER = 1, 2, 3, 9
"""Fates: lost in a nuclear reaction, stopped, left the world, something else."""

_CondensedHistory = Literal["geant4", "theory"]


@dataclasses.dataclass(frozen=True)
class Setup:
    """Everything that an engine needs to know."""

    detector: Detector
    """Stack of slabs that is hit."""
    phantom: Phantom
    """Object in the beam, at its angle."""
    beam: Beam
    """Pencil beam."""
    plan: Plan
    """Spots that the beam scans."""
    condensed_history: _CondensedHistory = "geant4"
    """Model of how the fast engine takes small collisions together. "geant4" does what Geant4 does
    with its default range cut: losses straggle wider where electrons are cut
    (`straggling_variance`), light elements scatter a little less (`screening_of_element`), and a
    step that ends at a border turns the proton without displacing it. "theory" has Bohr's
    straggling, Molière's screening, and a displacement in every step."""


@dataclasses.dataclass(frozen=True, eq=False)
class Chunk:
    """Some of the primaries, in order, and all that they left behind."""

    hits: Shaped[np.ndarray, " hits"]
    """Rows of hits, of type HIT, ordered by event."""
    primaries: Shaped[np.ndarray, " primaries"]
    """Rows of primaries, of type PRIMARY, ordered by event."""


Engine = Callable[[Setup, int, int], Generator[Chunk, None, None]]
"""Setup, number of primaries, seed -> chunks in the order of the events."""


def number_volumes(hits: Shaped[np.ndarray, " hits"], layer: Integer[np.ndarray, " hits"]) -> None:
    """Fills in the published numbers of volumes: trackers are of level 1, all others of level 2."""
    hits["level1ID"] = np.where(layer < N_TRACKERS, layer, 0)
    hits["level2ID"] = np.where(layer < N_TRACKERS, -1, layer - N_TRACKERS)


def make_setup(
    *,
    detector: str = "bergen-auto",
    phantom: str = "water:100",
    beam: str = "",
    plan: Path | None = None,
    angle: float = 0.0,
    condensed_history: str = "geant4",
) -> Setup:
    """Returns the setup that a few words describe.

    Arguments:
        detector: Shipped variant or YAML file, see `load_detector`.
        phantom: Such as "water:100" or a voxel file, see `parse_phantom`.
        beam: Such as "energy=200,spot=3": per cent, mm, mrad and MeV, see `Beam`.
        plan: CSV file of spots; one spot on the axis by default.
        angle: Rotation of the phantom about the vertical axis in rad.
        condensed_history: "geant4" or "theory", see `Setup`.

    Raises:
        ConfigError: Something is impossible.
        FormatError: A file cannot be read.

    Example:
        >>> make_setup(phantom="water:150").phantom.depth
        (-75.0, 75.0)
    """
    if condensed_history not in ("geant4", "theory"):
        raise ConfigError(
            f"Expected the condensed history geant4 or theory, but got {condensed_history!r}."
        )
    pencil = parse_beam(beam)
    return Setup(
        detector=load_detector(detector),
        phantom=parse_phantom(phantom, angle=angle),
        beam=pencil,
        plan=single_spot(pencil) if plan is None else read_plan(plan, pencil),
        condensed_history=condensed_history,
    )
