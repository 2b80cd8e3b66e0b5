"""The particles that are followed: numbers, masses and charges."""

import numpy as np

from trackscape.simulation.physics.kinematics import ELECTRON_MASS, PROTON_MASS

PROTON, DEUTERON, TRITON, HELIUM_3, ALPHA, HEAVY, ELECTRON, PHOTON = range(8)
"""HEAVY stands for all nuclei beyond helium: they stop where they are made."""
MASS = np.array([PROTON_MASS, 1875.613, 2808.921, 2808.391, 3727.379, 26000.0, ELECTRON_MASS, 0.0])
"""MeV (CODATA 2022); HEAVY about that of silicon."""
CHARGE = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 12.0, -1.0, 0.0])
PDG = np.array([2212, 1000010020, 1000010030, 1000020030, 1000020040, 1000120240, 11, 22])
"""Codes of the Particle Data Group; HEAVY as magnesium-24."""
_LIGHT = {(1, 1): PROTON, (1, 2): DEUTERON, (1, 3): TRITON, (2, 3): HELIUM_3, (2, 4): ALPHA}


def kind_of(charge: np.ndarray, nucleons: np.ndarray) -> np.ndarray:
    """Returns the numbers of nuclei of given charge and mass numbers; charge 0 means a photon."""
    kind = np.where(charge == 0, PHOTON, HEAVY)
    for (z, a), number in _LIGHT.items():
        kind[(charge == z) & (nucleons == a)] = number
    return kind
