"""Electrons that charged particles and photons knock out. Energies in MeV."""

import math

from trackscape.compiled import compiled, inlined
from trackscape.simulation.physics.kinematics import (
    ELECTRON_MASS,
    PROTON_MASS,
    beta_squared,
    largest_transfer,
    momentum_squared,
)
from trackscape.simulation.physics.random_streams import Stream, uniform
from trackscape.simulation.physics.stopping import energy_of_range
from trackscape.simulation.physics.straggling import BOHR_CONSTANT
from trackscape.simulation.setup.materials import Material

_RANGE_CUT = 0.07  # cm, Geant4's default: electrons that would go less far are not followed
_LEAST, _MOST = 1e-3, 1.0  # MeV; thresholds beyond these are never asked for
KLEIN_NISHINA_CONSTANT = BOHR_CONSTANT / ELECTRON_MASS
"""2π N_A r_e² in cm²/mol."""


def production_threshold(material: Material) -> float:
    """Returns the energy in MeV at which an electron can go 0.7 mm, Geant4's default range cut.

    Electrons are taken to lose as much as protons of the same velocity, so their range is that of
    the proton times m_e/m_p; 1.2 times as much path as range cut agrees with the thresholds that
    Geant4 prints for water (0.352 MeV) and aluminium (0.597 MeV) within a tenth. At least 1 keV;
    infinite above 1 MeV, which no proton of a medical beam can transfer.
    """
    ratio = ELECTRON_MASS / PROTON_MASS
    length = 1.2 * material.density * _RANGE_CUT
    energy = ratio * float(energy_of_range(material, length / ratio))
    return max(energy, _LEAST) if energy < _MOST else math.inf


@inlined
def knocked_out(energy: float, mass: float, charge: float, electrons: float, cut: float) -> float:
    """Returns how many electrons above an energy a heavier particle knocks out on average.

    n = ξ [1/T_c − 1/W − β²/W ln(W/T_c)] with ξ = 0.1535 (Z/A) t z²/β²: the Rutherford cross-section
    with the factor 1 − β²T/W, without the small term of the spin (Particle Data Group).

    Arguments:
        energy: Kinetic energy of the particle in MeV.
        mass: Its mass in MeV.
        charge: Its charge number.
        electrons: (Z/A) t of the matter in mol/cm².
        cut: T_c in MeV.
    """
    largest = largest_transfer(energy, mass)
    if largest <= cut:
        return 0.0
    square = beta_squared(energy, mass)
    shape = 1.0 / cut - 1.0 / largest - square / largest * math.log(largest / cut)
    return BOHR_CONSTANT * electrons * charge * charge / square * shape


@compiled
def knock_out(stream: Stream, energy: float, mass: float, cut: float) -> tuple[float, float]:
    """Returns energy in MeV and cosine of the angle of an electron that is knocked out.

    The energy lies between the cut and the largest transfer; the angle follows from the energies:
    cos θ = T (E + m_e) / (p p_e), E the total energy and p the momentum of the particle.

    Arguments:
        stream: Random numbers.
        energy: Kinetic energy of the particle in MeV.
        mass: Its mass in MeV.
        cut: Least energy of the electron in MeV, below the largest transfer.
    """
    largest = largest_transfer(energy, mass)
    square = beta_squared(energy, mass)
    while True:
        transfer = cut * largest / (largest - uniform(stream) * (largest - cut))
        if uniform(stream) < 1.0 - square * transfer / largest:
            break
    momenta = momentum_squared(energy, mass) * momentum_squared(transfer, ELECTRON_MASS)
    return transfer, min(1.0, transfer * (energy + mass + ELECTRON_MASS) / math.sqrt(momenta))


@inlined
def compton_cross_section(energy: float) -> float:
    """Returns the cross-section of Klein and Nishina in cm² for a mole of free electrons.

    From 1 keV on; far below, its terms cancel.

    Arguments:
        energy: Energy of the photon in MeV.
    """
    k = energy / ELECTRON_MASS
    width = 1.0 + 2.0 * k
    logarithm = math.log(width)
    return KLEIN_NISHINA_CONSTANT * (
        (1.0 + k) / (k * k) * (2.0 * (1.0 + k) / width - logarithm / k)
        + logarithm / (2.0 * k)
        - (1.0 + 3.0 * k) / (width * width)
    )


@compiled
def scatter_photon(stream: Stream, energy: float) -> tuple[float, float, float]:
    """Scatters a photon from an electron at rest.

    Returns energy in MeV and cosine of the angle of the photon after it, and the cosine of the
    angle of the electron, which goes to the other side. Sampled by the method of Butcher and Messel
    (Nucl. Phys. 20:15, 1960).

    Arguments:
        stream: Random numbers.
        energy: Energy of the photon before it in MeV.
    """
    k = energy / ELECTRON_MASS
    least = 1.0 / (1.0 + 2.0 * k)
    flat, rising = -math.log(least), 0.5 * (1.0 - least * least)
    while True:
        if uniform(stream) * (flat + rising) < flat:
            share = math.exp(-flat * uniform(stream))
        else:
            share = math.sqrt(least * least + (1.0 - least * least) * uniform(stream))
        away = (1.0 - share) / (k * share)  # 1 − cos θ
        if uniform(stream) < 1.0 - share * away * (2.0 - away) / (1.0 + share * share):
            break
    momentum = math.sqrt(momentum_squared(energy * (1.0 - share), ELECTRON_MASS))
    aside = (energy - share * energy * (1.0 - away)) / max(momentum, 1e-9)
    return share * energy, 1.0 - away, min(max(aside, -1.0), 1.0)
