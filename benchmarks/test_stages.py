"""Wall time of each stage, ours and the baseline's: run by `pytest benchmarks --benchmark-only`."""

import functools
import itertools
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.cases import (
    N_FRAMES,
    N_FRAMES_QUICK,
    Case,
    Frame,
    find_files,
    load_frames,
    typical_size,
)
from benchmarks.stages import Work, all_work

SECONDS = 2.0
"""Time that the rounds of one benchmark may take, if one round of each frame takes less."""
MOST_ROUNDS = 20
"""Of each frame."""


@functools.lru_cache(maxsize=1)
def frames_of(case: Case, data: Path | None, n: int) -> list[Frame]:
    frames = load_frames(case, find_files(data), n=n)
    for frame in frames:
        assert frame.track_lists  # made here, not within the first round
        assert len(frame.label)
    return frames


def test_stage(
    benchmark: BenchmarkFixture, request: pytest.FixtureRequest, case: Case, stage: str, who: str
) -> None:
    quick = bool(request.config.getoption("--quick"))
    n = N_FRAMES_QUICK if quick else N_FRAMES
    frames, work = frames_of(case, request.config.getoption("--data"), n), all_work()[stage, who]
    benchmark.group = f"{stage}, {case}"
    benchmark.extra_info.update(
        case._asdict() | typical_size(frames)._asdict() | {"stage": stage, "who": who}
    )
    each = itertools.cycle(frames)
    for frame in frames:  # compiles, and gets all the memory that it takes
        work(frame)
    rounds = 1 if quick else _rounds(work, frames)
    benchmark.pedantic(work, setup=lambda: ((next(each),), {}), rounds=rounds * len(frames))


def _rounds(work: Work, frames: list[Frame]) -> int:
    """Rounds of each frame."""
    start = time.perf_counter()
    work(frames[0])
    seconds = time.perf_counter() - start
    return max(1, min(MOST_ROUNDS, int(SECONDS / (seconds * len(frames)))))
