"""Optimisers, averaging and losses with random numbers: killed at any moment, same bytes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.kill_trainings import AVERAGING, OPTIMISERS, settings
from trackscape import samples
from trackscape.training import frames
from trackscape.training.train import train

ROOT = Path(__file__).parents[2]
LOOP = sys.modules["trackscape.training.fit"]  # the package calls its function by this name, too
KEPT = ("weights.safetensors", "metrics.csv")
# Each way to move the weights, with losses that draw random numbers, or keep a state, or neither.
WAYS = [(optimiser, averaging) for averaging in reversed(AVERAGING) for optimiser in OPTIMISERS]
LOSSES = ("ptt", "aimle", "perturbed", "likelihood", "fenchel_young", "imle")
COMBINATIONS = [(loss, *way) for loss, way in zip(LOSSES, WAYS, strict=True)]


class Killed(BaseException):
    """Nobody expects it."""


@pytest.fixture
def kill(monkeypatch) -> Callable[..., None]:
    """Makes the n-th call of a function end everything, before or after it has done its work."""

    def arm(place: object, name: str, *, call: int, after: bool = False) -> None:
        function, calls = getattr(place, name), iter(range(1, 1000))

        def last(*args: object, **kwargs: object) -> object:
            number = next(calls)
            result = function(*args, **kwargs) if number < call or after else None
            if number >= call:
                monkeypatch.undo()
                raise Killed
            return result

        monkeypatch.setattr(place, name, last)

    return arm


@pytest.mark.parametrize(("loss", "optimiser", "averaging"), COMBINATIONS)
def test_killed_between_any_two_files_it_ends_with_the_same_bytes(
    tmp_path, kill, loss, optimiser, averaging
):
    config = settings(loss, optimiser, averaging, steps=6, hidden=4, encoding=8)

    def go_on(runs: str) -> Path:
        options = {"data": samples.FOLDER, "seed": 0, "progress": False}
        return train(config, runs=tmp_path / runs, **options).folder

    whole = go_on("whole")
    moments = [
        (frames.Examples, "__getitem__", 3, False),  # among the steps of the first epoch
        (LOOP, "save_network", 1, False),  # metrics without weights
        (LOOP, "save_network", 1, True),  # weights without a checkpoint
        (LOOP.KeepRun, "on_train_epoch_end", 2, True),  # behind the second checkpoint
        (LOOP.KeepRun, "write_tables", 1, True),  # metrics newer than the checkpoint
    ]
    for place, name, call, after in moments:
        kill(place, name, call=call, after=after)
        with pytest.raises(Killed):
            go_on("torn")
    torn = go_on("torn")
    assert torn.name == whole.name
    for name in KEPT:
        assert (torn / name).read_bytes() == (whole / name).read_bytes(), name
    assert {path.name for path in torn.iterdir()} == {path.name for path in whole.iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "kills"), [("pat", 3), ("simulate", 3)])
def test_killed_at_random_moments_it_ends_with_the_same_bytes(kind, kills):
    command = [sys.executable, "-m", "benchmarks.kill_trainings", kind, "--kills", str(kills)]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=one_thread, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
