"""Insoluble particles that become soluble under a layer of sulphate, and modes that grow over."""

from trackscape.emulation.m7 import constants as c
from trackscape.emulation.m7.coagulation import Encounters
from trackscape.emulation.m7.columns import (
    AI,
    AS,
    CI,
    CS,
    FIRST_MASS,
    FIRST_NUMBER,
    KI,
    KS,
    MODE_OF,
    N_MASSES,
    N_SOLUBLE,
    NS,
)
from trackscape.emulation.m7.condensation import Condensed
from trackscape.emulation.m7.elementary import (
    CellRows,
    Value,
    at_most,
    formula,
    log,
    normal_share,
    some,
    where,
)
from trackscape.emulation.m7.particles import (
    SPHERE,
    ModeParticles,
    find_dry,
    find_volumes,
    median_radius,
)
from trackscape.emulation.m7.salt_water import wet_by_salts

AGES = ((8, 5), (12, 9), (17, 15), (18, 16))
"""Columns of what is insoluble and of what it becomes: BC, OC, DU of medium size, coarse DU."""
_MORE_AS_ACID = (c.MOLAR_H2SO4 - c.MOLAR_SO4) / c.AVOGADRO
"""Grams by which repartition, which counts sulphate as acid, takes a molecule of SO4 heavier."""


@formula
def age(
    encounters: Encounters, condensed: Condensed, particles: ModeParticles, state: CellRows
) -> None:
    """Moves as many insoluble particles as the sulphate on them covers, and all of the sulphate.

    That is what condensed on them and what coagulated; the latter the larger modes have already.
    """
    for old, new in ((KI, KS), (AI, AS), (CI, CS)):
        number = state[FIRST_NUMBER + old]
        available = condensed.taken[old] + encounters.coated[old]
        layer = encounters.layer[old]
        covers = (layer > 0) & (number > c.LEAST_NUMBER)
        aged = at_most(available / where(layer > 0, layer, 1.0), number)
        aged = where(covers, aged, 0.0)
        state[FIRST_NUMBER + old] = number - aged
        state[FIRST_NUMBER + new] = state[FIRST_NUMBER + new] + aged
        state[FIRST_MASS + new] = state[FIRST_MASS + new] + condensed.taken[old]
        for source, target in AGES:
            mass = source - FIRST_MASS
            if MODE_OF[mass] == old:
                content = particles.mean[mass] / c.PER_PARTICLE[mass]
                moved = at_most(aged * content, state[source])
                state[source] = state[source] - moved
                state[target] = state[target] + moved


@formula
def repartition(
    particles: ModeParticles,
    state: CellRows,
    forcing: CellRows,
    moved: CellRows,
    scheme: int,
    defects: bool,
) -> None:
    """Moves the large end of soluble modes that have grown too large to the next mode.

    A mode has grown too large if its mean mass is that of a particle half-way, in the logarithm of
    the radius, to its upper bound. All moves are those of the state as it comes.
    """
    find_volumes(particles, state)
    if scheme != 1:
        find_dry(particles)
        wet_by_salts(particles, state, forcing, defects)
    for mode in (NS, KS, AS):
        _find_moved(particles, state, moved, mode, scheme)
    for mode in (AS, KS, NS):  # from the large end, so that nothing moves twice
        if some(moved[2 * mode + 1] > 0):
            _move(state, FIRST_NUMBER + mode, moved[2 * mode + 1])
            _move(state, FIRST_MASS + mode, moved[2 * mode])
            for i in range(N_SOLUBLE, N_MASSES):
                if MODE_OF[i] == mode:
                    _move(state, FIRST_MASS + i, moved[2 * mode])


@formula
def _move(state: CellRows, column: int, share: Value) -> None:
    """Moves a share to the next mode, whose column follows."""
    amount = share * state[column]
    state[column] = state[column] - amount
    state[column + 1] = state[column + 1] + amount


@formula
def _find_moved(
    particles: ModeParticles, state: CellRows, moved: CellRows, mode: int, scheme: int
) -> None:
    """Share of the mass, then of the number that leaves a mode."""
    heavier = _MORE_AS_ACID * particles.mean[mode]
    mass = particles.mass[mode] + heavier
    volume = particles.volume[mode] + heavier / c.DENSITY_H2SO4
    number = state[FIRST_NUMBER + mode]
    lives = (number > c.LEAST_NUMBER) & (particles.volume[mode] > c.LEAST_VOLUME)
    density = where(lives, mass, 1.0) / where(lives, volume, 1.0)
    largest = c.MODE_BOUNDS[mode + 1]
    middle = (c.MODE_BOUNDS[mode] * largest) ** 0.5 * c.MEAN_MASS_OF_MEDIAN[mode]
    limit = SPHERE * middle * middle * middle * density
    grown = lives & (mass > limit)
    moved[2 * mode], moved[2 * mode + 1] = 0 * mass, 0 * mass
    if not some(grown):
        return
    # Only the older scheme has other dry radii than those of the volumes.
    dry = median_radius(particles.volume[mode], mode) if scheme == 1 else particles.dry[mode]
    radius = where(grown, dry, largest)
    gone = normal_share(log(radius / largest) / c.LOG_WIDTHS[mode])
    gone = where(radius > 10 * largest, 1.0, gone)
    kept = 1 - gone
    kept_mass = at_most(kept * where(grown, limit / where(grown, mass, 1.0), 1.0), 1.0)
    heavy = SPHERE * largest * largest * largest * density
    too_many = (1 - kept_mass) * mass < gone * heavy
    gone = where(too_many, (1 - kept_mass) * mass / heavy, gone)
    moved[2 * mode] = where(grown, 1 - kept_mass, 0.0)
    moved[2 * mode + 1] = where(grown, gone, 0.0)
