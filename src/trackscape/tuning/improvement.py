"""Mean and deviation of a prediction -> what a trial there is worth, with derivatives.

Expected improvement below the best value b, for u = (b - mean) / σ:

    EI = σ h(u),    h(u) = φ(u) + u Φ(u),    ∂EI/∂mean = -Φ(u),    ∂EI/∂σ = φ(u)

Far from the best value h underflows, but its logarithm does not, so that there is a slope to climb
everywhere.

References:
    Jones, Schonlau, Welch, J. Global Optim. 13 (1998) 455; Ament, Daulton, Eriksson, Balandat,
    Bakshy, NeurIPS 2023, for the logarithm.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr

from trackscape.tuning.factor import Doubles

CONFIDENCE = 2.0
"""Deviations below the mean of the lower bound."""
_LOG_ROOT_2PI = 0.5 * np.log(2.0 * np.pi)
_FAR = -40.0  # below, the series is exact to 1e-11 and the closed form begins to cancel


class Worth(NamedTuple):
    """What trials are worth, and the derivatives of it."""

    value: Doubles
    by_mean: Doubles
    by_deviation: Doubles


def log_improvement(mean: Doubles, deviation: Doubles, *, best: float) -> Worth:
    """Returns the logarithm of the expected improvement below the best value."""
    u = (best - mean) / deviation
    log_h, slope, density = (np.empty_like(u) for _ in range(3))  # Φ / h, φ / h
    near = u > -1.0
    at = u[near]
    phi = np.exp(-0.5 * at**2 - _LOG_ROOT_2PI)
    h = phi + at * ndtr(at)
    log_h[near], slope[near], density[near] = np.log(h), ndtr(at) / h, phi / h
    at = u[~near]
    ratio = np.sqrt(np.pi / 2.0) * erfcx(-at / np.sqrt(2.0))  # Φ / φ
    w = 1.0 / at**2
    far = w * (1.0 - w * (3.0 - w * (15.0 - 105.0 * w)))
    rest = np.where(at < _FAR, far, 1.0 + at * ratio)  # h / φ
    log_h[~near] = np.log(rest) - 0.5 * at**2 - _LOG_ROOT_2PI
    slope[~near], density[~near] = ratio / rest, 1.0 / rest
    return Worth(np.log(deviation) + log_h, -slope / deviation, density / deviation)


def low_bound(mean: Doubles, deviation: Doubles) -> Worth:
    """Returns how low a value may be: the mean less some deviations, with opposite sign.

    References:
        Srinivas, Krause, Kakade, Seeger, ICML 2010 (GP-UCB).
    """
    one = np.ones_like(mean)
    return Worth(CONFIDENCE * deviation - mean, -one, CONFIDENCE * one)


def log_feasibility(mean: Doubles, deviation: Doubles, *, limit: float) -> Worth:
    """Returns the logarithm of the probability that the value is not above a limit.

    References:
        Gardner et al., ICML 2014.
    """
    u = (limit - mean) / deviation
    value = log_ndtr(u)
    slope = np.exp(-0.5 * u**2 - _LOG_ROOT_2PI - value) / deviation
    return Worth(value, -slope, -u * slope)
