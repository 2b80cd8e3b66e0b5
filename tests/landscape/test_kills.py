"""Evaluations that are killed anywhere and go on end with the bytes of one that was left alone.

`python -m benchmarks.kill_surfaces` does the same many more times, and with Ray.
"""

import sys

import pytest

from benchmarks.landscape.kills import kill

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "kills"), [("serial", 4), ("queue", 4), ("processes", 2)])
def test_killed_at_random_moments_ends_with_the_same_bytes(tmp_path, kind, kills):
    outcome = kill(kind, tmp_path, kills=kills, steps=25)
    assert outcome.kills == kills
    assert outcome.evaluations > 0
    assert outcome.different == 0
