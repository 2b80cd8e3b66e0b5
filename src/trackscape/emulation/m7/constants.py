"""Constants of M7 as in ECHAM-HAM 2.3, in CGS units.

References:
    Vignati, Wilson and Stier, "M7: An efficient size-resolved aerosol microphysics module for
    large-scale aerosol transport models", J. Geophys. Res. 109 (2004) D22202.
    Zhang et al., "The global aerosol-climate model ECHAM-HAM, version 2", Atmos. Chem. Phys. 12
    (2012) 8911.
"""

import numpy as np

from trackscape.emulation.m7.columns import MASSES

AVOGADRO = 6.02214179e23
BOLTZMANN = 1.38e-16
"""In erg/K, rounded as in M7."""
GAS_CONSTANT = 8.314e7
"""In erg/mol/K, rounded as in M7."""

WIDTHS = np.array([1.59, 1.59, 1.59, 2.0, 1.59, 1.59, 2.0])
"""Geometric standard deviation of the radii of each mode."""
LOG_WIDTHS = np.log(WIDTHS)
_LOG2 = LOG_WIDTHS**2
MEDIAN_OF_MEAN_MASS = np.exp(-1.5 * _LOG2)
"""Count median radius over the radius of the particle of average mass."""
MEAN_MASS_OF_MEDIAN = np.exp(1.5 * _LOG2)
MEAN_SURFACE_OF_MEDIAN = np.exp(_LOG2)
"""Radius of the particle of average surface over the count median radius."""
MODE_BOUNDS = np.array([0.5e-7, 5e-7, 50e-7, 500e-7])
"""Smallest dry count median radius in cm of each soluble mode; the next one is its largest."""

_DENSITY = {"SO": 1.841, "BC": 2.0, "OC": 2.0, "SS": 2.165, "DU": 2.65}
_KAPPA = {"SO": 0.60, "BC": 0.0, "OC": 0.06, "SS": 1.0, "DU": 0.0}
DENSITY = np.array([_DENSITY[name[:2]] for name in MASSES])
"""In g/cm³."""
SPECIFIC_VOLUME = 1 / DENSITY
KAPPA = np.array([_KAPPA[name[:2]] for name in MASSES])
"""Hygroscopicity, Petters and Kreidenweis 2007."""
DENSITY_H2SO4, DENSITY_NA2SO4, DENSITY_NACL = 1.841, 2.68, 2.165
MOLAR_H2SO4, MOLAR_SO4, MOLAR_NACL, MOLAR_NA2SO4 = 98.0734, 96.0631, 58.443, 142.0376
"""In g/mol."""
_IS_SO4 = np.array([name.startswith("SO4") for name in MASSES])
PER_PARTICLE = np.where(_IS_SO4, 1.0, 1e-12)
"""From µg/m³ over 1/cm³ to g; SO4 stays in molecules."""
GRAMS = np.where(_IS_SO4, MOLAR_SO4 / AVOGADRO, 1.0)
"""From SO4 in molecules to g, for the κ scheme; others are in g."""
CRITICAL_CLUSTER = MODE_BOUNDS[0] ** 3 * np.pi * AVOGADRO * DENSITY_H2SO4 / MOLAR_H2SO4 / 0.75
"""Molecules of SO4 in a nucleation particle whose mode is empty."""

ACCOMMODATION = np.array([1.0, 1.0, 1.0, 1.0, 0.3, 0.3, 0.3])
"""Share of the H2SO4 molecules that stick to a particle that they hit."""
MOLECULE_AREA = 2.39e-15
"""cm² of a particle's surface that one molecule of H2SO4 covers; one layer makes it soluble."""

LEAST_NUMBER, LEAST_MASS, LEAST_VOLUME, LEAST_RADIUS = 1e-10, 1e-15, 1e-23, 1e-8
"""Below these, in 1/cm³, the units of the mass, cm³ and cm, a mode counts as empty."""
LEAST_SINK, LEAST_LOSS = 1e-10, 1e-15
"""In 1/s; condensation and coagulation between modes that are slower are left out."""
EPSILON = 2.220446049250313e-16
