"""States of air by named regimes: what M7's data sets are drawn from, written out."""

import dataclasses
import math

import numpy as np

from trackscape.compiled import Floats
from trackscape.emulation.m7 import constants as c
from trackscape.emulation.m7.columns import (
    CLOUD,
    FIRST_MASS,
    FIRST_NUMBER,
    FORCING,
    FOREST,
    GAS,
    MASSES,
    MODE_OF,
    MODES,
    N_SOLUBLE,
    PBL,
    PRODUCTION,
    RH,
    STATE,
    P,
    T,
)
from trackscape.errors import ConfigError

NUMBER_SPREAD = 2.5
"""Geometric standard deviation of numbers about the median of a regime."""
RADIUS_SPREAD = 1.4
"""Geometric standard deviation of dry count median radii about those of `RADII`."""
RADII = np.array([2e-7, 2e-6, 1e-5, 7e-5, 2e-6, 1.5e-5, 8e-5])
"""Median over states of the dry count median radius of each mode in cm."""
CONCENTRATION = 8.0
"""Sum of the parameters of the Dirichlet distribution of volume shares; more means less varied."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regime:
    """Air of one kind; pairs are the ends of a range, in which values are drawn evenly."""

    temperature: tuple[float, float]
    """In K."""
    pressure: tuple[float, float]
    """In Pa."""
    humidity: tuple[float, float]
    """Relative humidity of the clear sky, a share."""
    forest: tuple[float, float]
    """Share of forest; 0 where there is no boundary layer."""
    production: tuple[float, float]
    """H2SO4 in molecules/cm³/s, even in the logarithm."""
    gas: tuple[float, float]
    """H2SO4 in molecules/cm³, even in the logarithm."""
    numbers: tuple[float, ...]
    """Median number in 1/cm³ of each mode."""
    shares: dict[str, tuple[float, ...]]
    """Mean volume shares of SO4, BC, OC, SS and DU in KS, AS, CS and KI."""
    in_boundary_layer: bool = True


_SALT = {"KS": (0.9, 0.0, 0.1, 0.0, 0.0), "AS": (0.5, 0.01, 0.06, 0.43, 0.0)}
_CLEAN = {
    "KS": (0.85, 0.02, 0.13, 0.0, 0.0),
    "AS": (0.75, 0.03, 0.17, 0.03, 0.02),
    "CS": (0.2, 0.01, 0.04, 0.35, 0.4),
    "KI": (0.0, 0.4, 0.6, 0.0, 0.0),
}
# fmt: off
REGIMES = {
    "polluted": Regime(
        temperature=(270, 305), pressure=(8.5e4, 1.03e5), humidity=(0.2, 0.95), forest=(0.0, 0.5),
        production=(5e4, 1e6), gas=(1e6, 1e8), numbers=(2000, 5000, 1000, 2, 3000, 5, 0.5),
        shares=_CLEAN | {"KS": (0.6, 0.08, 0.32, 0, 0), "AS": (0.5, 0.1, 0.35, 0.02, 0.03)},
    ),
    "marine": Regime(
        temperature=(272, 302), pressure=(9e4, 1.03e5), humidity=(0.5, 0.98), forest=(0.0, 0.0),
        production=(1e3, 5e4), gas=(1e5, 2e7), numbers=(50, 300, 150, 5, 3, 0.2, 0.05),
        shares=_CLEAN | _SALT | {"CS": (0.06, 0.0, 0.01, 0.91, 0.02)},
    ),
    "dust": Regime(
        temperature=(280, 315), pressure=(8.5e4, 1.02e5), humidity=(0.05, 0.6), forest=(0.0, 0.0),
        production=(2e3, 1e5), gas=(1e5, 2e7), numbers=(50, 400, 200, 1, 50, 50, 5),
        shares=_CLEAN | {"AS": (0.5, 0.03, 0.17, 0.02, 0.28), "CS": (0.05, 0, 0.02, 0.03, 0.9)},
    ),
    "biomass": Regime(
        temperature=(280, 308), pressure=(8.5e4, 1.02e5), humidity=(0.2, 0.9), forest=(0.3, 1.0),
        production=(1e4, 3e5), gas=(5e5, 3e7), numbers=(200, 4000, 2500, 1, 5000, 2, 0.2),
        shares=_CLEAN | {"KS": (0.2, 0.12, 0.68, 0, 0), "AS": (0.2, 0.12, 0.65, 0.01, 0.02),
                         "KI": (0, 0.25, 0.75, 0, 0)},
    ),
    "free_troposphere": Regime(
        temperature=(230, 272), pressure=(3.5e4, 7.5e4), humidity=(0.05, 0.85), forest=(0.0, 0.0),
        production=(5e2, 2e4), gas=(1e5, 2e7), numbers=(1000, 250, 50, 0.05, 5, 0.5, 0.02),
        shares=_CLEAN, in_boundary_layer=False,
    ),
    "upper_troposphere": Regime(
        temperature=(205, 235), pressure=(1.2e4, 3.5e4), humidity=(0.05, 0.8), forest=(0.0, 0.0),
        production=(2e2, 1e4), gas=(1e5, 1e7), numbers=(5000, 500, 20, 0.01, 1, 0.1, 0.005),
        shares=_CLEAN, in_boundary_layer=False,
    ),
    "polar": Regime(
        temperature=(228, 272), pressure=(8.5e4, 1.03e5), humidity=(0.4, 0.98), forest=(0.0, 0.0),
        production=(1e2, 5e3), gas=(5e4, 5e6), numbers=(100, 150, 60, 0.3, 3, 0.1, 0.02),
        shares=_CLEAN,
    ),
    "continental": Regime(
        temperature=(270, 300), pressure=(8.5e4, 1.02e5), humidity=(0.2, 0.95), forest=(0.2, 1.0),
        production=(1e4, 3e5), gas=(5e5, 3e7), numbers=(800, 2000, 500, 0.5, 500, 2, 0.3),
        shares=_CLEAN | {"KS": (0.6, 0.05, 0.35, 0, 0)},
    ),
    "coastal": Regime(
        temperature=(270, 300), pressure=(9e4, 1.03e5), humidity=(0.4, 0.98), forest=(0.0, 0.3),
        production=(5e3, 2e5), gas=(5e5, 3e7), numbers=(300, 1500, 500, 5, 400, 0.5, 0.1),
        shares=_CLEAN | {"AS": (0.5, 0.05, 0.2, 0.23, 0.02), "CS": (0.07, 0, 0.03, 0.85, 0.05)},
    ),
    "suburban": Regime(
        temperature=(272, 303), pressure=(9e4, 1.03e5), humidity=(0.25, 0.95), forest=(0.1, 0.6),
        production=(3e4, 5e5), gas=(1e6, 5e7), numbers=(1200, 3500, 800, 1, 1200, 2, 0.3),
        shares=_CLEAN | {"KS": (0.6, 0.07, 0.33, 0, 0), "AS": (0.5, 0.07, 0.38, 0.02, 0.03)},
    ),
    "savannah": Regime(
        temperature=(283, 312), pressure=(8.5e4, 1e5), humidity=(0.1, 0.8), forest=(0.1, 0.5),
        production=(1e4, 2e5), gas=(5e5, 3e7), numbers=(150, 1500, 700, 1, 700, 10, 1),
        shares=_CLEAN | {"KS": (0.35, 0.08, 0.57, 0, 0), "AS": (0.35, 0.08, 0.45, 0.02, 0.1),
                         "CS": (0.08, 0.01, 0.06, 0.05, 0.8)},
    ),
    "boreal": Regime(
        temperature=(262, 295), pressure=(9e4, 1.03e5), humidity=(0.35, 0.97), forest=(0.5, 1.0),
        production=(2e3, 6e4), gas=(2e5, 1.5e7), numbers=(400, 900, 250, 0.4, 60, 0.5, 0.05),
        shares=_CLEAN | {"KS": (0.45, 0.03, 0.52, 0, 0), "AS": (0.45, 0.03, 0.48, 0.03, 0.01)},
    ),
}
# fmt: on
"""Kinds of air by name: those that networks are trained on, chosen by, and judged on."""
DEVELOPMENT = ("continental", "coastal")
"""Regimes that are not trained on, but were looked at when networks and regimes were chosen."""
HELD_OUT = ("suburban", "savannah", "boreal")
"""Regimes that emulators are judged on; they were written down when all choices had been made."""
TRAINING = tuple(name for name in REGIMES if name not in DEVELOPMENT + HELD_OUT)
"""Regimes to train on."""
_SPECIES = ("SO4", "BC", "OC", "SS", "DU")


def sample_states(regime: str, n: int, *, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Draws n states (n, 26) and forcings (n, 7) of a regime.

    Numbers are log-normal about the medians of the regime, radii about `RADII` but kept within the
    bounds of the mode. Volume shares of species are drawn by Dirichlet's distribution; NS is
    sulphate, AI and CI are dust. Half of the cells have no cloud, the others 0 to 1, evenly.

    Raises:
        ConfigError: There is no regime of this name.
    """
    if regime not in REGIMES:
        raise ConfigError(f"Regimes are {', '.join(REGIMES)}, got {regime!r}; name one of these.")
    air = REGIMES[regime]
    state, forcing = np.zeros((n, len(STATE))), np.zeros((n, len(FORCING)))
    forcing[:, T] = random.uniform(*air.temperature, n)
    forcing[:, P] = random.uniform(*air.pressure, n)
    forcing[:, RH] = random.uniform(*air.humidity, n)
    forcing[:, CLOUD] = random.uniform(0, 1, n) * (random.random(n) < 0.5)
    forcing[:, FOREST] = random.uniform(*air.forest, n)
    forcing[:, PBL] = float(air.in_boundary_layer)
    forcing[:, PRODUCTION] = _even_in_logarithm(air.production, n, random)
    state[:, GAS] = _even_in_logarithm(air.gas, n, random)
    spread = np.log(NUMBER_SPREAD) * random.standard_normal((n, len(MODES)))
    state[:, FIRST_NUMBER:] = np.array(air.numbers) * np.exp(spread)
    volume = state[:, FIRST_NUMBER:] * _volumes(n, random)
    for mode, name in enumerate(MODES):
        own = np.flatnonzero(mode == MODE_OF)
        shares = _volume_shares(air, name, n, random)[:, [_species_of(int(i)) for i in own]]
        grams = volume[:, mode, None] * shares / c.SPECIFIC_VOLUME[own]
        state[:, FIRST_MASS + own] = grams / (c.GRAMS * c.PER_PARTICLE)[own]
    return state, forcing


def _even_in_logarithm(ends: tuple[float, float], n: int, random: np.random.Generator) -> Floats:
    return np.exp(random.uniform(math.log(ends[0]), math.log(ends[1]), n))


def _volumes(n: int, random: np.random.Generator) -> Floats:
    """Mean dry volume in cm³ of a particle of each mode, (n, 7)."""
    radius = RADII * np.exp(np.log(RADIUS_SPREAD) * random.standard_normal((n, len(MODES))))
    lowest = np.array([*c.MODE_BOUNDS, *c.MODE_BOUNDS[1:]])
    highest = np.append(lowest[1:N_SOLUBLE], [np.inf, *c.MODE_BOUNDS[2:], np.inf])
    radius = np.clip(radius, lowest, highest)
    return 4 / 3 * np.pi * (radius * c.MEAN_MASS_OF_MEDIAN) ** 3


def _species_of(mass: int) -> int:
    return _SPECIES.index(MASSES[mass].split("_")[0])


def _volume_shares(air: Regime, mode: str, n: int, random: np.random.Generator) -> Floats:
    """Volume shares of the species in a mode, (n, 5)."""
    pure = {"NS": (1, 0, 0, 0, 0), "AI": (0, 0, 0, 0, 1), "CI": (0, 0, 0, 0, 1)}
    mean = np.array(pure[mode] if mode in pure else air.shares[mode], dtype=float)
    there = mean > 0
    shares = np.zeros((n, len(_SPECIES)))
    shares[:, there] = random.dirichlet(CONCENTRATION * mean[there] / mean.sum(), n)
    return shares
