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

from trackscape.compiled import Floats, Integers, compiled, inlined
from trackscape.imaging.image import Grid
from trackscape.imaging.paths import path_weights
from trackscape.imaging.protons import PathModel, Protons

DEPTH_STEP = 2.0
"""Distance of the depth planes in mm."""
_HULL_STEP = 1.0  # mm; distance of entrances and of exits in the table of paths
_OFFSET = 10_000  # steps; entrances lie between minus and plus this
_NEXT = 2 * _OFFSET  # from the code of a pair to that of the next entrance

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


class Paths(NamedTuple):
    """Where the paths of protons are found in a table. Axes: N protons, 2 sides x and y."""

    bend: Weights
    """Spot in mm, and place in mm and slope of the rear line less those of the axis of the spot,
    (N, 2, 3)."""
    corner: npt.NDArray[np.int32]
    """Rows of `PathTable.weight` of the four pairs of whole mm around entrance and exit, (N, 4)."""
    part: Weights
    """Distances of entrance and exit from the lower ones of these, in steps, (N, 2)."""

    def select(self, part: Integers) -> "Paths":
        """Returns some of them."""
        return Paths(*(each[part] for each in self))


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

    def paths(self, protons: Protons) -> Paths:
        """Returns where the paths of the protons are found in the table."""
        optics = self._geometry.optics
        spot, place, slope = np.moveaxis(protons.known, 2, 0)
        lean = spot / optics.beam.magnet
        bend = np.stack([spot, place - spot - optics.rear * lean, slope - lean], axis=2)
        ends = np.stack([protons.entrance, protons.exit], axis=1) / _HULL_STEP
        low = np.floor(ends)
        start, end = low.T.astype(np.int64) + _OFFSET
        cells, cell = np.unique(start * _NEXT + end, return_inverse=True)
        corner = self._rows(cells[:, None] + [0, 1, _NEXT, _NEXT + 1])
        part = (ends - low).astype(np.float32)
        return Paths(bend.astype(np.float32), corner.astype(np.int32)[cell], part)

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


def bin_protons(protons: Protons, table: PathTable, bins: Bins, *, groups: int = 1) -> Projection:
    """Returns the projection of one angle, (groups, v, u, z).

    Arguments:
        protons: Protons of one angle.
        table: Paths at the depths of the bins, seen from the magnet.
        bins: Bins of the projection.
        groups: Number of groups of tracks; proton n is in the group ``protons.group[n] % groups``.
    """
    paths = table.paths(protons)
    sums = np.zeros((groups, bins.n_v, bins.n_u, bins.n_z, 2))
    _bin(
        *paths,
        table.weight,
        table.axis,
        protons.group % groups,
        protons.wepl,
        protons.weight,
        (1 / bins.side_u, bins.n_u / 2, 1 / bins.side_v, bins.n_v / 2),
        sums,
    )
    return Projection(protons.angle, sums[..., 0], sums[..., 1])


@inlined
def follow(
    bend: Weights,
    corner: npt.NDArray[np.int32],
    part: Weights,
    weight: Weights,
    axis: Weights,
    out: Weights,
) -> None:
    """Writes the places of one path at the depths of its table, (n_z,).

    Arguments:
        bend: Of one side of one proton, (3,); see `Paths`.
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
            follow(
                bend[proton, side], corner[proton], part[proton], weight, axis, out[proton, side]
            )


@compiled
def _bin(
    bend: Weights,
    corner: npt.NDArray[np.int32],
    part: Weights,
    weight: Weights,
    axis: Weights,
    group: Integers,
    wepl: Floats,
    worth: Floats,
    scale: tuple[float, float, float, float],
    sums: Floats,
) -> None:
    per_u, half_u = np.float32(scale[0]), np.float32(scale[1])
    per_v, half_v = np.float32(scale[2]), np.float32(scale[3])
    _, n_v, n_u, n_z, _ = sums.shape
    across, along = np.empty(n_z, dtype=np.float32), np.zeros(n_z, dtype=np.float32)
    for proton in range(len(wepl)):
        follow(bend[proton, 0], corner[proton], part[proton], weight, axis, across)
        if n_v > 1:
            follow(bend[proton, 1], corner[proton], part[proton], weight, axis, along)
        mass = worth[proton]
        product = mass * wepl[proton]
        for k in range(n_z):
            at_u = across[k] * per_u + half_u
            at_v = along[k] * per_v + half_v
            if 0 <= at_u < n_u and 0 <= at_v < n_v:
                u, v = np.int32(at_u), np.int32(at_v)
                sums[group[proton], v, u, k, 0] += product
                sums[group[proton], v, u, k, 1] += mass
