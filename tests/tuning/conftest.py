"""Processes with data, and functions to tune."""

from collections.abc import Callable

import numpy as np
import pytest

from trackscape.tuning.kernel import Kernel
from trackscape.tuning.refits import Refits
from trackscape.tuning.surrogate import GaussianProcess

COLUMNS = np.array([0, 1, 2, 2])


def _bowl(points: np.ndarray) -> np.ndarray:
    return np.sin(4 * points[:, 0]) + (points[:, 1] - 0.3) ** 2 + points[:, 2:].sum(axis=1)


@pytest.fixture
def bowl() -> Callable[[np.ndarray], np.ndarray]:
    """A smooth function of points (n, columns)."""
    return _bowl


@pytest.fixture
def kernel() -> Kernel:
    return Kernel(np.array([0.4, 0.7, 1.3]), 1.7, 1e-4, COLUMNS)


@pytest.fixture
def process(kernel) -> Callable[..., GaussianProcess]:
    """Makes a process of n values at random points, whose kernel is given."""

    def make(n: int, *, seed: int = 0, kernel: Kernel = kernel) -> GaussianProcess:
        points = np.random.default_rng(seed).random((n, len(kernel.columns)))
        made = GaussianProcess(kernel.columns, refits=Refits.named("never"), first=10**6)
        made.kernel = kernel
        made.extend(points, _bowl(points))
        return made

    return make
