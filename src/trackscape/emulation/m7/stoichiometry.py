"""The ways on which M7 moves matter: none leads back."""

import numpy as np

from trackscape.emulation.m7 import constants as c
from trackscape.emulation.m7.columns import (
    FIRST_MASS,
    FORCING,
    MASSES,
    MODE_OF,
    MODES,
    N_SOLUBLE,
    SO4,
    STATE,
)
from trackscape.emulation.m7.model import M7
from trackscape.emulation.system import LAST_STEPS, LOST, System

_GAS = (
    ("H2SO4", "SO4_NS", "nucleates"),
    *(("H2SO4", f"SO4_{mode}", f"condenses on {mode}") for mode in ("NS", "KS", "AS", "CS")),
)
_COAGULATION = (
    *(("SO4_NS", f"SO4_{to}", f"NS meets {to}") for to in ("KS", "AS", "CS")),
    ("N_NS", None, "NS meets KS", "NS meets AS", "NS meets CS", "NS meets NS"),
    *(
        (f"{name}_KS", f"{name}_{to}", f"KS meets {to}")
        for name in ("SO4", "BC", "OC")
        for to in ("AS", "CS")
    ),
    ("N_KS", None, "KS meets AS", "KS meets CS", "KS meets KS"),
    ("N_AS", None, "AS meets AS"),
    *(
        (f"{name}_KI", f"{name}_{to}", f"KI meets {to}")
        for name in ("BC", "OC")
        for to in ("KS", "AS")
    ),
    ("N_KI", None, "KI meets KS", "KI meets AS", "KI meets KI"),
)
_AGEING = (
    *((f"{name}_KI", f"{name}_KS", "KI ages") for name in ("BC", "OC")),
    ("N_KI", "N_KS", "KI ages", "KI ages in number alone"),
    *((f"{name}_AI", f"{name}_AS", "AI ages") for name in ("DU", "N")),
    *((f"{name}_CI", f"{name}_CS", "CI ages") for name in ("DU", "N")),
)
"""Numbers age as masses do, but those of soot that has stuck together go first."""
_REPARTITION = (
    *((f"{name}_NS", f"{name}_KS", f"{name} of NS") for name in ("SO4", "N")),
    *((f"{name}_KS", f"{name}_AS", f"{name} of KS") for name in ("SO4", "BC", "OC", "N")),
    *(
        (f"{name}_AS", f"{name}_CS", f"{name} of AS")
        for name in ("SO4", "BC", "OC", "SS", "DU", "N")
    ),
)
"""Where matter goes, stage by stage: donor, receiver or None for numbers that are lost, and the
rates that add up to that of the flux. What particles carry goes as they do, and particles of one
mode that stick together leave its mass where it is: so their mean sizes are those of M7."""


for _water in ("kappa", "salts"):
    LAST_STEPS[f"M7 repartition, {_water}"] = M7(water=_water).finish


def m7_system(model: M7, *, repartition: bool = True) -> System:
    """Describes M7: gas condenses and makes particles, then particles grow and stick.

    Beside the columns, a network sees the volume of all particles of each mode. With `repartition`
    M7's own ends each step; without, a network has to learn it, and sees how far modes are from
    the size at which it begins.
    """
    column = STATE.index
    stages = (_GAS, _COAGULATION, _AGEING, *(() if repartition else (_REPARTITION,)))
    rates = list(dict.fromkeys(rate for stage in stages for flux in stage for rate in flux[2:]))
    remainders = ("SO4_CS", "BC_CS", "OC_CS", "SS_CS", "DU_AS")
    inlets = tuple(group.columns[0] for group in model.conservation)
    return System(
        state=STATE,
        forcing=FORCING,
        groups=model.conservation,
        inlets=inlets,
        remainders=tuple(map(column, remainders)),
        stages=tuple(
            tuple((column(donor), LOST if to is None else column(to)) for donor, to, *_ in stage)
            for stage in stages
        ),
        outputs=tuple(tuple(map(rates.index, flux[2:])) for stage in stages for flux in stage),
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
