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

from trackscape.compiled import Floats, Integers, compiled
from trackscape.imaging.image import Grid
from trackscape.imaging.path_table import PathTable, Weights, follow_path
from trackscape.imaging.protons import Protons

DEPTH_STEP = 2.0
"""Distance of the depth planes in mm."""


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
        follow_path(bend[proton, 0], corner[proton], part[proton], weight, axis, across)
        if n_v > 1:
            follow_path(bend[proton, 1], corner[proton], part[proton], weight, axis, along)
        mass = worth[proton]
        product = mass * wepl[proton]
        for k in range(n_z):
            at_u = across[k] * per_u + half_u
            at_v = along[k] * per_v + half_v
            if 0 <= at_u < n_u and 0 <= at_v < n_v:
                u, v = np.int32(at_u), np.int32(at_v)
                sums[group[proton], v, u, k, 0] += product
                sums[group[proton], v, u, k, 1] += mass
