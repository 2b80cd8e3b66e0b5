"""The ways on which M7 moves matter: none leads back."""

import numpy as np

from trackscape.emulation.m7 import constants as c
from trackscape.emulation.m7.columns import (
    FIRST_MASS,
    FORCING,
    GAS,
    MASSES,
    MODE_OF,
    MODES,
    N_SOLUBLE,
    SO4,
    STATE,
)
from trackscape.emulation.m7.model import M7
from trackscape.emulation.system import LAST_STEPS, LOST, System

_CONDENSES = ("SO4_NS", "SO4_KS", "SO4_AS", "SO4_CS")
_GROWS = (
    *(("SO4_NS", to) for to in ("SO4_KS", "SO4_AS", "SO4_CS")),
    *((f"{name}_KS", f"{name}_{to}") for name in ("SO4", "BC", "OC") for to in ("AS", "CS")),
    *((f"{name}_KI", f"{name}_{to}") for name in ("BC", "OC") for to in ("KS", "AS")),
    ("DU_AI", "DU_AS"),
    ("DU_CI", "DU_CS"),
    *(("N_KI", "N_KS"), ("N_AI", "N_AS"), ("N_CI", "N_CS")),
)
_HANDED_ON = (
    *((f"{name}_AS", f"{name}_CS") for name in ("SO4", "BC", "OC", "SS", "DU")),
    *(("N_NS", "N_KS"), ("N_KS", "N_AS"), ("N_AS", "N_CS")),
)
"""What repartition alone moves."""
_STICK = ("N_NS", "N_KS", "N_AS", "N_KI")


for _water in ("kappa", "salts"):
    LAST_STEPS[f"M7 repartition, {_water}"] = M7(water=_water).finish


def m7_system(model: M7, *, repartition: bool = True) -> System:
    """Describes M7: gas condenses and makes particles, then particles grow and stick.

    Beside the columns, a network sees the volume of all particles of each mode. With `repartition`
    M7's own ends each step; without, a network has to learn it, and sees how far modes are from
    the size at which it begins.
    """
    column = STATE.index
    first = tuple((GAS, column(name)) for name in _CONDENSES)
    grows = _GROWS if repartition else (*_GROWS, *_HANDED_ON)
    second = tuple((column(donor), column(receiver)) for donor, receiver in grows)
    second += tuple((column(name), LOST) for name in _STICK)
    remainders = ("SO4_CS", "BC_CS", "OC_CS", "SS_CS", "DU_AS")
    inlets = tuple(group.columns[0] for group in model.conservation)
    return System(
        state=STATE,
        forcing=FORCING,
        groups=model.conservation,
        inlets=inlets,
        remainders=tuple(map(column, remainders)),
        stages=(first, second),
        births=((0, column("N_NS")),),
        sums=tuple(map(_volume_weights, range(len(MODES)))),
        limits=() if repartition else tuple(map(_limit_of_growth, range(N_SOLUBLE - 1))),
        last_step=f"M7 repartition, {model.water}" if repartition else None,
    )


def _limit_of_growth(mode: int) -> tuple[int, int, float]:
    """Mean volume of a particle in 1e-12 cm³ from which on a mode is too large."""
    middle = (c.MODE_BOUNDS[mode] * c.MODE_BOUNDS[mode + 1]) ** 0.5 * c.MEAN_MASS_OF_MEDIAN[mode]
    return mode, STATE.index(f"N_{MODES[mode]}"), float(1e12 * 4 / 3 * np.pi * middle**3)


def _volume_weights(mode: int) -> tuple[float, ...]:
    """Volume in 1e-12 cm³ for each cm³ of air of a unit of each column that belongs to a mode.

    As in repartition, sulphate counts as sulphuric acid.
    """
    weights = np.zeros(len(STATE))
    own = np.flatnonzero(mode == MODE_OF)
    grams = c.GRAMS * np.where(np.isin(np.arange(len(MASSES)), SO4), c.MOLAR_H2SO4 / c.MOLAR_SO4, 1)
    weights[FIRST_MASS + own] = 1e12 * (c.PER_PARTICLE * grams * c.SPECIFIC_VOLUME)[own]
    return tuple(map(float, weights))
