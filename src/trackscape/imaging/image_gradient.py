r"""Gradients of images with respect to the WEPL of each proton, and to decisions about segments.

Filtered back-projection is linear in WEPL: each angle sums it in bins (S), divides by counts (D),
fills holes (H), weighs the fan (F), filters with the ramp (R) and projects back (Bᵀ):
f = s Σ Bᵀ R F H D⁻¹ S w. So the gradient of any loss of an image is one pass of the adjoint,
∂L/∂w = s Sᵀ D⁻¹ Hᵀ F R B ∂L/∂f, as costly as the image itself.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from trackscape.compiled import Floats, compiled
from trackscape.errors import DataError
from trackscape.imaging.binning import Bins, Projection, bin_protons
from trackscape.imaging.fbp import back_project, filtered
from trackscape.imaging.image import Grid
from trackscape.imaging.path_table import PathTable, Weights, follow_path
from trackscape.imaging.protons import PathModel, Protons

_Map = Callable[[Floats], Floats]


class ImageOfWepl:
    """The linear map from the WEPL of all protons to their filtered back-projection. N protons.

    It is that of `trackscape.imaging.fbp.BackProjection`, in double precision. Paths and weights of
    the protons stay as they are.

    Raises:
        DataError: There are no angles.
    """

    def __init__(self, angles: Iterable[Protons], geometry: PathModel, grid: Grid) -> None:
        self._angles, self._image, self._bins = list(angles), grid.empty(), Bins.for_grid(grid)
        if not self._angles:
            raise DataError("Expected protons of at least one angle, got none.")
        self._table = PathTable(geometry, self._bins.z, from_magnet=True)
        self._magnet = geometry.optics.beam.magnet
        self._borders = np.cumsum([0, *map(len, self._angles)]).tolist()
        self._weight = [self._binned(protons, protons.wepl).weight for protons in self._angles]
        x, z = self._image.axis(0)[:, None, None], self._image.axis(2)
        seen = x**2 + z**2 <= (0.5 * self._bins.n_u * self._bins.side_u) ** 2
        self._scale = math.pi / len(self._angles) * seen

    @property
    def wepl(self) -> Floats:
        """Measured WEPL of the protons in mm, angle after angle, (N,)."""
        return np.concatenate([protons.wepl for protons in self._angles])

    def forward(self, wepl: Floats) -> Floats:
        """Returns the image (nx, ny, nz) of any WEPL of the protons in mm, (N,).

        Raises:
            DataError: An angle has no protons at some depth.
        """
        image = np.zeros(self._image.value.shape)
        for protons, part in self._parts(wepl):
            values = filtered(self._binned(protons, part), self._bins, self._magnet)
            back_project(values, protons.angle, self._image, self._bins, self._magnet, image)
        return self._scale * image

    def adjoint(self, gradient: Floats) -> Floats:
        """Returns ∂L/∂WEPL of each proton, (N,), for the gradient ∂L/∂image (nx, ny, nz)."""
        scaled, wepl = np.ascontiguousarray(self._scale * gradient), np.empty(self._borders[-1])
        for (protons, out), weight in zip(self._parts(wepl), self._weight, strict=True):
            values = self._refiltered(self._projected(scaled, protons.angle))
            share = _unfilled(values, weight) / np.where(weight > 0, weight, 1.0)
            self._gather(protons, share, out)
        return wepl

    def _parts(self, wepl: Floats) -> Iterable[tuple[Protons, Floats]]:
        ends = zip(self._borders, self._borders[1:], strict=False)
        return zip(self._angles, (wepl[start:stop] for start, stop in ends), strict=True)

    def _binned(self, protons: Protons, wepl: Floats) -> Projection:
        angle, total, weight = bin_protons(
            dataclasses.replace(protons, wepl=wepl), self._table, self._bins
        )
        return Projection(angle, total[0], weight[0])

    def _projected(self, image: Floats, angle: float) -> Floats:
        """The adjoint of `back_project`, (v, u, z)."""
        bins, grid = self._bins, self._image
        out = np.zeros((bins.n_v, bins.n_u, bins.n_z))
        v = (grid.axis(1), bins.side_v, (bins.n_v - 1) / 2)
        u, z = (bins.side_u, (bins.n_u - 1) / 2), (bins.step, (bins.n_z - 1) / 2)
        turn = (math.cos(angle), math.sin(angle))
        _project(image, grid.axis(0), v, grid.axis(2), u, z, turn, self._magnet, out)
        return out

    def _refiltered(self, values: Floats) -> Floats:
        """The adjoint of R F: as R is symmetric, F R = F (R F) F⁻¹."""
        bins = self._bins
        u = bins.side_u * (np.arange(bins.n_u) - (bins.n_u - 1) / 2)
        v = bins.side_v * (np.arange(bins.n_v) - (bins.n_v - 1) / 2)
        fan = (self._magnet / np.sqrt(self._magnet**2 + u**2 + v[:, None] ** 2))[:, :, None]
        whole = Projection(0.0, values / fan, np.ones_like(values))
        return fan * filtered(whole, bins, self._magnet)

    def _gather(self, protons: Protons, share: Floats, out: Floats) -> None:
        """The adjoint of `bin_protons`: what the bins of each proton add up to."""
        bins, table, paths = self._bins, self._table, self._table.paths(protons)
        scale = (1 / bins.side_u, bins.n_u / 2, 1 / bins.side_v, bins.n_v / 2)
        _gather(*paths, table.weight, table.axis, protons.weight, scale, share, out)


def image_of(wepl: Float64[Tensor, " protons"], scan: ImageOfWepl) -> Float64[Tensor, "x y z"]:
    """Returns the image of the WEPL of protons in mm; gradients flow back by the exact adjoint."""
    image: Any = _Linear.apply(wepl, scan.forward, scan.adjoint)
    return image


class _Linear(torch.autograd.Function):
    """A linear map, whose derivative is its adjoint, whose derivative is the map."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, apply: _Map, adjoint: _Map) -> Tensor:
        ctx.maps = adjoint, apply
        return torch.from_numpy(apply(values.detach().numpy()))

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> Any:
        return _Linear.apply(outer[0], *ctx.maps), None, None


def mixed_wepl(
    wepl: Float64[Tensor, " protons"],
    probability: Float64[Tensor, " edges"],
    ends: Int64[Tensor, "2 edges"],
) -> Float64[Tensor, " protons"]:
    r"""Returns what protons are read as if segments lead from some to others, to first order.

    .. math:: w_i + \sum_{e: i \to j} p_e (w_j - w_i)

    A track that goes over to another proton stops where that one does. With the gradient
    :math:`g_i = \partial L / \partial w_i`, segments cost :math:`g_i (w_j - w_i)`, of either sign:
    that is the gradient of the loss with respect to their probability.

    Arguments:
        wepl: WEPL of each proton in mm.
        probability: Probability p of each segment, or 0 and 1 where they are decided.
        ends: Number of the proton j that a segment leads to, then of the proton i where it begins.
    """
    other, own = ends
    return wepl.index_add(0, own, probability * (wepl[other] - wepl[own]))


def _unfilled(values: Floats, weight: Floats) -> Floats:
    """The adjoint of filling holes along u: their values go to the bins that they came from."""
    out = np.where(weight > 0, values, 0.0)
    for v, z in {(v, z) for v, _, z in np.argwhere(weight == 0)}:
        known, holes = np.flatnonzero(weight[v, :, z] > 0), np.flatnonzero(weight[v, :, z] == 0)
        after = np.searchsorted(known, holes)
        left, right = known[np.maximum(after - 1, 0)], known[np.minimum(after, len(known) - 1)]
        share = np.where(left < right, (holes - left) / np.maximum(right - left, 1), 0.0)
        np.add.at(out[v, :, z], left, (1 - share) * values[v, holes, z])
        np.add.at(out[v, :, z], right, share * values[v, holes, z])
    return out


@compiled
def _project(
    image: Floats,
    grid_x: Floats,
    v: tuple[Floats, float, float],
    grid_z: Floats,
    u: tuple[float, float],
    z: tuple[float, float],
    turn: tuple[float, float],
    magnet: float,
    out: Floats,
) -> None:
    n_v, n_u, n_z = out.shape
    grid_y, side_v, half_v = v
    for i in range(len(grid_x)):
        for k in range(len(grid_z)):
            x = turn[0] * grid_x[i] + turn[1] * grid_z[k]
            depth = turn[0] * grid_z[k] - turn[1] * grid_x[i]
            scale = magnet / (magnet + depth)
            at_u, at_z = x * scale / u[0] + u[1], depth / z[0] + z[1]
            if not (0 <= at_u < n_u - 1):
                continue
            at_z = min(max(at_z, 0.0), n_z - 1.000001)
            a, c = int(at_u), int(at_z)
            p, r = at_u - a, at_z - c
            for j in range(len(grid_y)):
                b = min(max(int(np.floor(grid_y[j] * scale / side_v + half_v + 0.5)), 0), n_v - 1)
                mass = scale * scale * image[i, j, k]
                out[b, a, c] += mass * (1 - p) * (1 - r)
                out[b, a + 1, c] += mass * p * (1 - r)
                out[b, a, c + 1] += mass * (1 - p) * r
                out[b, a + 1, c + 1] += mass * p * r


@compiled
def _gather(
    bend: Weights,
    corner: npt.NDArray[np.int32],
    part: Weights,
    weight: Weights,
    axis: Weights,
    worth: Floats,
    scale: tuple[float, float, float, float],
    share: Floats,
    out: Floats,
) -> None:
    per_u, half_u = np.float32(scale[0]), np.float32(scale[1])
    per_v, half_v = np.float32(scale[2]), np.float32(scale[3])
    n_v, n_u, n_z = share.shape
    across, along = np.empty(n_z, dtype=np.float32), np.zeros(n_z, dtype=np.float32)
    for proton in range(len(out)):
        follow_path(bend[proton, 0], corner[proton], part[proton], weight, axis, across)
        if n_v > 1:
            follow_path(bend[proton, 1], corner[proton], part[proton], weight, axis, along)
        total = 0.0
        for k in range(n_z):
            at_u = across[k] * per_u + half_u
            at_v = along[k] * per_v + half_v
            if 0 <= at_u < n_u and 0 <= at_v < n_v:
                total += share[np.int32(at_v), np.int32(at_u), k]
        out[proton] = worth[proton] * total
