"""Beam, phantom and detector -> hits, simulated by Geant4 itself.

Needs the extra `geant4` (geant4-pybind). Geant4's data sets are used where they are installed;
without them, what needs them is left out, and `geant4_provenance` says so.
"""

from trackscape.simulation.geant4.engine import (
    check_installed,
    geant4_provenance,
    simulate_geant4,
)
from trackscape.simulation.geant4.physics import geant4_version, make_physics_list
from trackscape.simulation.geant4.stub_data import import_geant4

__all__ = [
    "check_installed",
    "geant4_provenance",
    "geant4_version",
    "import_geant4",
    "make_physics_list",
    "simulate_geant4",
]
