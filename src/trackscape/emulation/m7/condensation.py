"""Sulphuric acid gas that is produced and condenses on particles."""

from typing import NamedTuple

from trackscape.emulation.m7 import constants as c
from trackscape.emulation.m7.columns import (
    AI,
    AS,
    CI,
    CLOUD,
    CS,
    FIRST_MASS,
    FIRST_NUMBER,
    GAS,
    KI,
    KS,
    N_MODES,
    N_SOLUBLE,
    NS,
    PRODUCTION,
    P,
    T,
)
from trackscape.emulation.m7.elementary import (
    CellRows,
    Value,
    at_least,
    at_most,
    exp,
    formula,
    sqrt,
    where,
)
from trackscape.emulation.m7.particles import ModeParticles

_PI = 3.141592653589793
_CLOUD_ORDER = (CS, AS, KS, NS, CI, AI, KI)


class Condensed(NamedTuple):
    """CellRows with what condensation did."""

    sink: CellRows
    """Rate in 1/s at which the gas hits and sticks to the particles of each mode, (7)."""
    taken: CellRows
    """Molecules/cm³ that condensed on each mode, (7)."""


@formula
def diffusivity(temperature: Value, pressure: Value) -> Value:
    """Returns the diffusion coefficient of H2SO4 in air in cm²/s, for K and Pa."""
    ratio = temperature / 298.15
    return 7300.0 / pressure * ratio * sqrt(ratio)


@formula
def thermal_speed(temperature: Value) -> Value:
    """Returns the mean speed of a molecule of H2SO4 in cm/s."""
    return sqrt(8 * c.GAS_CONSTANT / (_PI * c.MOLAR_H2SO4) * temperature)


@formula
def sink_of_one(radius: Value, diffusion: Value, speed: Value, accommodation: float) -> Value:
    """Returns the volume in cm³/s that a particle of a radius in cm clears of the gas.

    References:
        Fuchs, "The Mechanics of Aerosols", 1964.
    """
    path = 8 * diffusion / (_PI * speed)
    square = radius * radius + path * path
    jump = ((radius + path) ** 3 - square * sqrt(square)) / (3 * radius * path) - radius
    resistance = 4 * diffusion / (speed * radius * accommodation) + radius / (radius + jump)
    return 4 * _PI * diffusion * radius / resistance


@formula
def find_sinks(
    sink: CellRows, particles: ModeParticles, state: CellRows, forcing: CellRows
) -> Value:
    """Fills in the sink of each mode and returns their sum in 1/s."""
    diffusion = diffusivity(forcing[T], forcing[P])
    speed = thermal_speed(forcing[T])
    total = 0 * diffusion
    for mode in range(N_MODES):
        number = state[FIRST_NUMBER + mode]
        lives = (particles.wet[mode] > c.LEAST_RADIUS) & (number > c.LEAST_NUMBER)
        radius = where(lives, particles.wet[mode], 1e-6)
        one = sink_of_one(radius, diffusion, speed, c.ACCOMMODATION[mode])
        sink[mode] = where(lives, number * one, 0.0)
        total = total + sink[mode]
    return total


@formula
def condense(
    condensed: Condensed, state: CellRows, forcing: CellRows, total: Value, dt: float
) -> None:
    """Produces gas and lets it condense; what falls on insoluble modes is kept for ageing.

    In the clear sky dG/dt = P - S G is solved exactly. In clouds all gas goes to one mode, the
    coarse soluble one if there is one.
    """
    produced = forcing[PRODUCTION] * dt
    cloud = at_most(at_least(forcing[CLOUD], 0.0), 1.0)
    condenses = total > c.LEAST_SINK
    rate = where(condenses, total, 1.0)
    balance = forcing[PRODUCTION] / rate
    left = at_least((state[GAS] - balance) * exp(-rate * dt) + balance, 0.0)
    left = at_most(left, state[GAS] + produced)
    clear = (1 - cloud) * (state[GAS] + produced - left)
    cloudy = cloud * (state[GAS] + produced)
    for mode in range(N_MODES):
        condensed.taken[mode] = where(condenses, clear * (condensed.sink[mode] / rate), 0.0)
    state[GAS] = where(condenses, (1 - cloud) * left, state[GAS] + produced)
    searching = condenses
    for mode in _CLOUD_ORDER:
        first = searching & (condensed.sink[mode] > 0)
        condensed.taken[mode] = condensed.taken[mode] + where(first, cloudy, 0.0)
        searching = searching & (condensed.sink[mode] <= 0)
    for mode in range(N_SOLUBLE):
        state[FIRST_MASS + mode] = state[FIRST_MASS + mode] + condensed.taken[mode]
