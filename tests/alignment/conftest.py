"""Displaced detectors, and frames of the shipped sample."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from trackscape.alignment import LayerAlignment, no_alignment
from trackscape.data import Hits
from trackscape.evaluation import read_frames
from trackscape.samples import TRAIN


def make_displaced(depth: np.ndarray, seed: int, *, size: float = 1.0) -> LayerAlignment:
    """Layers at depths, shifted by up to 0.2 mm and rotated by up to 2 mrad, times a size."""
    random, n = np.random.default_rng(seed), len(depth)
    return dataclasses.replace(
        no_alignment(depth),
        shift=size * random.uniform(-0.2, 0.2, (n, 2)),
        rotation=size * random.uniform(-2e-3, 2e-3, n),
    )


@pytest.fixture(scope="session")
def displaced() -> Callable[..., LayerAlignment]:
    return make_displaced


@pytest.fixture(scope="session")
def frames() -> list[Hits]:
    return read_frames(TRAIN, per_frame=100)[:8]
