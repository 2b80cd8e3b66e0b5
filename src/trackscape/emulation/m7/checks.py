"""Whether states and forcings are such as M7 can take, and in the units that it takes."""

import math

import numpy as np

from trackscape.compiled import Floats
from trackscape.emulation.m7 import constants as c
from trackscape.emulation.m7.columns import (
    FIRST_MASS,
    FIRST_NUMBER,
    FORCING,
    MASSES,
    MODE_OF,
    MODES,
    STATE,
)
from trackscape.errors import DataError

_FORCING_RANGE = {
    "T": (150.0, 350.0, "K"),
    "p": (1e3, 1.2e5, "Pa"),
    "RH": (0.0, 1.0, "a share from 0 to 1"),
    "cloud": (0.0, 1.0, "a share from 0 to 1"),
    "forest": (0.0, 1.0, "a share from 0 to 1"),
    "PBL": (0.0, 1.0, "0 or 1"),
    "production": (0.0, 1e10, "molecules/cm³/s"),
}
_LARGEST = {"H2SO4": 1e13, "SO4": 1e15, "N": 1e9}
_LARGEST_OTHER = 1e6
_UNITS = {"H2SO4": "molecules/cm³", "SO4": "molecules/cm³", "N": "1/cm³"}
_SMALLEST_RADIUS, _LARGEST_RADIUS = 5e-9, 1e-2
"""In cm, of the mean particle of a mode; beyond these a unit is wrong."""


def check_step(dt: float) -> None:
    """Raises DataError unless a time step in s is more than 0 and finite."""
    if not (math.isfinite(dt) and dt > 0):
        raise DataError(f"Expected a time step dt of more than 0 s, got {dt}; give one, e.g. 450.")


def check_cells(state: Floats, forcing: Floats) -> None:
    """Checks arrays (cells, 26) and (cells, 7) of the columns STATE and FORCING.

    Units are told by what is plausible: ranges of each column, and the size of the particles that
    the masses and the number of a mode make, in the median over the cells.

    Raises:
        DataError: A shape is wrong, or a value is not finite, negative or out of range.
    """
    _check_shape(state, STATE, "states")
    _check_shape(forcing, FORCING, "forcings")
    if len(state) != len(forcing):
        raise DataError(
            f"Expected as many forcings as states, got {len(forcing)} for {len(state)}; give one "
            "for each cell."
        )
    for column, name in enumerate(STATE):
        kind = name.split("_")[0]
        highest, unit = _LARGEST.get(kind, _LARGEST_OTHER), _UNITS.get(kind, "µg/m³")
        check_column(state[:, column], name, lowest=0.0, highest=highest, unit=unit)
    for column, name in enumerate(FORCING):
        lowest, highest, unit = _FORCING_RANGE[name]
        check_column(forcing[:, column], name, lowest=lowest, highest=highest, unit=unit)
    _check_sizes(state)


def _check_shape(values: Floats, names: tuple[str, ...], what: str) -> None:
    if values.ndim != 2 or values.shape[1] != len(names):
        raise DataError(
            f"Expected {what} of shape (cells, {len(names)}) with the columns {', '.join(names)}, "
            f"got {tuple(values.shape)}; put them in this order."
        )


def check_column(values: Floats, name: str, *, lowest: float, highest: float, unit: str) -> None:
    """Raises DataError where values of a column are not finite or not from lowest to highest."""
    good = (values >= lowest) & (values <= highest)
    if not good.all():
        cell = int(np.argmin(good))
        raise DataError(
            f"Expected column {name} in {unit}, from {lowest:g} to {highest:g}, got "
            f"{values[cell]:g} in cell {cell}; look at its unit and for missing values."
        )


def _check_sizes(state: Floats) -> None:
    for mode, name in enumerate(MODES):
        own = np.flatnonzero(mode == MODE_OF)
        number = state[:, FIRST_NUMBER + mode]
        masses = state[:, FIRST_MASS + own] * (c.PER_PARTICLE * c.GRAMS * c.SPECIFIC_VOLUME)[own]
        volume = masses.sum(axis=1)
        lives = (number > 1) & (volume > 0)
        if not lives.any():
            continue
        radius = float(np.median(np.cbrt(volume[lives] / number[lives])))
        if not _SMALLEST_RADIUS < radius < _LARGEST_RADIUS:
            columns = ", ".join(MASSES[i] for i in own)
            raise DataError(
                f"Expected particles of mode {name} between {1e7 * _SMALLEST_RADIUS:g} nm and "
                f"{1e4 * _LARGEST_RADIUS:g} µm, but N_{name} and {columns} make particles of "
                f"{1e7 * radius:.3g} nm; look at their units: SO4 in molecules/cm³, other masses "
                "in µg/m³, numbers in 1/cm³."
            )
