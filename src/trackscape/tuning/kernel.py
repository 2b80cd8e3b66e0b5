"""The covariance of a Gaussian process: Matérn-5/2 with a length for each input.

    k(x, x') = a (1 + s + s²/3) exp(-s),    s = √5 r,    r² = Σ_j (x_j - x'_j)² / l_j²

Lengths are shared by the columns of one input, such as those of a category. Distances are products
of matrices; what rounding does to small ones is as small in k, whose slope in r is 0 there.

References:
    Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), section 4.2.
"""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from trackscape.tuning.factor import Doubles, lapack

SMALLEST_NOISE = 1e-6
"""Least variance of the noise, for values of variance 1."""


@dataclasses.dataclass(frozen=True)
class Kernel:
    """Parameters of the covariance."""

    lengths: Doubles
    """Length of each input, (inputs,), in units of the unit cube."""
    amplitude: float
    """Variance of the function, a."""
    noise: float
    """Variance of the noise of values."""
    columns: NDArray[np.intp]
    """Input of each column, (columns,)."""

    @classmethod
    def from_logarithms(cls, theta: Doubles, columns: NDArray[np.intp]) -> "Kernel":
        """Makes it of the logarithms of lengths, amplitude and noise, (inputs + 2,)."""
        *lengths, amplitude, noise = np.exp(theta)
        return cls(np.array(lengths), float(amplitude), float(noise), columns)

    @property
    def logarithms(self) -> Doubles:
        """Logarithms of lengths, amplitude and noise, (inputs + 2,)."""
        return np.log([*self.lengths, self.amplitude, self.noise])

    def scaled(self, points: Doubles) -> Doubles:
        """Returns points (n, columns) in units of the lengths."""
        return points / self.lengths[self.columns]

    def between(self, one: Doubles, other: Doubles) -> Doubles:
        """Returns k between all pairs of scaled points, (n, m)."""
        return self.with_slope(one, other)[0]

    def with_slope(self, one: Doubles, other: Doubles) -> tuple[Doubles, Doubles]:
        """Returns k and its slope h between all pairs of scaled points, (n, m).

        The derivative of k in the second point is h (x - x'), with h = 5/3 a (1 + s) exp(-s).
        """
        # In place, as fresh memory for large arrays takes longer than what is computed.
        s = squared_distances(one, other)
        s *= 5.0
        np.sqrt(s, out=s)
        slope = np.exp(-s)
        slope *= self.amplitude
        k = s * s
        k *= slope
        k /= 3.0
        s += 1.0
        slope *= s
        k += slope
        slope *= 5.0 / 3.0
        return k, slope


def squared_distances(one: Doubles, other: Doubles) -> Doubles:
    """Returns squared distances between all pairs of points, (n, m)."""
    found = one @ (-2.0 * other.T)
    found += (one * one).sum(axis=1)[:, None]
    found += (other * other).sum(axis=1)
    return np.maximum(found, 0.0, out=found)


def log_likelihood(kernel: Kernel, points: Doubles, values: Doubles) -> tuple[float, Doubles]:
    """Returns the log marginal likelihood of values, and its gradient in the logarithms.

    With α = K⁻¹y it is -½ yᵀα - ½ log det K - n/2 log 2π, and its gradient ½ tr((ααᵀ - K⁻¹) ∂K)
    (Rasmussen and Williams, equations 5.8 and 5.9); for a length, ∂K is h times squared distances
    along it. Costs n³ operations.

    Arguments:
        kernel: Its parameters.
        points: Points in the unit cube, (n, columns).
        values: Values of mean 0 and variance 1, (n,).

    Returns:
        The logarithm and its derivatives, (inputs + 2,); -inf and zeros where rounding leaves K not
        positive definite.
    """
    n, inputs = len(points), len(kernel.lengths)
    scaled = kernel.scaled(points - points.mean(axis=0))  # keeps the rounding of distances small
    k, slope = kernel.with_slope(scaled, scaled)
    k.flat[:: n + 1] += kernel.noise
    lower, failed = lapack.dpotrf(k.T, lower=1, clean=1, overwrite_a=1)
    if failed:
        return -np.inf, np.zeros(inputs + 2)
    log_det = 2.0 * np.log(lower.diagonal()).sum()
    weights = lapack.dpotrs(lower, values, lower=1)[0]
    inverse = lapack.dpotri(lower, lower=1, overwrite_c=1)[0].T  # its upper triangle
    trace = inverse.trace()
    inverse *= slope
    along = scaled**2
    moved = weights[:, None] * scaled
    of_fit = (along * (weights * (slope @ weights))[:, None] - moved * (slope @ moved)).sum(axis=0)
    sums = inverse.sum(axis=0) + inverse.sum(axis=1)
    of_volume = sums @ along - 2.0 * (scaled * (inverse @ scaled)).sum(axis=0)
    fit = values @ weights
    gradient = np.zeros(inputs + 2)
    np.add.at(gradient, kernel.columns, of_fit - of_volume)
    gradient[-2] = 0.5 * (fit - n - kernel.noise * (weights @ weights - trace))
    gradient[-1] = 0.5 * kernel.noise * (weights @ weights - trace)
    return float(-0.5 * (fit + log_det + n * np.log(2.0 * np.pi))), gradient
