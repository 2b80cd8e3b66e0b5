"""Masses and numbers of modes -> what one particle of each is like: radii, density, water."""

from typing import NamedTuple

from trackscape.emulation.m7 import constants as c
from trackscape.emulation.m7.columns import (
    FIRST_MASS,
    FIRST_NUMBER,
    KS,
    MODE_OF,
    N_MASSES,
    N_MODES,
    N_SOLUBLE,
    NS,
    RH,
    T,
)
from trackscape.emulation.m7.elementary import CellRows, Value, cube_root, formula, where
from trackscape.emulation.m7.growth import growth_factor
from trackscape.emulation.m7.salt_water import wet_by_salts

SPHERE = 4.1887902047863905
"""4π/3."""


class ModeParticles(NamedTuple):
    """CellRows with what the particles of each mode are like, and room for what leads there."""

    mean: CellRows
    """Mean content of a particle, (18): SO4 in molecules, others in g."""
    share: CellRows
    """One over the number in cm³, 0 where a mode is empty, (7)."""
    volume: CellRows
    """Dry volume in cm³, (7)."""
    mass: CellRows
    """Dry mass in g, (7)."""
    hygroscopic: CellRows
    """Sum of κ times volume in cm³, (7)."""
    dry: CellRows
    """Dry count median radius in cm, (7)."""
    wet: CellRows
    """Wet count median radius in cm, (7)."""
    density: CellRows
    """Density of a wet particle in g/cm³, (7)."""
    water: CellRows
    """Water in kg/m³ of air, (7)."""


@formula
def find_mode_particles(
    particles: ModeParticles, state: CellRows, forcing: CellRows, scheme: int, defects: bool
) -> None:
    """Fills in all rows; the scheme is 1 for κ, 0 for Zeleznik and ZSR."""
    find_volumes(particles, state)
    find_dry(particles)
    if scheme == 1:
        wet_by_kappa(particles, state, forcing)
    else:
        wet_by_salts(particles, state, forcing, defects)


@formula
def find_volumes(particles: ModeParticles, state: CellRows) -> None:
    """Fills in mean contents, and dry volumes and masses."""
    find_means(particles.mean, particles.share, state)
    volume, mass, hygroscopic = particles.volume, particles.mass, particles.hygroscopic
    nothing = 0 * particles.mean[0]
    for mode in range(N_MODES):
        volume[mode], mass[mode], hygroscopic[mode] = nothing, nothing, nothing
    for i in range(N_MASSES):
        mode = MODE_OF[i]
        grams = c.GRAMS[i] * particles.mean[i]
        mass[mode] = mass[mode] + grams
        size = grams * c.SPECIFIC_VOLUME[i]
        volume[mode] = volume[mode] + size
        hygroscopic[mode] = hygroscopic[mode] + c.KAPPA[i] * size


@formula
def find_means(mean: CellRows, share: CellRows, state: CellRows) -> None:
    """Fills in the mean content of a particle, 0 where a mode is empty.

    The share is that of one particle, one over the number. An empty nucleation mode has particles
    of the size of a critical cluster.
    """
    for mode in range(N_MODES):
        number = state[FIRST_NUMBER + mode]
        lives = number > c.LEAST_NUMBER
        share[mode] = where(lives, 1 + 0 * number, 0.0) / where(lives, number, 1.0)
    for i in range(N_MASSES):
        mass = state[FIRST_MASS + i]
        mean[i] = where(mass > c.LEAST_MASS, c.PER_PARTICLE[i] * mass * share[MODE_OF[i]], 0.0)
    mean[NS] = where(mean[NS] > 0, mean[NS], c.CRITICAL_CLUSTER)


@formula
def find_dry(particles: ModeParticles) -> None:
    """Fills in dry radii; insoluble modes are as wet as they are dry."""
    volume, mass = particles.volume, particles.mass
    for mode in range(N_MODES):
        particles.dry[mode] = median_radius(volume[mode], mode)
        if mode >= N_SOLUBLE:
            found = volume[mode] > c.LEAST_VOLUME
            particles.wet[mode] = particles.dry[mode]
            particles.density[mode] = where(found, mass[mode], 0.0) / where(
                found, volume[mode], 1.0
            )
            particles.water[mode] = 0 * volume[mode]


@formula
def median_radius(volume: Value, mode: int) -> Value:
    """Returns the count median radius in cm for the mean volume of a particle in cm³."""
    found = volume > c.LEAST_VOLUME
    radius = cube_root(where(found, volume, 1.0) / SPHERE)
    return where(found, c.MEDIAN_OF_MEAN_MASS[mode] * radius, 0.0)


@formula
def wet_by_kappa(particles: ModeParticles, state: CellRows, forcing: CellRows) -> None:
    """Fills in wet radii, densities and water of the soluble modes by κ-Köhler theory."""
    for mode in range(NS, N_SOLUBLE):
        volume, dry = particles.volume[mode], particles.dry[mode]
        lives = dry > c.LEAST_RADIUS
        kappa = particles.hygroscopic[mode] / (volume + 1e-25)
        radius = where(lives, dry, c.MODE_BOUNDS[KS])
        growth = where(lives, growth_factor(1e-2 * radius, forcing[T], forcing[RH], kappa), 1.0)
        wet_volume = where(lives, volume, 1.0) * growth * growth * growth
        gained = where(lives, wet_volume - volume, 0.0)
        particles.wet[mode] = dry * growth
        particles.density[mode] = where(lives, (particles.mass[mode] + gained) / wet_volume, 1.0)
        particles.water[mode] = 1e3 * state[FIRST_NUMBER + mode] * gained
