"""Protons one by one: their WEPL as integrals of the image along their paths, and the adjoint."""

import copy
import math
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trackscape.compiled import Floats, compiled
from trackscape.errors import DataError
from trackscape.imaging.binning import DEPTH_STEP
from trackscape.imaging.image import Grid
from trackscape.imaging.path_table import PathRows, PathTable, Weights, follow_path
from trackscape.imaging.protons import PathModel, Protons

_SHARES = 4  # of the angles, each with an image of its own that the protons are added to


class _Part(NamedTuple):
    """Protons of one angle."""

    paths: PathRows
    ends: Floats
    """Entrance and exit in mm, (n, 2)."""
    turn: Floats
    """Cosine and sine of the angle."""


class PathIntegrals:
    """The linear map A from an image to the WEPL of each proton. Axes: N protons.

    The path is followed at depths 2 mm apart, the image interpolated between voxels in x and z. A
    proton takes 40 bytes: its path is computed again whenever it is needed.
    """

    def __init__(self, angles: Iterable[Protons], geometry: PathModel, grid: Grid) -> None:
        self.grid = grid
        planes = int(np.ceil(grid.size / DEPTH_STEP))
        half = DEPTH_STEP * (planes - 1) / 2
        self._z = np.linspace(-half, half, planes)
        self._table = PathTable(geometry, self._z, from_magnet=False)
        self._parts: list[_Part] = []
        image = grid.empty()
        self._origin = np.array(image.origin)
        self._spacing = np.array(image.spacing)
        self._borders = [0]
        wepl, sd, weight = [], [], []
        for protons in angles:
            turn = np.array([math.cos(protons.angle), math.sin(protons.angle)])
            ends = np.stack([protons.entrance, protons.exit], axis=1)
            self._parts.append(_Part(self._table.paths(protons), ends, turn))
            self._borders.append(self._borders[-1] + len(protons))
            wepl.append(protons.wepl)
            sd.append(protons.sd)
            weight.append(protons.weight)
        if not self._parts:
            raise DataError("Expected protons of at least one angle, got none.")
        self.wepl: Floats = np.concatenate(wepl)
        """Measured WEPL of the protons in mm, (N,)."""
        self.precision: Floats = np.concatenate(weight) / np.concatenate(sd) ** 2
        """Weight over variance of each, in 1/mm², (N,)."""

    def __len__(self) -> int:
        return len(self.wepl)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels of the image, (nx, ny, nz)."""
        return self.grid.across, self.grid.slices, self.grid.across

    def part(self, number: int, parts: int) -> "PathIntegrals":
        """Returns every so-many-th proton, from `number` on."""
        some = copy.copy(self)
        pick = [np.arange(number, len(part.ends), parts) for part in self._parts]
        some._parts = [
            _Part(paths.select(at), ends[at], turn)
            for (paths, ends, turn), at in zip(self._parts, pick, strict=True)
        ]
        some._borders = [0, *np.cumsum([len(at) for at in pick]).tolist()]
        every = np.concatenate([at + start for at, start in zip(pick, self._borders, strict=False)])
        some.wepl, some.precision = self.wepl[every], self.precision[every]
        return some

    def forward(self, image: npt.NDArray[np.float64]) -> Floats:
        """Returns A f: the integrals in mm, (N,), of an image (nx, ny, nz)."""
        out = np.zeros(len(self))
        image = np.ascontiguousarray(image, dtype=np.float64)
        self._follow(image, out, gather=True)
        return out

    def adjoint(self, values: Floats) -> npt.NDArray[np.float64]:
        """Returns Aᵀ p: the image (nx, ny, nz) that the values of the protons add up to."""
        out = np.zeros((_SHARES, *self.shape))
        values = np.ascontiguousarray(values, dtype=np.float64)
        self._follow(out, values, gather=False)
        return out.sum(axis=0)

    def _follow(self, image: npt.NDArray[np.float64], values: Floats, *, gather: bool) -> None:
        """Follows all paths, in shares that do not depend on the number of threads."""
        table = self._table.weight, self._table.axis
        grid = self._z, self._origin, self._spacing

        def follow_share(share: int) -> None:
            target = image if gather else image[share]
            for number in range(share, len(self._parts), _SHARES):
                part, inside = self._parts[number], slice(*self._borders[number : number + 2])
                rest = part.ends, part.turn, *grid, target, values[inside], gather
                _follow(*part.paths, *table, *rest)

        with ThreadPoolExecutor(min(_SHARES, len(os.sched_getaffinity(0)))) as pool:
            for _ in pool.map(follow_share, range(_SHARES)):
                pass


@compiled
def _follow(
    bend: Weights,
    corner: npt.NDArray[np.int32],
    part: Weights,
    weight: Weights,
    axis: Weights,
    ends: Floats,
    turn: Floats,
    z: Floats,
    origin: Floats,
    spacing: Floats,
    image: Floats,
    values: Floats,
    gather: bool,
) -> None:
    """Adds integrals of the image to the values, or the values along the paths to the image."""
    n_x, n_y, n_z = image.shape
    cos, sin = turn[0], turn[1]
    step, per_x, per_z = z[1] - z[0], 1 / spacing[0], 1 / spacing[2]
    across, along = np.empty(len(z), dtype=np.float32), np.empty(len(z), dtype=np.float32)
    for proton in range(len(values)):
        follow_path(bend[proton, 0], corner[proton], part[proton], weight, axis, across)
        if n_y > 1:
            follow_path(bend[proton, 1], corner[proton], part[proton], weight, axis, along)
        start, end = ends[proton, 0], ends[proton, 1]
        first = max(int(np.floor((start - z[0]) / step + 0.5)), 0)
        last = min(int(np.floor((end - z[0]) / step + 0.5)), len(z) - 1)
        value = values[proton]
        total = 0.0
        for k in range(first, last + 1):
            low, high = max(z[k] - 0.5 * step, start), min(z[k] + 0.5 * step, end)
            length = high - low
            x = np.float64(across[k])
            at_x = (cos * x - sin * z[k] - origin[0]) * per_x
            at_z = (sin * x + cos * z[k] - origin[2]) * per_z
            if length <= 0 or not (0 <= at_x < n_x - 1 and 0 <= at_z < n_z - 1):
                continue
            j = 0
            if n_y > 1:
                at_y = (along[k] - origin[1]) / spacing[1]
                j = min(max(int(np.floor(at_y + 0.5)), 0), n_y - 1)
            i, m = int(at_x), int(at_z)
            p, q = at_x - i, at_z - m
            if gather:
                near = (1 - q) * image[i, j, m] + q * image[i, j, m + 1]
                far = (1 - q) * image[i + 1, j, m] + q * image[i + 1, j, m + 1]
                total += length * ((1 - p) * near + p * far)
            else:
                near, far = length * (1 - p) * value, length * p * value
                image[i, j, m] += (1 - q) * near
                image[i, j, m + 1] += q * near
                image[i + 1, j, m] += (1 - q) * far
                image[i + 1, j, m + 1] += q * far
        if gather:
            values[proton] += total
