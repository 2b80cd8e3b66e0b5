"""Nuclear interactions of protons: cross-sections, and samples of what comes out.

Drawn from Geant4 11.4: cross-sections of Barashenkov, Glauber and Gribov, elastic scattering of the
CHIPS model, inelastic reactions of the Binary Cascade. `python -m studies.reaction_tables` in the
repository makes the file.
"""

import dataclasses
import functools
import math
from collections.abc import Sequence
from importlib.resources import files

import numpy as np
from jaxtyping import Float, Integer

from trackscape.compiled import compiled
from trackscape.simulation.physics.kinematics import momentum_squared
from trackscape.simulation.setup.materials import ELEMENTS

_MILLIBARN = 6.02214076e-4  # cm²/mol


@dataclasses.dataclass(frozen=True, eq=False)
class NuclearData:
    """Elements with cross-sections; targets with sampled reactions or elastic scattering."""

    elements: tuple[str, ...]  # symbols of the elements with cross-sections
    energies: Float[np.ndarray, " energies"]  # of the cross-sections, MeV
    inelastic: Float[np.ndarray, "elements energies"]  # cross-section of an atom, mb
    elastic: Float[np.ndarray, "elements energies"]
    reaction_targets: tuple[str, ...]  # symbols of the targets with sampled reactions
    reaction_energies: Float[np.ndarray, " reaction_energies"]  # MeV
    reaction_offsets: Integer[np.ndarray, " reactions+1"]  # where their secondaries start
    secondary_charge: Integer[np.ndarray, " secondaries"]  # 0 for photons; neutrons are left out
    secondary_mass: Integer[np.ndarray, " secondaries"]  # mass number
    secondary_energy: Float[np.ndarray, " secondaries"]  # MeV
    secondary_theta: Float[np.ndarray, " secondaries"]  # angle to the proton, rad
    secondary_phi: Float[np.ndarray, " secondaries"]  # azimuth about the proton, rad
    elastic_targets: tuple[str, ...]  # symbols of the targets with sampled elastic scattering
    elastic_energies: Float[np.ndarray, " elastic_energies"]  # MeV
    elastic_probabilities: Float[np.ndarray, " quantiles"]  # 0 to 1
    elastic_loss: Float[np.ndarray, "elastic_targets elastic_energies quantiles"]  # MeV

    def cross_sections(
        self, log_energy: Float[np.ndarray, " points"]
    ) -> tuple[Float[np.ndarray, "elements points"], Float[np.ndarray, "elements points"]]:
        """Returns inelastic and elastic cross-sections in cm²/mol at ln of energies in MeV.

        Linear in ln T; none below the first energy, and constant above the last. Hydrogen only
        scatters: the pions that it could make above 280 MeV are left out.
        """
        grid = np.log(self.energies)
        inelastic, elastic = (
            _MILLIBARN * np.stack([np.interp(log_energy, grid, row, left=0.0) for row in table])
            for table in (self.inelastic, self.elastic)
        )
        inelastic[self.elements.index("H")] = 0.0
        return inelastic, elastic


def nearest_elements(
    symbols: Sequence[str], known: Sequence[str]
) -> Integer[np.ndarray, " symbols"]:
    """Returns for each element the place of the known one that is nearest in charge number."""
    charge, others = (
        np.array([ELEMENTS[symbol].number for symbol in group]) for group in (symbols, known)
    )
    return np.abs(charge[:, None] - others).argmin(axis=1)


@functools.cache
def load_nuclear_data() -> NuclearData:
    """Returns the shipped cross-sections and reactions."""
    path = files("trackscape.simulation").joinpath("tables/reactions.npz")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        arrays = {field.name: archive[field.name] for field in dataclasses.fields(NuclearData)}
    for name in ("elements", "reaction_targets", "elastic_targets"):
        arrays[name] = tuple(arrays[name].tolist())
    return NuclearData(**arrays)


@compiled
def elastic_angles(energy: float, loss: float, mass: float, target: float) -> tuple[float, float]:
    """Returns the cosines of the angles of proton and recoil after elastic scattering.

    From momentum conservation: cos θ = (p² + p'² − q²) / 2pp' for the particle, which loses between
    0 and its energy, and (p² + q² − p'²) / 2pq for the target, a nucleus at rest. All in MeV.
    """
    before = momentum_squared(energy, mass)
    after = momentum_squared(energy - loss, mass)
    recoil = momentum_squared(loss, target)
    scattered = 1.0
    if after > 0.0:
        scattered = (before + after - recoil) / (2.0 * math.sqrt(before * after))
    aside = 0.0
    if recoil > 0.0:
        aside = (before + recoil - after) / (2.0 * math.sqrt(before * recoil))
    return min(max(scattered, -1.0), 1.0), min(max(aside, -1.0), 1.0)
