"""Beam, phantom and detector -> hits.

    setup        beam, plan of spots, phantom, detector, materials
    physics      stopping, scattering, straggling, nuclear reactions as pure functions
    transport    the fast engine, compiled
    geant4       the engine of Geant4

What is offered here loads neither PyTorch nor numba; `trackscape.simulation.physics` does.
"""

from trackscape.simulation.recognition import (
    METHODS_DETECTOR,
    Geometry,
    describe_detector,
    geometry_of,
    geometry_of_hits,
    layer_depths,
    mismatch,
    recognise_detector,
)
from trackscape.simulation.record import (
    HIT,
    INELASTIC,
    LEFT,
    OTHER,
    PRIMARY,
    STOPPED,
    Chunk,
    Engine,
    Setup,
    make_setup,
)
from trackscape.simulation.run import choose_engine, simulate
from trackscape.simulation.scanning import simulate_scan
from trackscape.simulation.setup.beam import Beam, Plan
from trackscape.simulation.setup.detector import Detector, Slab, load_detector, shipped_detectors
from trackscape.simulation.setup.materials import ELEMENTS, Material, shipped_materials
from trackscape.simulation.setup.phantom import Insert, Phantom
from trackscape.simulation.setup.phantom_files import parse_phantom, read_phantom, write_phantom
from trackscape.simulation.setup.rsp import REFERENCE_ENERGY, relative_stopping_power, rsp_image
from trackscape.simulation.setup.scan import MANIFEST, Scan, read_scan
from trackscape.simulation.setup.scan_settings import ScanSettings, load_scan_settings

__all__ = [
    "ELEMENTS",
    "HIT",
    "INELASTIC",
    "LEFT",
    "MANIFEST",
    "METHODS_DETECTOR",
    "OTHER",
    "PRIMARY",
    "REFERENCE_ENERGY",
    "STOPPED",
    "Beam",
    "Chunk",
    "Detector",
    "Engine",
    "Geometry",
    "Insert",
    "Material",
    "Phantom",
    "Plan",
    "Scan",
    "ScanSettings",
    "Setup",
    "Slab",
    "choose_engine",
    "describe_detector",
    "geometry_of",
    "geometry_of_hits",
    "layer_depths",
    "load_detector",
    "load_scan_settings",
    "make_setup",
    "mismatch",
    "parse_phantom",
    "read_phantom",
    "read_scan",
    "recognise_detector",
    "relative_stopping_power",
    "rsp_image",
    "shipped_detectors",
    "shipped_materials",
    "simulate",
    "simulate_scan",
    "write_phantom",
]
