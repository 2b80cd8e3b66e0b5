"""The sampler in studies of Optuna: alone, with others, killed, constrained, with two aims."""

import math
import pickle
import subprocess
import sys

import pytest

optuna = pytest.importorskip("optuna")

from trackscape.tuning import LazyGPSampler  # noqa: E402
from trackscape.tuning.suggester import Suggester  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.ERROR)


def parabola(trial) -> float:
    x, y = trial.suggest_float("x", -1, 1), trial.suggest_float("y", -1, 1)
    return (x - 0.3) ** 2 + (y + 0.2) ** 2


def study_of(storage=None, *, seed: int = 0, name: str = "study", **settings):
    return optuna.create_study(
        storage=storage,
        study_name=name,
        load_if_exists=True,
        sampler=LazyGPSampler(seed=seed, **settings),
    )


def parameters(study) -> list[dict]:
    return [trial.params for trial in study.trials]


def test_it_finds_the_bottom_and_is_repeatable():
    one, same = study_of(), study_of()
    for each in (one, same):
        each.optimize(parabola, n_trials=20)
    assert one.best_value < 1e-3
    assert parameters(one) == parameters(same)


def test_maximising_is_minimising():
    down = study_of()
    up = optuna.create_study(direction="maximize", sampler=LazyGPSampler(seed=0), study_name="up")
    down.optimize(parabola, n_trials=14)
    up.optimize(lambda trial: -parabola(trial), n_trials=14)
    assert parameters(up) == parameters(down)


def mixed(trial) -> float:
    kind = trial.suggest_categorical("kind", ["a", "b", None])
    rate = trial.suggest_float("rate", 1e-4, 1, log=True)
    layers = trial.suggest_int("layers", 1, 8)
    share = trial.suggest_float("share", 0, 1, step=0.25)
    extra = trial.suggest_float("extra", 0, 1) if kind == "b" else 0.0
    return (kind != "b") + (math.log10(rate) + 2) ** 2 + 0.1 * abs(layers - 3) + share + 0 * extra


def test_a_mixed_space_with_parameters_that_come_and_go():
    study = study_of()
    study.optimize(mixed, n_trials=40)
    best = study.best_params
    assert (best["kind"], best["layers"], best["share"]) == ("b", 3, 0.0)
    assert study.best_value < 0.05


@pytest.mark.parametrize(
    "storage", ["memory", pytest.param("sqlite", marks=pytest.mark.slow), "journal"]
)
def test_another_process_continues_the_same_sequence(tmp_path, storage):
    """A sampler that is new has to learn all from the storage, as after a kill."""
    made = {
        "memory": optuna.storages.InMemoryStorage,
        "sqlite": lambda: f"sqlite:///{tmp_path}/study.db",
        "journal": lambda: optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(str(tmp_path / "study.log"))
        ),
    }[storage]()
    whole = study_of()
    whole.optimize(parabola, n_trials=14)
    for trials in (5, 7, 2):
        study_of(made).optimize(parabola, n_trials=trials)
    assert parameters(study_of(made)) == parameters(whole)


def test_trials_under_way_are_kept_away_from():
    study = study_of()
    study.optimize(parabola, n_trials=12)
    space = {name: optuna.distributions.FloatDistribution(-1, 1) for name in ("x", "y")}
    asked = [study.ask(space).params for _ in range(5)]
    apart = [math.dist(a.values(), b.values()) for a in asked for b in asked if a is not b]
    assert min(apart) > 1e-4


def test_those_who_ask_at_the_same_moment_get_different_points():
    study = study_of()
    study.optimize(parabola, n_trials=12)
    trials = [study._storage.create_new_trial(study._study_id) for _ in range(3)]
    frozen = [study._storage.get_trial(each) for each in trials]
    sampler = study.sampler
    space = sampler.infer_relative_search_space(study, frozen[0])
    points = []
    for each in frozen[::-1]:  # none knows what the earlier ones were given
        points.append(tuple(sampler.sample_relative(study, each, space).values()))
    assert len(set(points)) == 3


def test_failures_pruning_and_odd_values():
    def odd(trial):
        value, number = parabola(trial), trial.number
        if number % 5 == 1:
            return math.nan
        if number % 5 == 2:
            trial.report(value, 1)
            raise optuna.TrialPruned
        if number % 5 == 3:
            raise ValueError
        return math.inf if number % 10 == 4 else value

    study = study_of()
    study.optimize(odd, n_trials=30, catch=(ValueError,))
    states = {trial.state.name for trial in study.trials}
    assert states == {"COMPLETE", "FAIL", "PRUNED"}
    assert study.best_value < 1


def test_a_failed_trial_that_is_tried_again_is_no_failure():
    broken = study_of()
    broken.optimize(parabola, n_trials=12)
    whole = study_of()
    whole.optimize(parabola, n_trials=13)
    trial = broken.ask({k: optuna.distributions.FloatDistribution(-1, 1) for k in "xy"})
    broken.tell(trial, state=optuna.trial.TrialState.FAIL)
    broken.enqueue_trial(trial.params)
    broken.optimize(parabola, n_trials=1)
    after = [each.ask({k: optuna.distributions.FloatDistribution(-1, 1) for k in "xy"}).params
             for each in (broken, whole)]  # fmt: skip
    assert after[0] == after[1]


def test_constraints():
    def below(trial):
        return [0.5 - trial.params["x"]]  # x shall not be below 0.5

    study = study_of(constraints_func=below)
    study.optimize(parabola, n_trials=25)
    best = min(
        (each for each in study.trials if each.params["x"] >= 0.5), key=lambda each: each.value
    )
    assert best.params["x"] == pytest.approx(0.5, abs=0.02)
    assert best.value < 0.05


def test_several_objectives():
    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=LazyGPSampler(seed=0), study_name="two"
    )

    def both(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        return x**2 + (y - 0.5) ** 2, -((x - 1) ** 2) - (y - 0.5) ** 2

    study.optimize(both, n_trials=30)
    good = [each for each in study.best_trials if abs(each.params["y"] - 0.5) < 0.1]
    assert len(good) >= 6
    assert max(e.params["x"] for e in good) - min(e.params["x"] for e in good) > 0.5


def test_threads_and_pickles():
    study = study_of()
    study.optimize(parabola, n_trials=16, n_jobs=3)
    assert len({tuple(each.values()) for each in parameters(study)}) == 16
    sampler = pickle.loads(pickle.dumps(study.sampler))
    sampler.reseed_rng()
    study.sampler = sampler
    study.optimize(parabola, n_trials=2)


WORKER = """
import sys, time, optuna
from trackscape.tuning import LazyGPSampler
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.load_study(
    study_name="study", storage=sys.argv[1], sampler=LazyGPSampler(seed=0)
)
def objective(trial):
    x, y = trial.suggest_float("x", -1, 1), trial.suggest_float("y", -1, 1)
    if len(sys.argv) > 3 and trial.number == 13:
        print("begun", flush=True)
        time.sleep(100)
    return (x - 0.3) ** 2 + (y + 0.2) ** 2
study.optimize(objective, n_trials=int(sys.argv[2]))
"""


@pytest.mark.slow
def test_two_processes_on_one_study(tmp_path):
    storage = f"sqlite:///{tmp_path}/study.db"
    study_of(storage)
    command = [sys.executable, "-c", WORKER, storage, "10"]
    workers = [subprocess.Popen(command) for _ in range(2)]
    assert [each.wait(timeout=120) for each in workers] == [0, 0]
    found = parameters(study_of(storage))
    assert len(found) == 20
    assert len({tuple(each.values()) for each in found}) == 20


def test_what_another_was_given_meanwhile_is_not_given_again(monkeypatch):
    """Both came to the same point, as they knew different trials."""
    study = study_of()
    study.optimize(parabola, n_trials=12)
    given = []
    suggest = Suggester.suggest

    def while_another_is_quicker(self, *arguments, **named):
        found = suggest(self, *arguments, **named)
        if not given:
            given.append(self.space.values(found[-1]))
            other = optuna.trial.create_trial(
                state=optuna.trial.TrialState.RUNNING,
                params=given[0],
                distributions=study.trials[-2].distributions,
            )
            study.add_trial(other)
        return found

    monkeypatch.setattr(Suggester, "suggest", while_another_is_quicker)
    trial = study.ask()
    x, y = trial.suggest_float("x", -1, 1), trial.suggest_float("y", -1, 1)
    assert math.hypot(x - given[0]["x"], y - given[0]["y"]) > 1e-3


@pytest.mark.slow
def test_a_killed_process_loses_nothing(tmp_path):
    storage = f"sqlite:///{tmp_path}/study.db"
    study_of(storage)
    command = [sys.executable, "-c", WORKER, storage, "20", "stop"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        worker.kill()
    study = study_of(storage)
    killed = study.trials[13]
    assert killed.state == optuna.trial.TrialState.RUNNING
    study.tell(13, state=optuna.trial.TrialState.FAIL)
    study.enqueue_trial(killed.params)
    study.optimize(parabola, n_trials=5)
    whole = study_of()
    whole.optimize(parabola, n_trials=18)
    done = [each.params for each in study.trials if each.state.name == "COMPLETE"]
    assert done == parameters(whole)
