"""ModeParticles that collide and stick: numbers first, then what they carry."""

from typing import NamedTuple

from trackscape.emulation.m7 import constants as c
from trackscape.emulation.m7.columns import (
    AI,
    AS,
    CI,
    CS,
    FIRST_MASS,
    FIRST_NUMBER,
    KI,
    KS,
    N_MODES,
    NS,
)
from trackscape.emulation.m7.elementary import (
    CellRows,
    Value,
    at_least,
    at_most,
    exp,
    expm1,
    formula,
    sqrt,
    where,
)
from trackscape.emulation.m7.kernels import Motion, collision_rate
from trackscape.emulation.m7.particles import ModeParticles

_PI = 3.141592653589793
CARRIED = (2, 5, 9)
"""Columns of SO4, BC and OC of the soluble Aitken mode; those of the larger ones follow."""
CARRIED_SOOTY = (5, 9)
"""Of these, what insoluble Aitken particles have, too, three columns further on."""


class Encounters(NamedTuple):
    """CellRows with what particles of a mode meet."""

    small: CellRows
    """Rate in 1/s at which a nucleation particle meets particles of each mode, (7)."""
    aitken: CellRows
    """The same for a soluble Aitken particle, (7)."""
    sooty: CellRows
    """The same for an insoluble Aitken particle, (7)."""
    alike: CellRows
    """Kernel in cm³/s of two particles of each mode, (7), 0 where that is neglected."""
    layer: CellRows
    """Molecules of SO4 that cover a particle of each mode once, (7), 0 for soluble ones."""
    coated: CellRows
    """Molecules/cm³ that coagulation brought onto particles of each mode, (7)."""


@formula
def remaining(
    number: Value, within: Value, between: Value, source: Value, dt: float
) -> tuple[Value, Value]:
    """Solves dn/dt = c - a n² - b n exactly; returns n after dt, and the loss.

    A source c of less than 1 cm⁻³ s⁻¹ comes at once, before the step, and so does one of particles
    that do not coagulate with each other.
    """
    slow = (source < 1.0) | (within <= 0)
    start = number + where(slow, source, 0.0) * dt
    matters = between >= c.LEAST_LOSS
    b = where(matters, between, c.LEAST_LOSS)
    fading = -expm1(-b * dt)
    both = b + start * within * fading
    alone = 1 + start * within * dt
    left = where(matters, b * start * exp(-b * dt) / both, start / alone)
    lost = where(
        matters, start * fading * (b + start * within) / both, start * start * within * dt / alone
    )
    c_ = where(slow, 1.0, source)
    a = where(within > 0, within, 1.0)
    root = sqrt(between * between + 4 * a * c_)
    z = 2 * a * number + between
    q = exp(-root * dt) * (root - z) / (root + z)
    fed = (root * (1 - q) / (1 + q) - between) / (2 * a)
    all_there = number + source * dt
    fed = at_most(at_least(fed, 0.0), all_there)
    return where(slow, left, fed), where(slow, lost, all_there - fed)


@formula
def _split(start: Value, lost: Value, within: Value, between: Value) -> tuple[Value, Value]:
    """Losses to other modes and to the own one."""
    rate = between + start * within
    outside = where(rate > 0, lost * between / where(rate > 0, rate, 1.0), 0.0)
    return outside, lost - outside


@formula
def find_encounters(
    encounters: Encounters, motion: Motion, particles: ModeParticles, state: CellRows
) -> None:
    """Fills in rates and layers for the state at the start of a step."""
    nothing = 0 * state[0]
    for mode in range(N_MODES):
        encounters.small[mode], encounters.aitken[mode] = nothing, nothing
        encounters.sooty[mode], encounters.alike[mode] = nothing, nothing
        encounters.layer[mode], encounters.coated[mode] = nothing, nothing
    for mode in range(KS, N_MODES):
        encounters.small[mode] = state[FIRST_NUMBER + mode] * collision_rate(motion, NS, mode)
        if mode != KS and mode != KI:
            number = state[FIRST_NUMBER + mode]
            encounters.aitken[mode] = number * collision_rate(motion, KS, mode)
    for mode in (KS, AS):
        encounters.sooty[mode] = state[FIRST_NUMBER + mode] * collision_rate(motion, KI, mode)
    for mode in (NS, KS, AS, KI):
        encounters.alike[mode] = collision_rate(motion, mode, mode)
    for mode in (KI, AI, CI):
        radius = particles.dry[mode] * c.MEAN_SURFACE_OF_MEDIAN[mode]
        encounters.layer[mode] = 4 * _PI * radius * radius / c.MOLECULE_AREA


@formula
def coagulate(encounters: Encounters, state: CellRows, new: Value, dt: float) -> None:
    """Lets particles collide for a step, with new ones of the nucleation mode as a source.

    What is carried away is a share of what a mode has before it receives anything.
    """
    aitken_left = _coagulate_aitken(encounters, state, dt)
    _coagulate_sooty(encounters, state, dt)
    _coagulate_small(encounters, state, new, dt)
    state[FIRST_NUMBER + KS] = aitken_left
    number = state[FIRST_NUMBER + AS]
    state[FIRST_NUMBER + AS] = number / (1 + 0.5 * number * encounters.alike[AS] * dt)


@formula
def _coagulate_aitken(encounters: Encounters, state: CellRows, dt: float) -> Value:
    """Soluble Aitken particles, which go into larger ones; returns how many are left."""
    number, within = state[FIRST_NUMBER + KS], 0.5 * encounters.alike[KS]
    rate = encounters.aitken
    between = rate[AS] + rate[CS] + rate[AI] + rate[CI]
    left, lost = remaining(number, within, between, 0 * number, dt)
    outside, _ = _split(number, lost, within, between)
    share = at_most(_ratio(outside, number), 1.0)
    sulphate = share * state[CARRIED[0]]
    for mode in (AI, CI):
        coat = sulphate * _ratio(rate[mode], between)
        encounters.coated[mode] = encounters.coated[mode] + coat
    to_coarse = _ratio(rate[CS] + rate[CI], between)
    for column in CARRIED:
        moved = share * state[column]
        coarse = moved * to_coarse
        state[column] = state[column] - moved
        state[column + 1] = state[column + 1] + (moved - coarse)
        state[column + 2] = state[column + 2] + coarse
    return left


@formula
def _coagulate_sooty(encounters: Encounters, state: CellRows, dt: float) -> None:
    """Insoluble Aitken particles; one that meets a soluble particle becomes a part of that."""
    number, within = state[FIRST_NUMBER + KI], 0.5 * encounters.alike[KI]
    between = encounters.sooty[KS] + encounters.sooty[AS]
    left, lost = remaining(number, within, between, 0 * number, dt)
    outside, _ = _split(number, lost, within, between)
    share = at_most(_ratio(outside, number), 1.0)
    to_larger = _ratio(encounters.sooty[AS], between)
    for column in CARRIED_SOOTY:
        moved = share * state[column + 3]
        larger = moved * to_larger
        state[column + 3] = state[column + 3] - moved
        state[column] = state[column] + (moved - larger)
        state[column + 1] = state[column + 1] + larger
    state[FIRST_NUMBER + KI] = left


@formula
def _coagulate_small(encounters: Encounters, state: CellRows, new: Value, dt: float) -> None:
    """Nucleation particles; the sulphate of those that meet insoluble ones coats these."""
    number, within = state[FIRST_NUMBER + NS], 0.5 * encounters.alike[NS]
    rate, coated = encounters.small, encounters.coated
    between = rate[KS] + rate[AS] + rate[CS] + rate[KI] + rate[AI] + rate[CI]
    left, lost = remaining(number, within, between, new / dt, dt)
    start = number + new
    outside, inside = _split(start, lost, within, between)
    sulphate = state[FIRST_MASS + NS]
    of_one = _ratio(sulphate, start)
    insoluble = state[FIRST_NUMBER + KI] + state[FIRST_NUMBER + AI] + state[FIRST_NUMBER + CI]
    extra = _onto_insoluble(encounters, state, start, of_one, insoluble, dt)
    extra = where(outside > 0, at_most(extra, 0.95 * inside), 0.0)
    state[FIRST_MASS + NS] = sulphate - at_most(of_one * (outside + extra), sulphate)
    for mode in (KS, AS, CS):
        partner = mode + KI - KS
        met = outside * _ratio(rate[partner], between)
        met = met + extra * _ratio(state[FIRST_NUMBER + partner], insoluble)
        coat = of_one * met
        coated[partner] = coated[partner] + coat
        received = coat + of_one * outside * _ratio(rate[mode], between)
        state[FIRST_MASS + mode] = state[FIRST_MASS + mode] + received
    state[FIRST_NUMBER + NS] = left


@formula
def _onto_insoluble(
    encounters: Encounters,
    state: CellRows,
    start: Value,
    of_one: Value,
    insoluble: Value,
    dt: float,
) -> Value:
    """Nucleation particles that coat insoluble ones by way of clusters, where they are more.

    Of clusters after a step, some have particles of one kind only. The others are the insoluble
    particles that small ones have met; each takes up to one layer of sulphate.
    """
    soluble = start + state[FIRST_NUMBER + KS]
    mixed = insoluble * mixed_share(soluble, insoluble, 0.5 * encounters.alike[NS] * dt)
    layers = 0 * mixed
    for mode in (KI, AI, CI):
        layers = layers + state[FIRST_NUMBER + mode] * encounters.layer[mode]
    applies = (soluble > insoluble) & (insoluble > c.EPSILON)
    return where(applies, _ratio(mixed * _ratio(layers, insoluble), of_one), 0.0)


@formula
def mixed_share(soluble: Value, insoluble: Value, pace: Value) -> Value:
    """Returns clusters with particles of both kinds, by insoluble particles, 1 at most.

    Of s soluble and i insoluble particles 2 (s + i) / g clusters are left at a pace p in cm³, with
    g = 2 + p (s + i): 4 s / (g (2 + p i)) are soluble only, 4 i / (g (2 + p s)) insoluble only, but
    count as mixed if i is at most 1. The difference is worked out by hand, since a small one of
    large numbers would lose its digits.
    """
    grown = 2 + pace * (soluble + insoluble)
    with_soluble, with_insoluble = 2 + pace * soluble, 2 + pace * insoluble
    mixed = 2 * pace * soluble * (2 + grown) / (grown * with_soluble * with_insoluble)
    mixed = mixed + where(insoluble > 1, 0.0, 4 / (grown * with_soluble))
    return at_most(mixed, 1.0)


@formula
def _ratio(part: Value, whole: Value) -> Value:
    """Part over whole, 0 where there is nothing."""
    exists = whole > 0
    return where(exists, part, 0.0) / where(exists, whole, 1.0)
