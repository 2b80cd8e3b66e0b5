"""Beam, phantom and detector -> hits.

    setup        beam, plan of spots, phantom, detector, materials
    physics      stopping, scattering, straggling, nuclear reactions as pure functions
    transport    the fast engine, compiled
    geant4       the engine of Geant4

What is offered here loads neither PyTorch nor numba; `trackscape.simulation.physics` does.
"""

from trackscape.simulation.recognition import METHODS_DETECTOR as METHODS_DETECTOR
from trackscape.simulation.recognition import Geometry as Geometry
from trackscape.simulation.recognition import check_layers as check_layers
from trackscape.simulation.recognition import describe_detector as describe_detector
from trackscape.simulation.recognition import geometry_of as geometry_of
from trackscape.simulation.recognition import geometry_of_hits as geometry_of_hits
from trackscape.simulation.recognition import layer_depths as layer_depths
from trackscape.simulation.recognition import mismatch as mismatch
from trackscape.simulation.recognition import recognise_detector as recognise_detector
from trackscape.simulation.record import HIT as HIT
from trackscape.simulation.record import INELASTIC as INELASTIC
from trackscape.simulation.record import LEFT as LEFT
from trackscape.simulation.record import OTHER as OTHER
from trackscape.simulation.record import PRIMARY as PRIMARY
from trackscape.simulation.record import STOPPED as STOPPED
from trackscape.simulation.record import Chunk as Chunk
from trackscape.simulation.record import Engine as Engine
from trackscape.simulation.record import Setup as Setup
from trackscape.simulation.record import make_setup as make_setup
from trackscape.simulation.run import choose_engine as choose_engine
from trackscape.simulation.run import simulate as simulate
from trackscape.simulation.scanning import simulate_scan as simulate_scan
from trackscape.simulation.setup.beam import Beam as Beam
from trackscape.simulation.setup.beam import Plan as Plan
from trackscape.simulation.setup.detector import Detector as Detector
from trackscape.simulation.setup.detector import Slab as Slab
from trackscape.simulation.setup.detector import load_detector as load_detector
from trackscape.simulation.setup.detector import shipped_detectors as shipped_detectors
from trackscape.simulation.setup.materials import ELEMENTS as ELEMENTS
from trackscape.simulation.setup.materials import Material as Material
from trackscape.simulation.setup.materials import shipped_materials as shipped_materials
from trackscape.simulation.setup.phantom import Insert as Insert
from trackscape.simulation.setup.phantom import Phantom as Phantom
from trackscape.simulation.setup.phantom_files import parse_phantom as parse_phantom
from trackscape.simulation.setup.phantom_files import read_phantom as read_phantom
from trackscape.simulation.setup.phantom_files import write_phantom as write_phantom
from trackscape.simulation.setup.pixels import DeadChip as DeadChip
from trackscape.simulation.setup.pixels import PixelGrid as PixelGrid
from trackscape.simulation.setup.rsp import REFERENCE_ENERGY as REFERENCE_ENERGY
from trackscape.simulation.setup.rsp import relative_stopping_power as relative_stopping_power
from trackscape.simulation.setup.rsp import rsp_image as rsp_image
from trackscape.simulation.setup.scan import MANIFEST as MANIFEST
from trackscape.simulation.setup.scan import Scan as Scan
from trackscape.simulation.setup.scan import read_scan as read_scan
from trackscape.simulation.setup.scan_settings import ScanSettings as ScanSettings
from trackscape.simulation.setup.scan_settings import load_scan_settings as load_scan_settings
