"""Projections -> image: filtered back-projection of fans (and cones) from the magnet.

f(r) = Δφ/2 Σ m² q(u, z),  q = p w * h,  w = f/√(f² + u² + v²),  m = f/(f + z)

with the ramp h0 = 1/4a², h_k = -1/(π k a)² for odd k and 0 for even k (Kak and Slaney, 1988), and
the projection p at the depth z of the voxel. Linear in p.
"""

import math

import numpy as np
import scipy.fft

from trackscape.compiled import Floats, compiled
from trackscape.errors import DataError
from trackscape.imaging.binning import Bins, Projection, bin_protons
from trackscape.imaging.image import Grid, Image
from trackscape.imaging.path_table import PathTable
from trackscape.imaging.protons import PathModel, Protons

_ROUNDING = 1e-9


class BackProjection:
    """Adds up the image of a scan over a full turn, angle by angle, and what it leaves uncertain.

    Raises:
        DataError: `image` is asked for before any angle was added.
    """

    def __init__(self, grid: Grid, geometry: PathModel, *, groups: int = 1) -> None:
        """Begins an image.

        Arguments:
            grid: Voxels of the image.
            geometry: Beam, trackers and outline of the object.
            groups: Number of groups of tracks that are left out in turn; 1 for none.
        """
        self.bins = Bins.for_grid(grid)
        self._table = PathTable(geometry, self.bins.z, from_magnet=True)
        self._empty, self._magnet, self._groups = grid.empty(), geometry.optics.beam.magnet, groups
        self._n = 0
        self._total = np.zeros(self._empty.value.shape)
        self._variance = np.zeros_like(self._total)
        self._without = np.zeros((groups if groups > 1 else 0, *self._total.shape))

    def add(self, protons: Protons) -> None:
        """Adds the protons of one angle.

        Raises:
            DataError: There are no protons at some depth.
        """
        grouped = bin_protons(protons, self._table, self.bins, groups=self._groups)
        angle, total, weight = grouped.angle, grouped.total.sum(axis=0), grouped.weight.sum(axis=0)
        whole = Projection(angle, total, weight)
        self._back(filtered(whole, self.bins, self._magnet), angle, self._total)
        for group in range(len(self._without)):
            rest = weight - grouped.weight[group]
            rest[rest < _ROUNDING] = 0.0  # else empty bins would have any mean
            left = Projection(angle, total - grouped.total[group], rest)
            self._back(filtered(left, self.bins, self._magnet), angle, self._without[group])
        spread = float(np.average(protons.sd**2, weights=protons.weight))
        for square, part in enumerate(noise(whole, self.bins, self._magnet), start=1):
            self._back(spread * part, angle, self._variance, square)
        self._n += 1

    def _back(self, values: Floats, angle: float, out: Floats, square: int = 0) -> None:
        back_project(values, angle, self._empty, self.bins, self._magnet, out, square)

    def image(self) -> Image:
        """Returns the image of what was added, with the error of each voxel from the counts."""
        if self._n == 0:
            raise DataError("Expected tracks of at least one angle, got none.")
        # Outside of the circle that all angles see there is no image.
        x, z = self._empty.axis(0)[:, None, None], self._empty.axis(2)
        seen = x**2 + z**2 <= (0.5 * self.bins.n_u * self.bins.side_u) ** 2
        scale = math.pi / self._n * seen
        return self._empty.like(
            scale * self._total,
            scale * np.sqrt(self._variance),
            scale * self._without if self._groups > 1 else None,
        )


def filled(projection: Projection) -> Floats:
    """Returns the mean WEPL of each bin, (v, u, z); bins without protons are interpolated in u.

    Raises:
        DataError: A depth plane has no proton at all.
    """
    total, weight = projection.total, projection.weight
    if not (weight.sum(axis=1) > 0).all():
        raise DataError(
            f"Expected protons at every depth of the angle {math.degrees(projection.angle):g} "
            "degrees, but there is a plane without; take fewer slices, or leave this angle out."
        )
    mean = total / np.where(weight > 0, weight, np.nan)
    for v, z in {(v, z) for v, _, z in np.argwhere(weight == 0)}:
        row = mean[v, :, z]
        known = np.flatnonzero(weight[v, :, z] > 0)
        mean[v, :, z] = np.interp(np.arange(len(row)), known, row[known])
    return mean


def filtered(projection: Projection, bins: Bins, magnet: float) -> Floats:
    """Returns the projection after the weight of the fan and the ramp along u, (v, u, z)."""
    return _along_u(filled(projection) * _fan_weight(bins, magnet), _ramp(bins), bins)


def noise(projection: Projection, bins: Bins, magnet: float) -> tuple[Floats, Floats]:
    """Returns Σ h² / n and Σ h_k h_(k+1) / n of the filtered bins for a WEPL of variance 1."""
    weight = np.maximum(projection.weight, 0.5)  # an empty bin knows as little as its neighbours
    each = _fan_weight(bins, magnet) ** 2 / weight
    ramp = _ramp(bins)
    return _along_u(each, ramp**2, bins), _along_u(each, ramp * np.roll(ramp, -1), bins)


def _fan_weight(bins: Bins, magnet: float) -> Floats:
    u = bins.side_u * (np.arange(bins.n_u) - (bins.n_u - 1) / 2)
    v = bins.side_v * (np.arange(bins.n_v) - (bins.n_v - 1) / 2)
    return (magnet / np.sqrt(magnet**2 + u**2 + v[:, None] ** 2))[:, :, None]


def _ramp(bins: Bins) -> Floats:
    """Returns h at the distances -n_u to n_u - 1 in bins, times the side of a bin."""
    k = np.arange(-bins.n_u, bins.n_u)
    odd = np.where(k % 2 == 1, -1.0 / (math.pi * np.where(k == 0, 1, k)) ** 2, 0.0)
    return np.where(k == 0, 0.25, odd) / bins.side_u


def _along_u(values: Floats, kernel: Floats, bins: Bins) -> Floats:
    """Convolves along u with a kernel at the distances -n_u to n_u - 1."""
    length = scipy.fft.next_fast_len(3 * bins.n_u, real=True)
    product = np.asarray(scipy.fft.rfft(values, length, axis=1))
    product *= np.asarray(scipy.fft.rfft(kernel, length))[:, None]
    whole = np.asarray(scipy.fft.irfft(product, length, axis=1))
    return whole[:, bins.n_u : 2 * bins.n_u]


def back_project(
    values: Floats,
    angle: float,
    image: Image,
    bins: Bins,
    magnet: float,
    out: Floats,
    square: int = 0,
) -> None:
    """Adds m² times the filtered projection at each voxel to `out`, (nx, ny, nz).

    Arguments:
        values: Filtered projection, (v, u, z).
        angle: Its rotation in rad.
        image: Grid of the voxels.
        bins: Bins of the projection.
        magnet: Distance of the source in mm.
        out: Sum over the angles so far.
        square: 0 adds values; 1 adds variances, interpolated as such; 2 the covariances of
            neighbours in u that belong to them.
    """
    v = (image.axis(1), bins.side_v, (bins.n_v - 1) / 2)
    u = (bins.side_u, (bins.n_u - 1) / 2)
    z = (bins.step, (bins.n_z - 1) / 2)
    turn = (math.cos(angle), math.sin(angle))
    _back_project(
        np.ascontiguousarray(values),
        image.axis(0),
        v,
        image.axis(2),
        u,
        z,
        turn,
        magnet,
        square,
        out,
    )


@compiled
def _back_project(
    values: Floats,
    grid_x: Floats,
    v: tuple[Floats, float, float],
    grid_z: Floats,
    u: tuple[float, float],
    z: tuple[float, float],
    turn: tuple[float, float],
    magnet: float,
    square: int,
    out: Floats,
) -> None:
    n_v, n_u, n_z = values.shape
    grid_y, side_v, half_v = v
    side_u, half_u = u
    step, half_z = z
    cos, sin = turn
    for i in range(len(grid_x)):
        for k in range(len(grid_z)):
            x = cos * grid_x[i] + sin * grid_z[k]
            depth = cos * grid_z[k] - sin * grid_x[i]
            scale = magnet / (magnet + depth)
            at_u, at_z = x * scale / side_u + half_u, depth / step + half_z
            if not (0 <= at_u < n_u - 1):
                continue
            at_z = min(max(at_z, 0.0), n_z - 1.000001)
            a, c = int(at_u), int(at_z)
            p, r = at_u - a, at_z - c
            mass = scale * scale
            low, high = 1 - p, p
            if square == 1:
                low, high, mass = low * low, high * high, mass * mass
            elif square == 2:
                low, high, mass = 2 * low * high, 0.0, mass * mass
            for j in range(len(grid_y)):
                at_v = grid_y[j] * scale / side_v + half_v
                b = min(max(int(np.floor(at_v + 0.5)), 0), n_v - 1)
                row = values[b]
                first = low * row[a, c] + high * row[a + 1, c]
                second = low * row[a, c + 1] + high * row[a + 1, c + 1]
                out[i, j, k] += mass * ((1 - r) * first + r * second)
