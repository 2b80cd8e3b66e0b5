"""Angles of a simulated scan -> what is expected of their protons."""

import dataclasses
import math

from trackscape.compiled import Floats
from trackscape.formats import read_primaries
from trackscape.imaging import expected_wepl
from trackscape.simulation import PRIMARY, Scan


def angle_wepl(scan: Scan, number: int) -> Floats:
    """Returns the expected water-equivalent path length of the events of an angle in mm, (N,)."""
    primaries = read_primaries(scan.primaries_files[number], PRIMARY.names or ())
    turned = dataclasses.replace(scan.phantom, angle=math.radians(scan.angles[number]))
    return expected_wepl(turned, primaries)
