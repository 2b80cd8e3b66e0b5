"""Fixtures of the tests of the simulation."""

from collections.abc import Callable

import numpy as np
import pytest

from trackscape.simulation.physics.random_streams import Stream, open_stream


def make_stream(seed: int, number: int = 0) -> Stream:
    """Beginning of stream `number` of a seed."""
    stream = np.empty(4, np.uint64)
    open_stream(seed, number, stream)
    return stream


@pytest.fixture(scope="session")
def new_stream() -> Callable[..., Stream]:
    return make_stream
