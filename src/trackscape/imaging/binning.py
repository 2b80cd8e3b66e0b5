"""Protons -> projections, distance-driven: the mean WEPL of the paths through each bin and depth.

At every depth plane of the object the path of a proton lies in another bin; filtered
back-projection then takes for each voxel the projection at the depth of the voxel (Rit et al., Med.
Phys. 40:031103, 2013). Bins are counted where the line from the magnet through the path crosses the
plane of the axis, so that u = x f / (f + z).
"""

import dataclasses
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from trackscape.compiled import Floats, Integers, compiled
from trackscape.imaging.image import Grid
from trackscape.imaging.paths import path_weights
from trackscape.imaging.protons import PathModel, Protons

DEPTH_STEP = 2.0
"""Distance of the depth planes in mm."""
_HULL_STEP = 1.0  # mm; entrances and exits are rounded to this for the table of paths
_OFFSET = 10_000  # steps; entrances lie between minus and plus this

Weights = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Bins:
    """Bins of a projection, centred on the axis. Axes: v along y, u across, z depths."""

    n_v: int
    """Number of bins along y."""
    n_u: int
    """Number of bins across."""
    n_z: int
    """Number of depth planes."""
    side_v: float
    """Side of a bin along y in mm."""
    side_u: float
    """Side of a bin across in mm."""
    step: float = DEPTH_STEP
    """Distance of the depth planes in mm."""
    at: float = 0.0
    """Middle of the depth planes, z in mm."""

    @classmethod
    def for_grid(cls, grid: Grid) -> "Bins":
        """Returns bins as wide as the voxels, with a margin for the corners."""
        planes = int(np.ceil(grid.size / DEPTH_STEP))
        return cls(grid.slices, grid.across, planes, grid.thickness, grid.voxel)

    @property
    def z(self) -> Floats:
        """Depths of the planes in mm, (n_z,)."""
        half = (self.n_z - 1) / 2
        return np.linspace(self.at - self.step * half, self.at + self.step * half, self.n_z)


class Projection(NamedTuple):
    """One angle. Axes: v, u, z; where tracks are in groups, these come first."""

    angle: float
    """Rotation of the object in rad."""
    total: Floats
    """Sum of weight times WEPL in mm in each bin, (v, u, z)."""
    weight: Floats
    """Sum of weights in each bin, (v, u, z)."""


class PathTable:
    """Weights of paths at fixed depths, for protons that enter and leave within the same mm.

    A path depends on its proton by entrance and exit alone, and on these so little that a table for
    each pair of them does for all. Pairs are added as they occur.
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
        self.weight: Weights = np.empty((0, len(z), 3), dtype=np.float32)
        """Weights of spot, rear place and rear slope, (pairs, z, 3)."""

    def pairs(self, protons: Protons) -> Integers:
        """Returns the row of `weight` of each proton, (N,)."""
        ends = np.stack([protons.entrance, protons.exit])
        start, end = np.rint(ends / _HULL_STEP).astype(np.int64) + _OFFSET
        codes, number = np.unique(start * 2 * _OFFSET + end, return_inverse=True)
        new = np.setdiff1d(codes, self._codes)
        if len(new):
            self.weight = np.concatenate([self.weight, self._weights(new)])
            self._codes = np.concatenate([self._codes, new])
        order = np.argsort(self._codes)
        return order[np.searchsorted(self._codes, codes, sorter=order)][number]

    def _weights(self, codes: Integers) -> Weights:
        start, end = ((part - _OFFSET) * _HULL_STEP for part in np.divmod(codes, 2 * _OFFSET))
        paths = path_weights(
            torch.from_numpy(self._z),
            torch.from_numpy(start)[:, None],
            torch.from_numpy(end)[:, None],
            optics=self._geometry.optics,
            moments=self._geometry.moments,
        )
        return (paths.weight.numpy() * self._scale[:, None]).astype(np.float32)


def bin_protons(protons: Protons, table: PathTable, bins: Bins, *, groups: int = 1) -> Projection:
    """Returns the projection of one angle, (groups, v, u, z).

    Arguments:
        protons: Protons of one angle.
        table: PathWeights at the depths of the bins, seen from the magnet.
        bins: Bins of the projection.
        groups: Number of groups of tracks; proton n is in the group ``protons.group[n] % groups``.
    """
    number = table.pairs(protons)
    sums = np.zeros((groups, bins.n_v, bins.n_u, bins.n_z, 2))
    _bin(
        protons.known.astype(np.float32),
        table.weight,
        number,
        protons.group % groups,
        protons.wepl,
        protons.weight,
        (1 / bins.side_u, bins.n_u / 2, 1 / bins.side_v, bins.n_v / 2),
        sums,
    )
    return Projection(protons.angle, sums[..., 0], sums[..., 1])


@compiled
def _bin(
    known: Weights,
    weight: Weights,
    number: Integers,
    group: Integers,
    wepl: Floats,
    worth: Floats,
    scale: tuple[float, float, float, float],
    sums: Floats,
) -> None:
    per_u, half_u = np.float32(scale[0]), np.float32(scale[1])
    per_v, half_v = np.float32(scale[2]), np.float32(scale[3])
    _, n_v, n_u, n_z, _ = sums.shape
    for proton in range(len(wepl)):
        x0, x1, x2 = known[proton, 0, 0], known[proton, 0, 1], known[proton, 0, 2]
        y0, y1, y2 = known[proton, 1, 0], known[proton, 1, 1], known[proton, 1, 2]
        row, part = number[proton], group[proton]
        mass = worth[proton]
        product = mass * wepl[proton]
        for k in range(n_z):
            a, b, c = weight[row, k, 0], weight[row, k, 1], weight[row, k, 2]
            at_u = (a * x0 + b * x1 + c * x2) * per_u + half_u
            at_v = np.float32(0.5)
            if n_v > 1:
                at_v = (a * y0 + b * y1 + c * y2) * per_v + half_v
            if 0 <= at_u < n_u and 0 <= at_v < n_v:
                u, v = np.int32(at_u), np.int32(at_v)
                sums[part, v, u, k, 0] += product
                sums[part, v, u, k, 1] += mass
