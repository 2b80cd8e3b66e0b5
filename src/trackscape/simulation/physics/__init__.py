"""The physics of protons in matter, as pure functions."""

from trackscape.simulation.physics.kinematics import PROTON_MASS as PROTON_MASS
from trackscape.simulation.physics.scattering import highland as highland
from trackscape.simulation.physics.stopping import csda_range as csda_range
from trackscape.simulation.physics.stopping import energy_behind as energy_behind
from trackscape.simulation.physics.stopping import energy_of_range as energy_of_range
from trackscape.simulation.physics.stopping import mass_stopping_power as mass_stopping_power
