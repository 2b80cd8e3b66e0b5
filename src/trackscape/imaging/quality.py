"""Which tracks may speak of the object: cuts on WEPL and angle among those that cross one place.

A proton that reacted, or a track of two protons, differs from its neighbours. As in proton CT
since Schulte et al. (Med. Phys. 35:4849, 2008), tracks more than three standard deviations from
the others in their bin, in WEPL or in one of both angles, are left out.
"""

import itertools

import numpy as np
import numpy.typing as npt

from trackscape.compiled import Floats, Integers, compiled
from trackscape.units import mrad

N_SIGMA = 3.0
"""Distance from the median, in standard deviations, that is allowed."""
BIN = 3.0
"""Side of a bin in mm."""
LEAST_TRACKS = 5
"""Bins with fewer tracks say nothing about them; their tracks are left out."""
_FLOOR = np.array([3.0, 3 * mrad, 3 * mrad])
"""Least standard deviation of WEPL in mm and of the angles in rad that is believed."""
_ROUNDS = 3
_NORMAL = 1.4826  # standard deviation of a normal distribution for each median absolute deviation

Mask = npt.NDArray[np.bool_]


def consistent(place: Floats, wepl: Floats, angle: Floats, *, bin_width: float = BIN) -> Mask:
    """Returns which tracks agree with the others in their bin, (N,).

    The centre is the median and the width 1.4826 times the median absolute deviation, at least 3 mm
    and 3 mrad, in three rounds.

    Arguments:
        place: Where the tracks cross the middle of the object in mm, (N, 1) or (N, 2).
        wepl: Water-equivalent path lengths in mm, (N,).
        angle: Angles to the axis of the beam spot in both projections in rad, (N, 2).
        bin_width: Side of a bin in mm.
    """
    if len(wepl) == 0:
        return np.zeros(0, dtype=bool)
    order, borders = _bins(place, bin_width)
    values = np.column_stack([wepl, angle])[order]
    kept = np.empty(len(wepl), dtype=np.bool_)
    _cut(values, borders, _FLOOR, kept)
    result = np.empty_like(kept)
    result[order] = kept
    return result


def neighbours(place: Floats, wepl: Floats, *, bin_width: float = BIN) -> tuple[Floats, Floats]:
    """Returns median and width of the WEPL in the bin of each track in mm, (N,) each.

    Arguments and the width are those of `consistent`.
    """
    middle, width = np.empty((2, len(wepl)))
    if len(wepl) == 0:
        return middle, width
    order, borders = _bins(place, bin_width)
    for start, stop in itertools.pairwise(borders):
        part = order[start:stop]
        centre = np.median(wepl[part])
        spread = _NORMAL * np.median(np.abs(wepl[part] - centre))
        middle[part], width[part] = centre, max(spread, _FLOOR[0])
    return middle, width


def _bins(place: Floats, bin_width: float) -> tuple[Integers, Integers]:
    """Returns the tracks in the order of their bins, (N,), and the borders between these."""
    cell = np.floor(place / bin_width).astype(np.int64)
    cell -= cell.min(axis=0)
    number = cell[:, 0] if cell.shape[1] == 1 else cell[:, 0] * (cell[:, 1].max() + 1) + cell[:, 1]
    order = np.argsort(number, kind="stable")
    borders = np.flatnonzero(np.diff(number[order], prepend=-1, append=number.max() + 1))
    return order, borders


@compiled
def _cut(values: Floats, borders: Integers, floor: Floats, kept: Mask) -> None:
    for part in range(len(borders) - 1):
        start, stop = borders[part], borders[part + 1]
        kept[start:stop] = True
        for _ in range(_ROUNDS):
            left = values[start:stop][kept[start:stop]]
            if len(left) < LEAST_TRACKS:
                kept[start:stop] = False
                break
            for column in range(values.shape[1]):
                centre = np.median(left[:, column])
                width = _NORMAL * np.median(np.abs(left[:, column] - centre))
                limit = N_SIGMA * max(width, floor[column])
                for row in range(start, stop):
                    if abs(values[row, column] - centre) > limit:
                        kept[row] = False
