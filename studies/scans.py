"""Angles of a simulated scan of CTP404 -> its protons, and what is expected of them."""

import dataclasses
import math
from typing import NamedTuple

import numpy as np

from trackscape.compiled import Floats
from trackscape.formats import read_primaries
from trackscape.imaging import Cylinder, PathModel, expected_wepl, optics_of, select_protons
from trackscape.simulation import PRIMARY, Scan

RADIUS = 75.0
"""Radius of the phantom in mm: protons beside it do not count."""


def angle_wepl(scan: Scan, number: int) -> Floats:
    """Returns the expected water-equivalent path length of the events of an angle in mm, (N,)."""
    primaries = read_primaries(scan.primaries_files[number], PRIMARY.names or ())
    turned = dataclasses.replace(scan.phantom, angle=math.radians(scan.angles[number]))
    return expected_wepl(turned, primaries)


def path_model(scan: Scan) -> PathModel:
    """Returns what the paths of the protons of a scan depend on."""
    return PathModel.of(optics_of(scan), Cylinder(RADIUS))


class Used(NamedTuple):
    """Tracks of an angle that an image takes, (N,) each."""

    rows: np.ndarray
    """Their rows in the table of tracks."""
    wepl: Floats
    """In mm."""
    error: Floats
    """WEPL less that expected along the true path of the proton of the first hit, in mm."""


def used_tracks(rows: np.ndarray, model: PathModel, *, radians: float, expected: Floats) -> Used:
    """Returns the tracks that pass the cuts of images and cross the object.

    Arguments:
        rows: Tracks of one angle, of type `trackscape.imaging.TRACK`.
        model: That of `path_model`.
        radians: Rotation of the object.
        expected: WEPL of the events in mm, as `angle_wepl`.
    """
    protons = select_protons(rows, model, angle=radians)
    kept = rows[protons.row]
    error = protons.wepl - expected[kept["event"]]
    used = (protons.entrance < protons.exit) & (kept["event"] >= 0) & np.isfinite(error)
    return Used(kept[used], protons.wepl[used], error[used])
