r"""The most likely path of a proton of which only the rear and the beam spot are known.

The state of one axis is y = (x, θ), place and slope, and moves freely by R(d) = [[1, d], [0, 1]].

- Before the object the beam is the prior: on average on the axis of its spot,
  (x_s (1 + z/f), x_s / f), with the size s and the divergence t at its source plane, a distance d
  before z: [[s² + t² d², t² d], [t² d, t²]].
- Behind it two tracker planes a distance D apart measure (x_r, θ_r), with σ the error of a place
  and τ the scattering in the first layer behind its sensor:
  σ² [[1, -1/D], [-1/D, 2/D²]] + diag(0, τ²).
- Between its entrance and its exit it scatters as Highland describes (Gottschalk et al.,
  Nucl. Instrum. Meth. B 74:467, 1993), with the water-equivalent depth w and the lever b - u:
  Σ(a, b) = (13.6 MeV)²/X0 (1 + 0.038 ln(w_ab/X0))² ∫ [[(b-u)², b-u], [b-u, 1]] / (pv)² dw.

At each depth the two sides are averaged by their precision (Krah et al., Phys. Med. Biol.
63:135013, 2018, with a beam in place of the front tracker). All of it is linear in the three
numbers of a proton, x_s, x_r and θ_r: `path_weights` gives their weights, for one proton or for a
table.
"""

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from trackscape.imaging.water import momentum_velocity_in_water, water_range
from trackscape.simulation import Beam, Scan
from trackscape.units import um

RADIATION_LENGTH = 360.8
"""X0 of water in mm."""
_HIGHLAND = 13.6  # MeV
_SHORTEST = 1e-3  # of X0: Highland's logarithm holds for more
_POINTS = 1281


@dataclasses.dataclass(frozen=True)
class Optics:
    """What is known of every proton: its beam before the object, and its trackers behind it."""

    beam: Beam = dataclasses.field(default_factory=Beam)
    """Energy, source plane, spot size and divergence, and distance of the magnet."""
    rear: float = 225.2315
    """First tracker plane: z in mm."""
    gap: float = 52.4
    """Distance D from there to the second one in mm."""
    resolution: float = 5 * um
    """Error σ of a place on a plane in mm."""
    layer: float = 0.0051
    """Matter of the first layer behind its sensor, in radiation lengths: it gives τ by Highland's
    formula, 2.3 mrad at 185 MeV."""
    stopping: float = 1.0
    """Mean stopping power of the object relative to water: scales depth to that of water."""


def optics_of(scan: Scan) -> Optics:
    """Returns the beam and the trackers of a scan."""
    z = scan.detector.layer_z
    return Optics(beam=scan.beam, rear=float(z[0]), gap=float(z[1] - z[0]))


def with_stopping(optics: Optics, stopping: float) -> Optics:
    """Returns the same optics around an object of another mean stopping power."""
    return dataclasses.replace(optics, stopping=stopping)


class PathWeights(NamedTuple):
    """Weights of x_s, x_r and θ_r, and what they leave uncertain. Any shape of depths."""

    weight: Float[Tensor, "*depths 3"]
    """Place in mm for each mm of the spot, mm of the rear place, and rad of the rear slope."""
    slope: Float[Tensor, "*depths 3"]
    """The same for the slope of the path."""
    covariance: Float[Tensor, "*depths 2 2"]
    """Covariance of place (mm) and slope (rad)."""


class ScatteringMoments(NamedTuple):
    """∫ wⁿ / (pv)² dw from 0 to each depth, n = 0, 1, 2, on a grid of water-equivalent depths."""

    step: float
    """Distance of the depths in mm of water."""
    value: Float[Tensor, "points 4"]
    """ScatteringMoments in mmⁿ⁺¹ / MeV², and 1 / (pv)² itself in 1 / MeV²."""

    def at(self, depth: Float[Tensor, "*depths"]) -> Float[Tensor, "*depths 4"]:
        """Returns the columns at depths in mm of water, interpolated; differentiable."""
        place = (depth / self.step).clamp(0, len(self.value) - 1.000001)
        left = place.detach().long()
        part = (place - left)[..., None]
        return (1 - part) * self.value[left] + part * self.value[left + 1]


def scattering_moments(energy: float) -> ScatteringMoments:
    """Tabulates the moments for protons of an energy in MeV that enter water."""
    # Near the end of the range 1/(pv)² grows without bound; nothing behind it is imaged.
    depth = np.linspace(0.0, 0.97 * water_range(energy), _POINTS)
    rate = 1.0 / momentum_velocity_in_water(energy, depth) ** 2
    terms = rate[:, None] * depth[:, None] ** np.arange(3)
    steps = 0.5 * (terms[1:] + terms[:-1]) * np.diff(depth)[:, None]
    value = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    return ScatteringMoments(float(depth[1]), torch.from_numpy(np.column_stack([value, rate])))


def path_weights(
    z: Tensor, entrance: Tensor, exit_: Tensor, *, optics: Optics, moments: ScatteringMoments
) -> PathWeights:
    """Returns the most likely path as weights of what is known of a proton.

    Arguments:
        z: Depths in mm where the path is asked for, any shape; before the entrance and behind the
            exit, too, where it is straight.
        entrance: Where the proton enters the object, z in mm; broadcasts with z.
        exit_: Where it leaves it.
        optics: Beam and trackers.
        moments: Those of `scattering_moments` at the energy of the beam.

    Returns:
        Weights, so that place = weight @ (x_s, x_r, θ_r), their slopes, and the covariance.
    """
    z, entrance, exit_ = torch.broadcast_tensors(z, entrance, exit_)
    beam = optics.beam
    inside = torch.minimum(torch.maximum(z, entrance), exit_)
    here, back = z - beam.source, optics.rear - z
    spread = beam.divergence**2
    prior = _Symmetric(
        beam.spot_size**2 + spread * here**2, spread * here, torch.full_like(z, spread)
    )
    forward = prior + _scatter(entrance, inside, z, entrance, optics, moments)
    rear = torch.full_like(z, optics.rear)
    behind = _measured(exit_ - entrance, optics, moments)
    behind += _scatter(inside, exit_, rear, entrance, optics, moments)
    gain = forward.gain(behind.moved(-back))
    lean = 1 / beam.magnet
    axis = 1 + z * lean
    (g00, g01), (g10, g11) = gain
    place = (axis - g00 * axis - g01 * lean, g00, g01 - g00 * back)
    slope = (lean - g10 * axis - g11 * lean, g10, g11 - g10 * back)
    return PathWeights(torch.stack(place, -1), torch.stack(slope, -1), forward.reduced(gain))


class _Symmetric(NamedTuple):
    """Symmetric 2 x 2 matrices: covariances of place and slope."""

    place: Tensor
    both: Tensor
    slope: Tensor

    def __add__(self, other: "_Symmetric") -> "_Symmetric":  # type: ignore[override]
        return _Symmetric(*(a + b for a, b in zip(self, other, strict=True)))

    def moved(self, length: Tensor) -> "_Symmetric":
        """Returns R S Rᵀ: the covariance after a free way."""
        place = self.place + 2 * length * self.both + length**2 * self.slope
        return _Symmetric(place, self.both + length * self.slope, self.slope)

    def gain(self, other: "_Symmetric") -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Returns S (S + other)⁻¹: how much of the other side is believed."""
        a, b, c = self
        total = self + other
        determinant = total.place * total.slope - total.both**2
        return (
            (
                (a * total.slope - b * total.both) / determinant,
                (b * total.place - a * total.both) / determinant,
            ),
            (
                (b * total.slope - c * total.both) / determinant,
                (c * total.place - b * total.both) / determinant,
            ),
        )

    def reduced(self, gain: tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Tensor:
        """Returns S - gain S, (..., 2, 2)."""
        a, b, c = self
        (g00, g01), (g10, g11) = gain
        both = b - g00 * b - g01 * c
        rows = (a - g00 * a - g01 * b, both), (both, c - g10 * b - g11 * c)
        return torch.stack([torch.stack(row, -1) for row in rows], -2)


def _measured(length: Tensor, optics: Optics, moments: ScatteringMoments) -> _Symmetric:
    """Covariance of the rear line, for objects of a length in mm."""
    sigma = torch.full_like(length, optics.resolution**2)
    tau = _HIGHLAND**2 * optics.layer * (1 + 0.038 * math.log(optics.layer)) ** 2
    rate = moments.at(optics.stopping * length)[..., 3]
    return _Symmetric(sigma, -sigma / optics.gap, 2 * sigma / optics.gap**2 + tau * rate)


def _scatter(
    start: Tensor,
    end: Tensor,
    at: Tensor,
    entrance: Tensor,
    optics: Optics,
    moments: ScatteringMoments,
) -> _Symmetric:
    """Covariance at the depth `at` of what happens between `start` and `end`."""
    scale = optics.stopping
    first, last = scale * (start - entrance), scale * (end - entrance)
    m0, m1, m2, _ = (moments.at(last) - moments.at(first)).unbind(-1)
    share = ((last - first) / RADIATION_LENGTH).clamp(min=_SHORTEST)
    strength = _HIGHLAND**2 / RADIATION_LENGTH * (1 + 0.038 * share.log()) ** 2
    lever = at - entrance
    first_moment = lever * m0 - m1 / scale
    second_moment = lever**2 * m0 - 2 * lever * m1 / scale + m2 / scale**2
    return _Symmetric(strength * second_moment, strength * first_moment, strength * m0)
