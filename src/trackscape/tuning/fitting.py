"""Points and values -> the parameters of a kernel of largest posterior density (MAP).

Priors are normal in the logarithms. Lengths grow with the root of the number of inputs, as the
distances between points do (Hvarfner, Hellsten, Nardi, ICML 2024); their width leaves most of it
to the data. Noise is small unless the values say otherwise.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from trackscape.tuning.factor import Doubles
from trackscape.tuning.kernel import SMALLEST_NOISE, Kernel, log_likelihood

LENGTH = (-0.8, 0.7)
"""Mean, for one input, and deviation of the prior of the logarithm of a length."""
AMPLITUDE = (0.0, 0.5)
"""Mean and deviation of the prior of the logarithm of the amplitude."""
NOISE = (np.log(1e-5), 2.0)
"""Mean and deviation of the prior of the logarithm of the noise."""
BOUNDS = {"length": (1e-2, 1e3), "amplitude": (1e-3, 1e3), "noise": (SMALLEST_NOISE, 1.0)}
FIT_STEPS = 30
"""Iterations of L-BFGS-B at most; a warm start needs few."""
FEW = 200
"""Points up to which a fit also starts from the centre of the prior, against bad local maxima."""


def prior_kernel(columns: NDArray[np.intp]) -> Kernel:
    """Returns the kernel in the centre of the prior, for columns that belong to inputs."""
    mean, _ = _prior(int(columns.max()) + 1)
    return Kernel.from_logarithms(mean, columns)


def fit_kernel(start: Kernel, points: Doubles, values: Doubles) -> Kernel:
    """Returns the kernel of the largest posterior density, climbing from a given one.

    Arguments:
        start: Where to climb from, such as the kernel that fitted fewer points.
        points: Points in the unit cube, (n, columns).
        values: Values of mean 0 and variance 1, (n,).
    """
    inputs = len(start.lengths)
    bounds = [BOUNDS["length"]] * inputs + [BOUNDS["amplitude"], BOUNDS["noise"]]
    starts = [start.logarithms]
    if len(points) <= FEW:
        starts.append(_prior(inputs)[0])
    found = [
        minimize(
            lambda theta: _loss(Kernel.from_logarithms(theta, start.columns), points, values),
            theta,
            jac=True,
            method="L-BFGS-B",
            bounds=np.log(bounds),
            options={"maxiter": FIT_STEPS, "ftol": 1e-6, "gtol": 1e-2},
        )
        for theta in starts
    ]
    best = min(found, key=lambda each: each.fun)
    return Kernel.from_logarithms(best.x, start.columns)


def log_posterior(kernel: Kernel, points: Doubles, values: Doubles) -> tuple[float, Doubles]:
    """Returns the log posterior density of parameters, but for a constant, and its gradient.

    Arguments and returns are those of `log_likelihood`.
    """
    likelihood, gradient = log_likelihood(kernel, points, values)
    mean, deviation = _prior(len(kernel.lengths))
    apart = (kernel.logarithms - mean) / deviation
    return likelihood - 0.5 * float(apart @ apart), gradient - apart / deviation


def _loss(kernel: Kernel, points: Doubles, values: Doubles) -> tuple[float, Doubles]:
    posterior, gradient = log_posterior(kernel, points, values)
    return (-posterior, -gradient) if np.isfinite(posterior) else (1e25, np.zeros_like(gradient))


def _prior(inputs: int) -> tuple[Doubles, Doubles]:
    lengths = np.full(inputs, LENGTH[0] + 0.5 * np.log(inputs))
    mean = np.array([*lengths, AMPLITUDE[0], NOISE[0]])
    return mean, np.array([*np.full(inputs, LENGTH[1]), AMPLITUDE[1], NOISE[1]])
