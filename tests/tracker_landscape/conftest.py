"""Frames of the sample."""

import pytest

from trackscape import samples
from trackscape.data import Hits
from trackscape.tracker_landscape.problem import read_problem_frames


@pytest.fixture(scope="session")
def frames() -> list[Hits]:
    return read_problem_frames(samples.VALIDATION, per_frame=10, most=3)
