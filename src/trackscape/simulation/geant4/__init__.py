"""Beam, phantom and detector -> hits, simulated by Geant4 itself.

Needs the extra `geant4` (geant4-pybind). Geant4's data sets are used where they are installed;
without them, what needs them is left out, and `geant4_provenance` says so.
"""

from trackscape.simulation.geant4.engine import check_installed as check_installed
from trackscape.simulation.geant4.engine import geant4_provenance as geant4_provenance
from trackscape.simulation.geant4.engine import simulate_geant4 as simulate_geant4
from trackscape.simulation.geant4.physics import geant4_version as geant4_version
from trackscape.simulation.geant4.physics import make_physics_list as make_physics_list
from trackscape.simulation.geant4.stub_data import import_geant4 as import_geant4
