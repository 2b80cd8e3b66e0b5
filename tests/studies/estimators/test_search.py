"""The search of a method's setting: repeatable, within its ranges, and it finds what is there."""

import math
from pathlib import Path

import pytest

from studies.estimators.config import StudyConfig
from studies.estimators.plan import Run, Setting, trial_run
from studies.estimators.search import (
    at_an_end,
    best_of,
    read_trials,
    search,
    trials_file,
    write_trials,
)
from trackscape.errors import RunError

STUDY = StudyConfig.load(Path(__file__).parents[3] / "configs" / "study" / "cpu.yaml")
METHOD = STUDY.method("hinge")


def error_of(run: Run) -> float:
    """A bowl around a learning rate of 0.02 and a margin of 0.2."""
    rate, margin = run.settings.optimiser.learning_rate, run.settings.loss.settings["margin"]
    return 0.002 + math.log10(rate / 0.02) ** 2 + math.log10(margin / 0.2) ** 2


def test_the_best_of_a_bowl_is_found_and_is_at_no_end():
    trials = search(STUDY, METHOD, error_of=error_of)
    found = best_of(trials)
    assert len(trials) == len(set(trials)) == STUDY.search.trials
    assert found.learning_rate == pytest.approx(0.02, rel=0.5)
    assert found.scale == pytest.approx(0.2, rel=0.5)
    assert at_an_end(STUDY, METHOD, found) == []
    for trial in trials:
        assert STUDY.search.learning_rate.low <= trial.setting.learning_rate <= 0.1
        assert f"{trial.setting.scale:.3g}" == f"{trial.setting.scale:g}"


def test_a_search_that_was_killed_comes_to_the_same_trials():
    asked: list[Run] = []

    def killed(run: Run) -> float:
        if len(asked) == 7:
            raise KeyboardInterrupt
        asked.append(run)
        return error_of(run)

    with pytest.raises(KeyboardInterrupt):
        search(STUDY, METHOD, error_of=killed)
    trials = search(STUDY, METHOD, error_of=error_of)
    assert [trial_run(STUDY, METHOD, trial.setting) for trial in trials][:7] == asked


@pytest.mark.parametrize(
    ("setting", "ends"),
    [
        (Setting(0.001, 0.1), ["learning_rate"]),
        (Setting(0.01, 0.97), ["margin"]),
        (Setting(0.01, 0.7), []),
        (Setting(0.0999, 0.01), ["learning_rate", "margin"]),
    ],
)
def test_what_is_at_an_end_is_named(setting, ends):
    assert at_an_end(STUDY, METHOD, setting) == ends


def test_a_search_is_kept_whole(tmp_path):
    trials = search(STUDY, STUDY.method("identity"), error_of=lambda run: run.seed + 0.5)
    path = trials_file(STUDY, METHOD, tmp_path)
    with pytest.raises(RunError, match="expected the result of a finished run"):
        read_trials(path)
    write_trials(path, trials)
    assert read_trials(path) == trials
