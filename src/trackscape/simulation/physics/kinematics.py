"""Relativistic kinematics of a charged particle in matter. MeV, rad; speeds in units of c."""

from trackscape.compiled import inlined

PROTON_MASS = 938.27209
"""Mass of the proton in MeV (CODATA 2022)."""
ELECTRON_MASS = 0.51099895
"""Mass of the electron in MeV (CODATA 2022)."""


@inlined
def beta_squared(energy: float, mass: float) -> float:
    """Returns β² = T(T + 2m)/(T + m)² of a particle of kinetic energy T and mass m, in MeV."""
    total = energy + mass
    return energy * (energy + 2.0 * mass) / (total * total)


@inlined
def momentum_squared(energy: float, mass: float) -> float:
    """Returns p² = T(T + 2m) in (MeV/c)²."""
    return energy * (energy + 2.0 * mass)


@inlined
def momentum_velocity(energy: float, mass: float) -> float:
    """Returns pv = T(T + 2m)/(T + m) in MeV, what multiple scattering depends on."""
    return energy * (energy + 2.0 * mass) / (energy + mass)


@inlined
def largest_transfer(energy: float, mass: float) -> float:
    """Returns the largest energy in MeV that a free electron can get in one collision.

    W = 2 m_e β²γ² / (1 + 2γ m_e/m + (m_e/m)²), for particles heavier than the electron.
    """
    gamma = 1.0 + energy / mass
    ratio = ELECTRON_MASS / mass
    beta_gamma_squared = gamma * gamma - 1.0
    return 2.0 * ELECTRON_MASS * beta_gamma_squared / (1.0 + 2.0 * gamma * ratio + ratio * ratio)
