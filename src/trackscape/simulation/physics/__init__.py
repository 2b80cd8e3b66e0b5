"""The physics of protons in matter, as pure functions."""

from trackscape.simulation.physics.kinematics import PROTON_MASS
from trackscape.simulation.physics.scattering import highland
from trackscape.simulation.physics.stopping import (
    csda_range,
    energy_behind,
    energy_of_range,
    mass_stopping_power,
)

__all__ = [
    "PROTON_MASS",
    "csda_range",
    "energy_behind",
    "energy_of_range",
    "highland",
    "mass_stopping_power",
]
