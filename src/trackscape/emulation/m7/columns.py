"""State and forcing of M7 as columns: names, units, and which mode holds what."""

import numpy as np

MODES = ("NS", "KS", "AS", "CS", "KI", "AI", "CI")
"""Nucleation, Aitken, accumulation and coarse mode, soluble (S) and insoluble (I)."""
MASSES = (
    *("SO4_NS", "SO4_KS", "SO4_AS", "SO4_CS"),
    *("BC_KS", "BC_AS", "BC_CS", "BC_KI"),
    *("OC_KS", "OC_AS", "OC_CS", "OC_KI"),
    *("SS_AS", "SS_CS"),
    *("DU_AS", "DU_CS", "DU_AI", "DU_CI"),
)
"""Sulphate, black carbon, organic carbon, sea salt and dust of each mode."""
STATE = ("H2SO4", *MASSES, *(f"N_{mode}" for mode in MODES))
"""Columns of a state: gas and SO4 in molecules/cm³, BC, OC, SS and DU in µg/m³, numbers in 1/cm³.

The paper has all of them but SS_AS and SS_CS: 24.
"""
FORCING = ("T", "p", "RH", "cloud", "forest", "PBL", "production")
"""Columns of the surroundings: temperature in K, pressure in Pa, relative humidity of the clear sky
(0 to 1), cloud cover and share of forest (0 to 1), whether a cell lies in the planetary boundary
layer (0 or 1), and production of H2SO4 in molecules/cm³/s."""
PUBLISHED = tuple(name for name in STATE if not name.startswith("SS_"))
"""Columns that the paper's emulator predicts."""

N_MASSES, N_MODES, N_SOLUBLE = len(MASSES), len(MODES), 4
GAS, FIRST_MASS, FIRST_NUMBER = 0, 1, 1 + len(MASSES)
T, P, RH, CLOUD, FOREST, PBL, PRODUCTION = range(len(FORCING))
NS, KS, AS, CS, KI, AI, CI = range(N_MODES)
MODE_OF = np.array([MODES.index(name[-2:]) for name in MASSES])
"""Mode of each mass."""
SO4 = np.arange(0, 4)
"""Masses in molecules/cm³."""


def species(name: str) -> list[int]:
    """Returns the columns of a state that hold a species such as BC; gas belongs to SO4."""
    gas = [GAS] if name == "SO4" else []
    return gas + [i for i, column in enumerate(STATE) if column.startswith(f"{name}_")]
