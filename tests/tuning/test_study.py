"""A study that was killed goes on, in any storage and by any executor."""

import math
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

optuna = pytest.importorskip("optuna")

from trackscape.errors import ConfigError, DataError, RunError  # noqa: E402
from trackscape.execution import Processes, RayCluster  # noqa: E402
from trackscape.tuning import (  # noqa: E402
    Categorical,
    Condition,
    Float,
    Optimizer,
    Space,
    draw_tuning,
    importances,
    open_study,
    optimizer_of,
    run_study,
)

SPACE = Space(
    {
        "x": Float(low=-1.0, high=1.0),
        "rate": Float(low=1e-3, high=1.0, log=True),
        "kind": Categorical(choices=("a", "b")),
    }
)


def loss(values) -> float:
    if values["rate"] > 0.9:
        raise DataError("Too fast.")
    return values["x"] ** 2 + 0.1 * math.log10(values["rate"]) ** 2 + (values["kind"] == "b")


def complete(study) -> list[dict]:
    return [each.params for each in study.trials if each.state.name == "COMPLETE"]


@pytest.mark.parametrize(
    "name", [pytest.param("sqlite:///{}/t.db", marks=pytest.mark.slow), "{}/t.log"]
)
def test_it_goes_on_with_the_same_trials(tmp_path, name):
    storage = name.format(tmp_path)
    for trials in (6, 12):
        run_study(open_study(storage, name="one"), loss, SPACE, trials=trials, progress=False)
    whole = open_study(f"{tmp_path}/whole.log", name="one")
    run_study(whole, loss, SPACE, trials=12, progress=False)
    assert complete(open_study(storage, name="one")) == complete(whole)
    assert len(complete(whole)) <= 12


KILLED = """
import os, sys
from trackscape.tuning import open_study, run_study
from test_study import SPACE, loss
n = 0
def dying(values):
    global n
    n += 1
    if n == 12:
        os.kill(os.getpid(), 9)
    return loss(values)
run_study(open_study(sys.argv[1], name="one"), dying, SPACE, trials=16, progress=False)
"""


@pytest.mark.slow
def test_a_kill_loses_nothing(tmp_path):
    storage = f"sqlite:///{tmp_path}/t.db"
    command = [sys.executable, "-c", KILLED, storage]
    done = subprocess.run(command, cwd=__file__.rsplit("/", 1)[0])
    assert done.returncode == -9
    study = open_study(storage, name="one")
    assert len(complete(study)) == 11
    run_study(study, loss, SPACE, trials=16, progress=False)
    whole = open_study(f"sqlite:///{tmp_path}/whole.db", name="one")
    run_study(whole, loss, SPACE, trials=16, progress=False)
    assert complete(study) == complete(whole)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*Ray will no longer override accelerator:FutureWarning")
@pytest.mark.parametrize("kind", [Processes, RayCluster])
def test_several_workers(tmp_path, kind):
    if kind is RayCluster:
        pytest.importorskip("ray")
    study = open_study(f"sqlite:///{tmp_path}/t.db", name="one")
    run_study(study, math_loss, SPACE, trials=14, executor=kind(2), progress=False)
    assert len(complete(study)) == 14
    assert study.best_value < 0.3


class DiesOnce:
    """Kills the process that calls it for the first time."""

    def __init__(self, trace) -> None:
        self.trace = trace

    def __call__(self, values) -> float:
        if values["x"] > 0 and not self.trace.exists():
            self.trace.write_text("here")
            os.kill(os.getpid(), signal.SIGKILL)
        return math_loss(values)


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing(tmp_path):
    study = open_study(f"{tmp_path}/t.log", name="one")
    dying = DiesOnce(tmp_path / "trace")
    run_study(study, dying, SPACE, trials=8, executor=Processes(2), progress=False)
    assert dying.trace.exists()
    assert [each.number for each in study.trials] == list(range(8))
    assert all(each.values == [math_loss(each.params)] for each in study.trials)


def math_loss(values) -> float:
    return values["x"] ** 2 + (values["kind"] == "b")


def test_a_study_in_which_all_fails(tmp_path):
    def fail(values):
        raise DataError("No data.")

    with pytest.raises(RunError, match=r"all failed, the last one: No data\."):
        run_study(
            open_study(f"{tmp_path}/t.log", name="one"), fail, SPACE, trials=3, progress=False
        )


def test_storages_and_spaces_that_do_not_fit(tmp_path):
    with pytest.raises(ConfigError, match="expected a database"):
        open_study("nothing", name="one")
    study = open_study(f"{tmp_path}/t.log", name="one")
    with pytest.raises(ConfigError, match="to maximise"):
        open_study(f"{tmp_path}/t.log", name="one", maximise=True)
    space = Space(
        {
            "kind": Categorical(choices=("a", "b")),
            "x": Float(low=0.0, high=1.0, when=Condition("kind", ("a",))),
        }
    )
    with pytest.raises(ConfigError, match="no condition"):
        run_study(study, loss, space, trials=3, progress=False)


def test_pictures_of_a_study(tmp_path):
    study = open_study(f"{tmp_path}/t.log", name="one")
    run_study(study, loss, SPACE, trials=8, progress=False)
    optimizer = optimizer_of(study, SPACE)
    assert optimizer.best.value == study.best_value
    assert len(draw_tuning(optimizer).axes) == 5
    with pytest.raises(DataError, match="Expected 5 values"):
        draw_tuning(Optimizer(SPACE))


def test_importances_are_shares_of_variance():
    optimizer = Optimizer(
        Space({name: Float(low=0.0, high=1.0) for name in "abc"}), refits="never", first=60
    )
    for a, b, c in np.random.default_rng(0).random((60, 3)):
        optimizer.tell({"a": a, "b": b, "c": c}, 2 * a + b)
    found = importances(optimizer)
    assert found["a"] == pytest.approx(0.8, abs=0.07)
    assert found["b"] == pytest.approx(0.2, abs=0.07)
    assert found["c"] == pytest.approx(0.0, abs=0.02)
