"""Nuclear interactions of protons: cross-sections, and samples of what comes out.

Both were drawn from Geant4 11.4: cross-sections of Barashenkov, Glauber and Gribov, elastic
scattering of the CHIPS model, inelastic reactions of the Binary Cascade.
`python -m studies.reaction_tables` in the repository makes the file.
"""

import dataclasses
import functools
import math
from importlib.resources import files

import numpy as np

from trackscape.compiled import compiled
from trackscape.simulation.physics.kinematics import momentum_squared

_MILLIBARN = 6.02214076e-4  # cm²/mol


@dataclasses.dataclass(frozen=True, eq=False)
class NuclearData:
    """E elements with cross-sections; T targets with R sampled reactions at each of K energies."""

    elements: tuple[str, ...]
    """Symbols of the elements with cross-sections."""
    energies: np.ndarray
    """Energies of the cross-sections, (N,) in MeV."""
    inelastic: np.ndarray
    """Inelastic cross-sections of an atom, (E, N) in mb."""
    elastic: np.ndarray
    """Elastic cross-sections of an atom, (E, N) in mb."""
    reaction_targets: tuple[str, ...]
    """Symbols of the targets with sampled reactions."""
    reaction_energies: np.ndarray
    """Energies of the sampled reactions, (K,) in MeV."""
    reaction_offsets: np.ndarray
    """Place where the secondaries of each reaction start, (T·K·R + 1,)."""
    secondary_charge: np.ndarray
    """Charge number of each nucleus that comes out, (S,); 0 for photons, without neutrons."""
    secondary_mass: np.ndarray
    """Mass number of each nucleus that comes out, (S,); 0 for photons."""
    secondary_energy: np.ndarray
    """Kinetic energy of each secondary, (S,) in MeV."""
    secondary_theta: np.ndarray
    """Angle of each secondary to the proton, (S,) in rad."""
    secondary_phi: np.ndarray
    """Azimuth of each secondary about the proton in the frame of its reaction, (S,) in rad."""
    elastic_targets: tuple[str, ...]
    """Symbols of the targets with sampled elastic scattering."""
    elastic_energies: np.ndarray
    """Energies of the sampled elastic scattering, (L,) in MeV."""
    elastic_probabilities: np.ndarray
    """Probabilities of the quantiles, (Q,), from 0 to 1."""
    elastic_loss: np.ndarray
    """Quantiles of the energy that the nucleus takes from the proton, (targets, L, Q) in MeV."""

    def cross_sections(self, log_energy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns inelastic and elastic cross-sections, (E, P) in cm²/mol, at ln of energies (P,).

        Linear in ln T; none below the first energy, and constant above the last. Hydrogen only
        scatters: the pions that it could make above 280 MeV are left out.
        """

        def tabulate(table: np.ndarray) -> np.ndarray:
            grid = np.log(self.energies)
            rows = [np.interp(log_energy, grid, row, left=0.0) for row in table]
            return _MILLIBARN * np.stack(rows)

        inelastic = tabulate(self.inelastic)
        inelastic[self.elements.index("H")] = 0.0
        return inelastic, tabulate(self.elastic)


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

    From momentum conservation: cos θ = (p² + p'² − q²) / 2pp' for the scattered particle, and
    (p² + q² − p'²) / 2pq for the recoil with momentum q.

    Arguments:
        energy: Kinetic energy before, MeV.
        loss: Energy that goes to the nucleus at rest, MeV; between 0 and the energy.
        mass: Mass of the particle, MeV.
        target: Mass of the nucleus, MeV.
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
