"""The setting that suits a method: trials that `trackscape.tuning` suggests, one after another."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from studies.decisions import read_result
from studies.estimators.config import LEARNING_RATE, MethodConfig, StudyConfig
from studies.estimators.plan import Run, Setting, trial_run
from trackscape.files import write_json
from trackscape.tuning import Optimizer

FIRST = 5
"""Trials that are spread evenly before the first suggestion, fewer if there are few in all."""
END = 0.05
"""A value this close to an end of its range, as a share of it, is said to be at the end."""


class Trial(NamedTuple):
    """A setting that was tried."""

    setting: Setting
    error: float
    """Wrong edges / edges on held-out frames, at the unmatched cost that suits the training."""


def search(
    study: StudyConfig, method: MethodConfig, *, error_of: Callable[[Run], float]
) -> list[Trial]:
    """Returns the trials of a method, in their order.

    Suggestions follow from the seed and the errors, so that a search that was killed comes to the
    same trials again, whose trainings are there.

    Arguments:
        study: The study.
        method: One of its methods.
        error_of: Trains, or finds the training, and measures.
    """
    first = max(2, min(FIRST, study.search.trials // 2))
    optimizer = Optimizer(study.search.space(method), seed=study.seeds[0], first=first)
    trials: list[Trial] = []
    for _ in range(study.search.trials):
        (asked,) = optimizer.ask()
        # Three digits, so that what was found can be written down.
        values = {name: float(f"{value:.3g}") for name, value in asked.items()}
        setting = Setting(values[LEARNING_RATE], values.get(method.searched or ""))
        trials.append(Trial(setting, error_of(trial_run(study, method, setting))))
        optimizer.tell(asked, trials[-1].error)
    return trials


def best_of(trials: Sequence[Trial]) -> Setting:
    """Returns the setting with the smallest error."""
    return min(trials, key=lambda trial: trial.error).setting


def at_an_end(study: StudyConfig, method: MethodConfig, setting: Setting) -> list[str]:
    """Returns the names of what was found at an end of its range: better may lie beyond."""
    space = study.search.space(method)
    values = {LEARNING_RATE: setting.learning_rate}
    if method.searched is not None and setting.scale is not None:
        values[method.searched] = setting.scale
    point = space.point(values)
    return [
        name
        for name, place in zip(space.parameters, point, strict=True)
        if not END <= place <= 1 - END
    ]


def trials_file(study: StudyConfig, method: MethodConfig, runs: Path) -> Path:
    """Where a finished search is kept."""
    return runs / f"{study.name}-{method.name}-search.json"


def write_trials(path: Path, trials: Sequence[Trial]) -> None:
    """Keeps a finished search."""
    write_json(path, [{**trial.setting._asdict(), "error": trial.error} for trial in trials])


def read_trials(path: Path) -> list[Trial]:
    """Returns what `write_trials` wrote.

    Raises:
        RunError: If the search is not finished.
    """
    return [
        Trial(Setting(each["learning_rate"], each["scale"]), each["error"])
        for each in read_result(path)
    ]
