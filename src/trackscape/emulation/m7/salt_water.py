"""Water by the older scheme of M7: Zeleznik's sulphuric acid, and salts by the ZSR rule."""

from typing import Any

import numpy as np

from trackscape.emulation.m7 import constants as c
from trackscape.emulation.m7.columns import (
    AS,
    CS,
    FIRST_NUMBER,
    MODE_OF,
    N_MASSES,
    N_SOLUBLE,
    RH,
    P,
    T,
)
from trackscape.emulation.m7.elementary import (
    CellRows,
    Value,
    at_least,
    at_most,
    cube_root,
    formula,
    log,
    where,
)

CRYSTALLISATION = 0.45
"""Relative humidity below which sea salt is dry."""
FIRST_SALT = 12
"""Sea salt of the accumulation mode among the masses; that of the coarse mode follows."""
_SPHERE = 4.1887902047863905
# fmt: off
_ACID = np.array([
    95.80188, -28.5257, -1.082153, 0.1466501, -20627.51, 0.0461242, -0.003935, -3.36115,
    -0.00024137, 0.067938345, 6.49899e-6, 8616124.373, 1.168155578, -0.021317481, 0.000270358,
    -1353332314.0, -0.002403805,
])
_ACID_DENSITY = np.array([
    1.036391467, 0.00728531, -0.011013887, -0.068887407, 0.001047842, 0.001049607, 0.000740534,
    -1.081202685, -2.9113e-6,
])
MOLALITY_NACL = np.array([
    -191.8004, 2001.540, -8557.205, 19876.70, -27171.92, 21871.03, -9591.577, 1763.672,
])
MOLALITY_NA2SO4 = np.array([
    -3295.311, 31883.49, -130516.8, 293560.8, -392042.3, 310951.9, -135643.9, 25102.49,
])
MOLALITY_H2SO4 = np.array([
    5.611895, -13.87446, 17.50682, 71.38146, -310.9173, 466.2288, -312.8612, 77.6097,
])
# fmt: on


@formula
def acid_share(molecules: Value, temperature: Value, humidity: Value, pressure: Value) -> Value:
    """Returns the share by weight of H2SO4, in %, in a droplet with so many molecules of it.

    For 240 K and more and relative humidities from 0.05 to 0.9, to which they are clipped; the
    pressure is in Pa.

    References:
        Zeleznik, J. Phys. Chem. Ref. Data 20 (1991) 1157, as fitted in M7.
    """
    w = _ACID
    t = at_least(temperature, 240.0)
    rh = at_most(at_least(humidity, 0.05), 0.9)
    n = log(molecules)
    ratio = rh / t
    share = w[0] + n * (w[1] + w[2] * rh + w[3] * t) + w[4] * ratio + w[5] * n * n * rh
    share = share + w[6] * n * n * t + w[7] * n * rh * rh + w[8] * n * t * t
    share = share + w[9] * n * n * rh * rh + w[10] * n * n * t * t + w[11] * ratio * ratio
    share = share + n * n * (w[12] + n * (w[13] + n * w[14])) + w[15] * ratio * ratio * ratio
    return share + w[16] * log(rh * t / pressure)


@formula
def acid_density(molecules: Value, share: Value, temperature: Value, humidity: Value) -> Value:
    """Returns the density in g/cm³ of a droplet with a share of H2SO4 in %, see `acid_share`."""
    g = _ACID_DENSITY
    t = at_least(temperature, 240.0)
    rh = at_most(at_least(humidity, 0.05), 0.9)
    n = log(molecules) / 3
    density = g[0] + g[1] * share + g[2] * n + g[3] * rh + g[4] * t + g[5] * n * n
    density = density + g[6] * n / rh + g[7] * n / t + g[8] * t * t
    return at_most(at_least(density, 1.0), 1.841)


@formula
def molality(coefficients: Any, humidity: Value) -> Value:
    """Returns mol of a salt for each kg of water at a relative humidity of 0.45 or more."""
    root = 0 * humidity
    for k in range(7, -1, -1):
        root = root * humidity + coefficients[k]
    return root * root


@formula
def wet_by_salts(particles: Any, state: CellRows, forcing: CellRows, defects: bool) -> None:
    """Fills in radii, densities and water of the soluble modes, of salts where there are some.

    With `defects` soot, organics and dust of the accumulation mode are counted in the coarse mode
    once more where that has salt, as in the published code.
    """
    mean, nothing = particles.mean, 0 * particles.mean[0]
    core, core_mass = nothing, nothing
    for mode in range(N_SOLUBLE):
        again, again_mass = nothing, nothing
        if defects and mode == CS:
            number = state[FIRST_NUMBER + CS]
            lives = number > c.LEAST_NUMBER
            ratio = where(lives, state[FIRST_NUMBER + AS], 0.0) / where(lives, number, 1.0)
            again, again_mass = core * ratio, core_mass * ratio
        core, core_mass = nothing, nothing
        for i in range(N_SOLUBLE, N_MASSES):
            if MODE_OF[i] == mode and i != FIRST_SALT and i != FIRST_SALT + 1:
                core = core + mean[i] * c.SPECIFIC_VOLUME[i]
                core_mass = core_mass + mean[i]
        _wet_acid(particles, state, forcing, mode, core, core_mass)
        if mode >= AS:
            _wet_salt(particles, state, forcing, mode, core + again, core_mass + again_mass)


@formula
def _wet_acid(
    particles: Any, state: CellRows, forcing: CellRows, mode: int, core: Value, core_mass: Value
) -> None:
    """A droplet of sulphuric acid around what does not dissolve."""
    acid = particles.mean[mode] > 0
    molecules = where(acid, particles.mean[mode], 1.0)
    mass = where(acid, molecules * (c.MOLAR_H2SO4 / c.AVOGADRO), 0.0)
    share = acid_share(molecules, forcing[T], forcing[RH], forcing[P])
    drop = mass / (0.01 * share)
    wet = core + drop / acid_density(molecules, share, forcing[T], forcing[RH])
    water = where(acid, drop - mass, 0.0)
    _put(
        particles, state, mode, core + mass / c.DENSITY_H2SO4, wet, core_mass + mass + water, water
    )


@formula
def _wet_salt(
    particles: Any, state: CellRows, forcing: CellRows, mode: int, core: Value, core_mass: Value
) -> None:
    """Sea salt and sulphate in common water, where there is sea salt; in mol for each particle."""
    sodium = particles.mean[FIRST_SALT + mode - AS] / c.MOLAR_NACL
    salty = particles.mean[FIRST_SALT + mode - AS] > c.LEAST_MASS * 1e-12
    acid = particles.mean[mode] / c.AVOGADRO
    sulphate = at_most(0.5 * sodium, acid)
    chloride = sodium - 2 * sulphate
    acid = acid - sulphate
    dry_mass = chloride * c.MOLAR_NACL + sulphate * c.MOLAR_NA2SO4 + acid * c.MOLAR_H2SO4
    dry = chloride * (c.MOLAR_NACL / c.DENSITY_NACL)
    dry = dry + sulphate * (c.MOLAR_NA2SO4 / c.DENSITY_NA2SO4)
    dry = dry + acid * (c.MOLAR_H2SO4 / c.DENSITY_H2SO4) + core
    humid = forcing[RH] >= CRYSTALLISATION
    humidity = where(humid, forcing[RH], CRYSTALLISATION)
    water = chloride / molality(MOLALITY_NACL, humidity)
    water = water + sulphate / molality(MOLALITY_NA2SO4, humidity)
    water = water + acid / molality(MOLALITY_H2SO4, humidity)
    water = where(humid, 1e3 * water, 0.0)
    mass = core_mass + dry_mass + water
    _put_where(salty, particles, state, mode, dry, dry + water, mass, water)


@formula
def _put(
    particles: Any, state: CellRows, mode: int, dry: Value, wet: Value, mass: Value, water: Value
) -> None:
    """Writes radii for volumes in cm³ of a particle, its density, and water for g of it."""
    lives = dry > c.LEAST_VOLUME
    one = where(lives, dry, 1.0)
    scale = c.MEDIAN_OF_MEAN_MASS[mode]
    particles.dry[mode] = where(lives, scale * cube_root(one / _SPHERE), 0.0)
    full = where(lives, wet, 1.0)
    particles.wet[mode] = where(lives, scale * cube_root(full / _SPHERE), 0.0)
    particles.density[mode] = where(lives, mass / full, 1.0)
    particles.water[mode] = where(lives, 1e3 * water * state[FIRST_NUMBER + mode], 0.0)


@formula
def _put_where(
    condition: Value,
    particles: Any,
    state: CellRows,
    mode: int,
    dry: Value,
    wet: Value,
    mass: Value,
    water: Value,
) -> None:
    """As `_put`, where a condition holds."""
    before_dry, before_wet = particles.dry[mode], particles.wet[mode]
    before_density, before_water = particles.density[mode], particles.water[mode]
    _put(particles, state, mode, dry, wet, mass, water)
    particles.dry[mode] = where(condition, particles.dry[mode], before_dry)
    particles.wet[mode] = where(condition, particles.wet[mode], before_wet)
    particles.density[mode] = where(condition, particles.density[mode], before_density)
    particles.water[mode] = where(condition, particles.water[mode], before_water)
