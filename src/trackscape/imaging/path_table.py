"""Most likely paths at fixed depths from a table: fast, and as good as computed one by one."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from trackscape.compiled import Floats, Integers, compiled, inlined
from trackscape.imaging.paths import path_weights
from trackscape.imaging.protons import PathModel, Protons

_HULL_STEP = 1.0  # mm; distance of entrances and of exits in the table of paths
_OFFSET = 10_000  # steps; entrances lie between minus and plus this
_NEXT = 2 * _OFFSET  # from the code of a pair to that of the next entrance

Weights = npt.NDArray[np.float32]


class PathRows(NamedTuple):
    """Where the paths of protons are found in a table. Axes: N protons, 2 sides x and y."""

    bend: Weights
    """Spot in mm, and place in mm and slope of the rear line less those of the axis of the spot,
    (N, 2, 3)."""
    corner: npt.NDArray[np.int32]
    """Rows of `PathTable.weight` of the four pairs of whole mm around entrance and exit, (N, 4)."""
    part: Weights
    """Distances of entrance and exit from the lower ones of these, in steps, (N, 2)."""

    def select(self, part: Integers) -> "PathRows":
        """Returns some of them."""
        return PathRows(self.bend[part], self.corner[part], self.part[part])


class PathTable:
    """Weights of paths at fixed depths, interpolated between whole mm of entrance and exit.

    A path depends on its proton by entrance and exit alone, so that a table for pairs of them does
    for all; pairs are added as they occur. Between them it is bilinear, which moves paths through
    150 mm by 5e-5 mm (rms).
    """

    def __init__(self, geometry: PathModel, z: Floats, *, from_magnet: bool) -> None:
        """Begins an empty table.

        Arguments:
            geometry: Beam, trackers and outline.
            z: Depths in mm, (n_z,).
            from_magnet: Give places in the plane of the axis, seen from the magnet, in place of
                those at z.
        """
        magnet = geometry.optics.beam.magnet
        self._geometry, self._z = geometry, z
        self._scale = magnet / (magnet + z) if from_magnet else np.ones_like(z)
        self._codes = np.empty(0, dtype=np.int64)
        self.axis: Weights = ((1 + z / magnet) * self._scale).astype(np.float32)
        """Place of the axis of a spot at 1 mm, (n_z,)."""
        self.weight: Weights = np.empty((0, 2, len(z)), dtype=np.float32)
        """Weights of rear place and rear slope, less those of the axis, (pairs, 2, n_z)."""

    def paths(self, protons: Protons) -> PathRows:
        """Returns where the paths of the protons are found in the table."""
        optics = self._geometry.optics
        spot, place, slope = np.moveaxis(protons.known, 2, 0)
        lean = spot / optics.beam.magnet
        bend = np.stack([spot, place - spot - optics.rear * lean, slope - lean], axis=2)
        ends = np.stack([protons.entrance, protons.exit], axis=1) / _HULL_STEP
        low = np.floor(ends)
        start, end = low.T.astype(np.int64) + _OFFSET
        cells, cell = np.unique(start * _NEXT + end, return_inverse=True)
        corner = self._rows(cells[:, None] + np.array([0, 1, _NEXT, _NEXT + 1]))
        part = (ends - low).astype(np.float32)
        return PathRows(bend.astype(np.float32), corner.astype(np.int32)[cell], part)

    def places(self, protons: Protons) -> Weights:
        """Returns the places of the paths at the depths in mm, (N, 2, n_z)."""
        out = np.empty((len(protons), 2, len(self._z)), dtype=np.float32)
        _places(*self.paths(protons), self.weight, self.axis, out)
        return out

    def _rows(self, codes: Integers) -> Integers:
        new = np.setdiff1d(codes, self._codes)
        if len(new):
            self.weight = np.concatenate([self.weight, self._weights(new)])
            self._codes = np.concatenate([self._codes, new])
        order = np.argsort(self._codes)
        return order[np.searchsorted(self._codes, codes, sorter=order)]

    def _weights(self, codes: Integers) -> Weights:
        start, end = ((part - _OFFSET) * _HULL_STEP for part in np.divmod(codes, _NEXT))
        end = np.maximum(start, end)  # of thin objects some corners are the wrong way round
        paths = path_weights(
            torch.from_numpy(self._z),
            torch.from_numpy(start)[:, None],
            torch.from_numpy(end)[:, None],
            optics=self._geometry.optics,
            moments=self._geometry.moments,
        )
        weight = np.moveaxis(paths.weight.numpy()[..., 1:], 2, 1) * self._scale
        return weight.astype(np.float32)


@inlined
def follow_path(
    bend: Weights,
    corner: npt.NDArray[np.int32],
    part: Weights,
    weight: Weights,
    axis: Weights,
    out: Weights,
) -> None:
    """Writes the places of one path at the depths of its table, (n_z,).

    Arguments:
        bend: Of one side of one proton, (3,); see `PathRows`.
        corner: Its rows of the table, (4,).
        part: Where it is between them, (2,).
        weight: That of the table.
        axis: That of the table.
        out: What is written.
    """
    one = np.float32(1)
    p, q = part[0], part[1]
    spot, place, slope = bend[0], bend[1], bend[2]
    a, b, c, d = (one - p) * (one - q), (one - p) * q, p * (one - q), p * q
    i, j, k, m = corner[0], corner[1], corner[2], corner[3]
    # Two loops, as LLVM makes vectors of no more than so many arrays.
    for n in range(len(out)):
        of_place = a * weight[i, 0, n] + b * weight[j, 0, n]
        of_place += c * weight[k, 0, n] + d * weight[m, 0, n]
        out[n] = spot * axis[n] + place * of_place
    for n in range(len(out)):
        of_slope = a * weight[i, 1, n] + b * weight[j, 1, n]
        of_slope += c * weight[k, 1, n] + d * weight[m, 1, n]
        out[n] += slope * of_slope


@compiled
def _places(
    bend: Weights,
    corner: npt.NDArray[np.int32],
    part: Weights,
    weight: Weights,
    axis: Weights,
    out: Weights,
) -> None:
    for proton in range(len(bend)):
        for side in range(2):
            follow_path(
                bend[proton, side], corner[proton], part[proton], weight, axis, out[proton, side]
            )
