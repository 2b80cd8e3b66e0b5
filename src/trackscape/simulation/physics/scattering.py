"""Multiple Coulomb scattering: many small deflections as one Gaussian, the rare large ones singly.

A charge z with momentum p and velocity β that crosses t g/cm² of a pure element is deflected by its
screened nuclei by more than an angle θ in space this many times on average:

    N(>θ) = χ² / (θ² + χ_a²),   χ² = 0.1569 t (Z²/A) (z / pv)²,   θ² ≡ 2 (1 − cos θ)

with Molière's screening angle χ_a² = 2.007e-5 Z^(2/3) [1 + 3.34 (αZz/β)²] / p² (p in MeV/c).
Electrons add the same law with Z instead of Z², but no deflection above m_e/M. Deflections below a
limit θ_c are so many that their sum is Gaussian, and everything about them follows from

    <θ²> = χ² [ln(1 + θ_c²/χ_a²) − θ_c²/(θ_c² + χ_a²)].

The limit is chosen such that half a deflection above it is expected; these are drawn singly,
weakened by the finite size of the nucleus. So the variance of a sum of steps does not depend on how
many there are, which is not true of Highland's formula, and tails are those of single scattering
(the idea of Fernández-Varea et al., Nucl. Instrum. Meth. B 73:447, 1993). `highland` serves as a
check.
"""

import math

from trackscape.compiled import compiled, inlined
from trackscape.simulation.physics.kinematics import (
    ELECTRON_MASS,
    beta_squared,
    momentum_squared,
    momentum_velocity,
)

RUTHERFORD_CONSTANT = 0.156915
"""4π N_A (α ħ c)² in MeV² cm²/mol."""
FINE_STRUCTURE = 1.0 / 137.035999
SCREENING_CONSTANT = 2.007e-5
"""Screening constant of hydrogen in (MeV/c)²: 1.13 (α m_e / 0.885)² (Lynch and Dahl, Nucl. Instrum.
Meth. B 58:6, 1991)."""


def screening_of_element(number: int, *, model: str) -> float:
    """Returns the screening constant of an element in (MeV/c)², 2.007e-5 Z^(2/3) f(Z).

    Molière has f = 1. Geant4 11 (G4WentzelOKandVIxSection, after Butkevich et al., Nucl. Instrum.
    Meth. A 488:282, 2002) has f = 1 + exp(−Z²/1000) beyond hydrogen, so that light elements scatter
    protons about 3 % less in the core of the distribution.

    Arguments:
        number: Charge number Z.
        model: "theory" for Molière's, "geant4" for Geant4's.
    """
    factor = 1.0 + math.exp(-0.001 * number**2) if model == "geant4" and number > 1 else 1.0
    return SCREENING_CONSTANT * number ** (2.0 / 3.0) * factor


@compiled
def highland(energy: float, mass: float, thickness: float, radiation_length: float) -> float:
    """Returns Highland's width of the angle in a plane, in rad.

    θ0 = 13.6 MeV / pv · √(x/X0) · [1 + 0.038 ln(x / (X0 β²))], good to 11 % for 1e-3 < x/X0 < 100
    (Particle Data Group). For charge 1. Not additive: evaluate it for the whole thickness at once.

    Arguments:
        energy: Kinetic energy in MeV.
        mass: Mass in MeV.
        thickness: Mass thickness x in g/cm².
        radiation_length: X0 in g/cm².
    """
    share = thickness / radiation_length
    logarithm = 1.0 + 0.038 * math.log(share / beta_squared(energy, mass))
    return 13.6 / momentum_velocity(energy, mass) * math.sqrt(share) * logarithm


@inlined
def scattering_strength(before: float, after: float, mass: float, charge: float) -> float:
    """Returns 0.1569 (z/pv)²: χ² in rad² for each g/cm² and unit of Z²/A.

    Arguments:
        before: Kinetic energy in MeV at the beginning of the step.
        after: The same at its end; pv is the geometric mean of both.
        mass: Mass in MeV.
        charge: Charge number.
    """
    return (
        RUTHERFORD_CONSTANT
        * charge
        * charge
        / (momentum_velocity(before, mass) * momentum_velocity(after, mass))
    )


@inlined
def screening_angle_squared(
    energy: float, mass: float, charge: float, screening: float, charge_squared: float
) -> float:
    """Returns Molière's screening angle squared, χ_a², in rad².

    Arguments:
        energy: Kinetic energy in MeV.
        mass: Mass in MeV.
        charge: Charge number of the particle.
        screening: 2.007e-5 Z^(2/3) of the matter, in (MeV/c)².
        charge_squared: (αZ)² of the matter.
    """
    shift = 3.34 * charge_squared * charge * charge / beta_squared(energy, mass)
    return screening * (1.0 + shift) / momentum_squared(energy, mass)


@inlined
def soft_variance(
    nuclei: float, electrons: float, screening: float, limit: float, mass: float
) -> float:
    """Returns <θ²> of all deflections below a limit: two times the variance in a plane, in rad².

    Arguments:
        nuclei: χ² of the nuclei in rad².
        electrons: χ² of the electrons in rad², which deflect by m_e/M at most.
        screening: χ_a² in rad².
        limit: θ_c² in rad².
        mass: Mass M of the particle in MeV.
    """
    largest = (ELECTRON_MASS / mass) ** 2
    return nuclei * _logarithm(limit / screening) + electrons * _logarithm(
        min(limit, largest) / screening
    )


@inlined
def _logarithm(ratio: float) -> float:
    return math.log(1.0 + ratio) - ratio / (1.0 + ratio)


@inlined
def form_factor_squared(transfer_squared: float, radius_squared: float) -> float:
    """Returns the squared form factor of a nucleus, (1 + q²R²/12)⁻⁴.

    Arguments:
        transfer_squared: q² in (MeV/c)².
        radius_squared: R² in (c/MeV)², with R = 1.27 A^0.27 fm (Geant4 Physics Reference Manual,
            single scattering, exponential form factor).
    """
    amplitude = 1.0 + transfer_squared * radius_squared / 12.0
    return 1.0 / (amplitude * amplitude * amplitude * amplitude)
