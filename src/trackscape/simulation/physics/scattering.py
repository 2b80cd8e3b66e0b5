"""Multiple Coulomb scattering: many small deflections as one Gaussian, the rare large ones singly.

A charge z with momentum p and velocity β that crosses t g/cm² of a pure element is deflected by its
screened nuclei by more than an angle θ in space this many times on average:

    N(>θ) = χ² / (θ² + χ_a²),   χ² = 0.1569 t (Z²/A) (z / pv)²,   θ² ≡ 2 (1 − cos θ)

with Molière's screening angle χ_a² = 2.007e-5 Z^(2/3) [1 + 3.34 (αZz/β)²] / p² (p in MeV/c).
Electrons add the same law with Z instead of Z², but no deflection above m_e/M. Deflections below a
limit θ_c are so many that their sum is Gaussian, and everything about them follows from

    <θ²> = χ² [ln(1 + θ_c²/χ_a²) − θ_c²/(θ_c² + χ_a²)].

The limit is chosen such that half a deflection above it is expected; these are drawn singly,
weakened by the finite size of the nucleus. So, unlike in Highland's formula, the variance of a sum
of steps does not depend on how many there are, and tails are those of single scattering (the idea
of Fernández-Varea et al., Nucl. Instrum. Meth. B 73:447, 1993). Energies and masses are in MeV.
"""

import math

from trackscape.compiled import compiled, inlined
from trackscape.simulation.physics import kinematics

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
    protons about 3 % less in the core of the distribution. The model is "theory" or "geant4".
    """
    factor = 1.0 + math.exp(-0.001 * number**2) if model == "geant4" and number > 1 else 1.0
    return SCREENING_CONSTANT * number ** (2.0 / 3.0) * factor


@compiled
def highland(energy: float, mass: float, thickness: float, radiation_length: float) -> float:
    """Returns Highland's width of the angle in a plane, in rad.

    θ0 = 13.6 MeV / pv · √(x/X0) · [1 + 0.038 ln(x / (X0 β²))] for charge 1, x and X0 in g/cm²; good
    to 11 % for 1e-3 < x/X0 < 100 (Particle Data Group). Not additive.
    """
    share = thickness / radiation_length
    logarithm = 1.0 + 0.038 * math.log(share / kinematics.beta_squared(energy, mass))
    return 13.6 / kinematics.momentum_velocity(energy, mass) * math.sqrt(share) * logarithm


@inlined
def scattering_strength(before: float, after: float, mass: float, charge: float) -> float:
    """Returns 0.1569 (z/pv)²: χ² in rad² for each g/cm² and unit of Z²/A.

    For pv stands the geometric mean of its values before and after the step.
    """
    squared = kinematics.momentum_velocity(before, mass) * kinematics.momentum_velocity(after, mass)
    return RUTHERFORD_CONSTANT * charge * charge / squared


@inlined
def screening_angle_squared(
    energy: float, mass: float, charge: float, screening: float, charge_squared: float
) -> float:
    """Returns Molière's screening angle squared, χ_a², in rad².

    The matter has the screening constant 2.007e-5 Z^(2/3) in (MeV/c)², and (αZ)² squared charge.
    """
    shift = 3.34 * charge_squared * charge * charge / kinematics.beta_squared(energy, mass)
    return screening * (1.0 + shift) / kinematics.momentum_squared(energy, mass)


@inlined
def soft_variance(
    nuclei: float, electrons: float, screening: float, limit: float, mass: float
) -> float:
    """Returns <θ²> of all deflections below a limit: two times the variance in a plane.

    Of χ² of nuclei and of electrons, which deflect by m_e/M at most, χ_a² and θ_c²; all in rad².
    """
    largest = (kinematics.ELECTRON_MASS / mass) ** 2
    return nuclei * _logarithm(limit / screening) + electrons * _logarithm(
        min(limit, largest) / screening
    )


@inlined
def _logarithm(ratio: float) -> float:
    return math.log(1.0 + ratio) - ratio / (1.0 + ratio)


@inlined
def form_factor_squared(transfer_squared: float, radius_squared: float) -> float:
    """Returns the squared form factor of a nucleus, (1 + q²R²/12)⁻⁴, from q² in (MeV/c)².

    With R = 1.27 A^0.27 fm (Geant4 Physics Reference Manual, exponential form factor).
    """
    amplitude = 1.0 + transfer_squared * radius_squared / 12.0
    return 1.0 / (amplitude * amplitude * amplitude * amplitude)
