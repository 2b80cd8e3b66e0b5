"""Surfaces with noise that batches share, without any model."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from trackscape.landscape import Trajectory
from trackscape.landscape.points import grid
from trackscape.landscape.surface import Surface


def make_surface(
    *steps: int,
    n_batches: int = 6,
    noise: float = 0.1,
    names: tuple[str, ...] = ("loss", "errors"),
    seed: int = 0,
) -> Surface:
    """A bowl, 1 at the centre, of a first direction that is twice as steep; errors are 10 less."""
    rng = np.random.default_rng(seed)
    steps = steps or (5, 4)
    directions = torch.from_numpy(rng.normal(size=(len(steps), 7)))
    axes = tuple(f"axis {number + 1}" for number in range(len(steps)))
    points = grid(torch.ones(7).double(), directions, steps=steps, axes=axes)
    steepness = np.array([2.0, 1.0, 1.0])[: len(steps)]
    bowl = 1 + (steepness * points.coordinates.numpy() ** 2).sum(axis=1)
    of_batch = noise * rng.normal(size=n_batches)
    values = bowl[:, None, None] + of_batch[:, None] - 10.0 * np.arange(len(names))
    weights = rng.uniform(1, 2, size=n_batches)
    return Surface(
        points=points,
        names=names,
        values=values,
        weights=weights / weights.sum(),
        about={"seed": seed, "norm": "frozen"},
    )


@pytest.fixture(scope="session")
def surface() -> Callable[..., Surface]:
    return make_surface


@pytest.fixture
def route() -> Trajectory:
    """Checkpoints that come from outside and far off the plane."""
    return Trajectory(np.array([[-2.0, 0.5], [-0.5, 0.4], [0.1, 0.1]]), np.array([3.0, 1.0, 0.1]))
