"""Tracks -> residual ranges and paths -> images of relative stopping power (RSP)."""

from trackscape.imaging.binning import Bins, Projection, bin_protons
from trackscape.imaging.calibration import Calibration, read_calibration, write_calibration
from trackscape.imaging.fbp import BackProjection, back_project, filled, filtered
from trackscape.imaging.hull import Cylinder, Hull, Outline
from trackscape.imaging.image import Grid, Image
from trackscape.imaging.image_files import picture_beside, read_image, write_image
from trackscape.imaging.iterative import cgls, drop, fista_tv, tv_strength, watched_fista_tv
from trackscape.imaging.listmode import PathIntegrals
from trackscape.imaging.pair_binning import bin_pairs
from trackscape.imaging.pairs import make_pairs, read_pairs, write_pairs, write_scan_pairs
from trackscape.imaging.path_table import PathTable
from trackscape.imaging.paths import Optics, optics_of, path_weights, with_stopping
from trackscape.imaging.picture import draw_image, draw_slice
from trackscape.imaging.probability import tracks_with_probability
from trackscape.imaging.protons import PathModel, Protons, select_protons
from trackscape.imaging.radiograph import make_radiograph
from trackscape.imaging.ranges import Ranges, bragg_ranges, midpoint_ranges, posterior_ranges
from trackscape.imaging.reconstruction import (
    Choice,
    find_geometry,
    make_image,
    scan_protons,
    split_protons,
)
from trackscape.imaging.rtk_geometry import CircularGeometry, read_geometry, write_geometry
from trackscape.imaging.scan_tracks import (
    TRUE_TRACKS,
    Recipe,
    ScanTracks,
    digest_of,
    track_scan,
)
from trackscape.imaging.score import ImageScore, InsertScore, score_image
from trackscape.imaging.track_table import TRACK, read_track_table, track_rows, write_track_table
from trackscape.imaging.truth import true_tracks
from trackscape.imaging.water import water_depths
from trackscape.imaging.water_boxes import calibrate

__all__ = [
    "TRACK",
    "TRUE_TRACKS",
    "BackProjection",
    "Bins",
    "Calibration",
    "Choice",
    "CircularGeometry",
    "Cylinder",
    "Grid",
    "Hull",
    "Image",
    "ImageScore",
    "InsertScore",
    "Optics",
    "Outline",
    "PathIntegrals",
    "PathModel",
    "PathTable",
    "Projection",
    "Protons",
    "Ranges",
    "Recipe",
    "ScanTracks",
    "back_project",
    "bin_pairs",
    "bin_protons",
    "bragg_ranges",
    "calibrate",
    "cgls",
    "digest_of",
    "draw_image",
    "draw_slice",
    "drop",
    "filled",
    "filtered",
    "find_geometry",
    "fista_tv",
    "make_image",
    "make_pairs",
    "make_radiograph",
    "midpoint_ranges",
    "optics_of",
    "path_weights",
    "picture_beside",
    "posterior_ranges",
    "read_calibration",
    "read_geometry",
    "read_image",
    "read_pairs",
    "read_track_table",
    "scan_protons",
    "score_image",
    "select_protons",
    "split_protons",
    "track_rows",
    "track_scan",
    "tracks_with_probability",
    "true_tracks",
    "tv_strength",
    "watched_fista_tv",
    "water_depths",
    "with_stopping",
    "write_calibration",
    "write_geometry",
    "write_image",
    "write_pairs",
    "write_scan_pairs",
    "write_track_table",
]
