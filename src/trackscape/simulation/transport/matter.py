"""Materials -> the arrays that a step looks up.

All tables share one axis: proton energies equally spaced in ln T. Other charged particles use the
tables at the proton energy of the same velocity.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from trackscape.compiled import inlined
from trackscape.simulation.physics.electrons import production_threshold
from trackscape.simulation.physics.nuclear import NuclearData, nearest_elements
from trackscape.simulation.physics.scattering import FINE_STRUCTURE, screening_of_element
from trackscape.simulation.physics.stopping import mass_stopping_power
from trackscape.simulation.setup.detector import Detector, Slab
from trackscape.simulation.setup.materials import ELEMENTS, Material

LOWEST, HIGHEST = 0.01, 1e4
"""Energies in MeV where the tables end. A proton below has less than 0.2 µm of silicon to go and
stops; one of the highest energy is as fast as an electron of 5.4 MeV."""
POINTS = 1600
_START = math.log(LOWEST)
_STEP = (math.log(HIGHEST) - _START) / (POINTS - 1)
LOG_ENERGY: Float[np.ndarray, " points"] = _START + _STEP * np.arange(POINTS)
"""Logarithms of the energies in MeV."""
_FOIL = 0.15  # mm; passive slabs thinner than this are taken together with their neighbours

Mixture = Sequence[tuple[Material, float]]
"""Materials and their fractions of the mass."""


class Matter(NamedTuple):
    """What a step needs to know of each mixture; means over nuclei are weighted with w Z²/A."""

    density: Float[np.ndarray, " mixtures"]  # g/cm³
    electrons: Float[np.ndarray, " mixtures"]  # Z/A in mol/g
    nuclei: Float[np.ndarray, " mixtures"]  # strength with which they scatter, Σ w Z²/A in mol/g
    screening: Float[np.ndarray, " mixtures"]  # screening constant in (MeV/c)², geometric mean
    coupling: Float[np.ndarray, " mixtures"]  # mean (αZ)²
    radius_squared: Float[np.ndarray, " mixtures"]  # of the nuclei, mean in (c/MeV)²
    excitation: Float[np.ndarray, " mixtures"]  # mean excitation energy in MeV
    cut: Float[np.ndarray, " mixtures"]  # MeV; electrons knocked out above it are followed
    straggling_cut: Float[np.ndarray, " mixtures"]  # MeV, see `straggling_variance`; inf: none
    range: Float[np.ndarray, "mixtures points"]  # CSDA range in g/cm²
    log_range: Float[np.ndarray, "mixtures points"]
    stopping: Float[np.ndarray, "mixtures points"]  # S/ρ in MeV cm²/g
    atoms: Float[np.ndarray, "mixtures elements"]  # of the nuclear tables, mol/g
    nuclear: Float[np.ndarray, "mixtures points"]  # elastic and inelastic reactions, cm²/g


class Plate(NamedTuple):
    """A slab of the detector, or several that are taken together."""

    mixture: Mixture
    density: float  # g/cm³
    thickness: float  # mm
    layer: int  # -1 if it is not sensitive


def merge_foils(detector: Detector) -> list[Plate]:
    """Takes neighbouring foils of cables and glue together: fewer steps, as much matter."""
    groups: list[tuple[list[Slab], int]] = []
    merging = False
    for slab, layer in zip(detector.slabs, detector.layer_of_slab.tolist(), strict=True):
        thin = layer < 0 and slab.thickness < _FOIL
        if thin and merging:
            groups[-1][0].append(slab)
        else:
            groups.append(([slab], layer))
        merging = thin
    return [_plate(slabs, layer) for slabs, layer in groups]


def _plate(slabs: list[Slab], layer: int) -> Plate:
    thickness = sum(slab.thickness for slab in slabs)
    mass = sum(slab.thickness * slab.material.density for slab in slabs)
    fractions: dict[Material, float] = {}
    for slab in slabs:
        share = slab.thickness * slab.material.density / mass
        fractions[slab.material] = fractions.get(slab.material, 0.0) + share
    return Plate(list(fractions.items()), mass / thickness, thickness, layer)


def tabulate_matter(
    mixtures: Sequence[Mixture], densities: Sequence[float], nuclear: NuclearData, *, model: str
) -> Matter:
    """Returns the tables of mixtures with densities in g/cm³; the model is one of `Setup`."""
    atoms = np.stack([_atoms(mixture, nuclear.elements) for mixture in mixtures])
    inelastic, elastic = nuclear.cross_sections(LOG_ENERGY)
    means = np.array([_scattering_means(mixture, model) for mixture in mixtures]).T
    nuclei, screening, coupling, radius_squared = (row.copy() for row in means)
    stopping = np.stack([_stopping(mixture) for mixture in mixtures])
    cut = np.array([_mean(mixture, production_threshold) for mixture in mixtures])
    lengths = np.stack([_range(power) for power in stopping])
    return Matter(
        density=np.array(densities),
        electrons=np.array([_mean(m, lambda x: x.charge_per_mass) for m in mixtures]),
        nuclei=nuclei,
        screening=screening,
        coupling=coupling,
        radius_squared=radius_squared,
        excitation=np.array([1e-6 * _mean(m, lambda x: x.excitation_energy) for m in mixtures]),
        cut=cut,
        straggling_cut=cut if model == "geant4" else np.full(len(mixtures), math.inf),
        range=lengths,
        log_range=np.log(lengths),
        stopping=stopping,
        atoms=atoms,
        nuclear=atoms @ (inelastic + elastic),
    )


def _mean(mixture: Mixture, of: Callable[[Material], float]) -> float:
    return sum(fraction * of(material) for material, fraction in mixture)


def _stopping(mixture: Mixture) -> np.ndarray:
    """Returns S/ρ at all energies by Bragg's additivity."""
    energy = torch.from_numpy(np.exp(LOG_ENERGY).clip(LOWEST, HIGHEST))
    powers = [fraction * mass_stopping_power(material, energy) for material, fraction in mixture]
    return torch.stack(powers).sum(0).numpy()


def _range(stopping: np.ndarray) -> np.ndarray:
    """Returns R(T) = ∫ T/S dlnT; below the table S rises like the root of T."""
    per_log = np.exp(LOG_ENERGY) / stopping
    return 2.0 * per_log[0] + CubicSpline(LOG_ENERGY, per_log).antiderivative()(LOG_ENERGY)


def _elements(mixture: Mixture) -> list[tuple[str, float]]:
    return [
        (symbol, fraction * part)
        for material, fraction in mixture
        for symbol, part in material.fractions.items()
    ]


def _atoms(mixture: Mixture, elements: Sequence[str]) -> np.ndarray:
    """Returns mol/g of the elements; one without nuclear data is as much mass of its neighbour."""
    symbols, fractions = zip(*_elements(mixture), strict=True)
    atoms = np.zeros(len(elements))
    neighbours: list[int] = nearest_elements(symbols, elements).tolist()
    for nearest, fraction in zip(neighbours, fractions, strict=True):
        atoms[nearest] += fraction / ELEMENTS[elements[nearest]].mass
    return atoms


def _scattering_means(mixture: Mixture, model: str) -> tuple[float, float, float, float]:
    symbols, fractions = zip(*_elements(mixture), strict=True)
    charge = np.array([ELEMENTS[symbol].number for symbol in symbols], dtype=float)
    mass = np.array([ELEMENTS[symbol].mass for symbol in symbols])
    weight = np.array(fractions) * charge**2 / mass
    share = weight / weight.sum()
    screening = np.array([screening_of_element(int(z), model=model) for z in charge])
    radius = 1.27 * mass**0.27 / 197.327  # fm to c/MeV
    return (
        float(weight.sum()),
        math.exp(float(share @ np.log(screening))),
        float(share @ (FINE_STRUCTURE * charge) ** 2),
        float(share @ radius**2),
    )


@inlined
def find_energy(energy: float) -> tuple[int, float]:
    """Returns the interval of the tables, and the part of it below an energy in MeV.

    Energies beyond the tables count as their ends.
    """
    place = (math.log(energy) - _START) / _STEP
    left = min(max(int(place), 0), POINTS - 2)
    return left, min(max(place - left, 0.0), 1.0)


@inlined
def read(table: np.ndarray, left: int, part: float) -> float:
    """Returns the value of a table at a place that `find_energy` gave: linear in ln T."""
    return table[left] + part * (table[left + 1] - table[left])


@inlined
def energy_after(
    matter: Matter, material: int, energy: float, left: int, part: float, thickness: float
) -> float:
    """Returns the mean energy of a proton behind g/cm² of matter, 0 if it stops.

    Thin matter: S at the middle of the loss. Thick matter: R⁻¹(R(T) − t), where R is a power of T
    between the points of the table, inverted exactly.
    """
    table = matter.stopping[material]
    power = read(table, left, part)
    loss = thickness * power
    if loss < 0.02 * energy:
        slope = (table[left + 1] - table[left]) / (_STEP * energy)
        return energy - thickness * (power - 0.5 * loss * slope)
    table = matter.log_range[material]
    length = math.exp(read(table, left, part)) - thickness
    if length <= 0.0:
        return 0.0
    goal = math.log(length)
    if goal <= table[0]:
        return 0.0
    while table[left] > goal:
        left -= 1
    part = (goal - table[left]) / (table[left + 1] - table[left])
    return math.exp(_START + _STEP * (left + part))
