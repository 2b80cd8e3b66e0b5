"""A study of Optuna with our sampler, whose trials run in any executor and survive a kill.

One process asks and tells; trials run here, in processes or on a cluster. Whoever looks at the
storage meanwhile, such as Optuna's dashboard, sees them under way.
"""

import logging
import os
import platform
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study, StudyDirection
from optuna.trial import TrialState

from trackscape.errors import ConfigError, RunError, TrackscapeError
from trackscape.execution import Workers, run_jobs
from trackscape.progress import progress_bar
from trackscape.text import shown
from trackscape.tuning.optimizer import Optimizer
from trackscape.tuning.optuna_sampler import LazyGPSampler
from trackscape.tuning.space import Categorical, Float, Parameter, Space

_LOG = logging.getLogger(__name__)

PROCESS = "process"
"""User attribute of a trial: machine and process that asked for it."""
Tried = Callable[[dict[str, Any]], float]
"""Parameters of a trial to its value."""


def open_study(storage: str, *, name: str, seed: int = 0, maximise: bool = False) -> Study:
    """Opens a study with a `LazyGPSampler`, or makes it.

    Arguments:
        storage: URL of a database, such as ``sqlite:///tuning.db``, or the name of a file that ends
            with ``.log``, for a journal.
        name: Name of the study in there.
        seed: What all random numbers follow from.
        maximise: Whether large values are good.

    Raises:
        ConfigError: It cannot be opened, or the study there has the other direction.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(
            storage=_journal(storage) if storage.endswith(".log") else storage,
            study_name=name,
            direction="maximize" if maximise else "minimize",
            load_if_exists=True,
            sampler=LazyGPSampler(seed=seed),
        )
    except Exception as error:  # of any database
        reason = shown(str(error).splitlines()[0] if str(error) else repr(error))
        raise ConfigError(
            f"--storage: expected a database such as sqlite:///tuning.db, or a file that ends with "
            f".log, got {shown(storage)} ({reason})."
        ) from error
    if (study.direction == StudyDirection.MAXIMIZE) != maximise:
        raise ConfigError(
            f"Expected the study {shown(name)} to {'max' if maximise else 'min'}imise, but the one "
            "in the storage does not; take another name."
        )
    return study


def run_study(
    study: Study,
    objective: Tried,
    space: Space,
    *,
    trials: int,
    executor: Workers | None = None,
    progress: bool = True,
) -> None:
    """Runs trials until a study has so many that are complete; those of a killed run come again.

    A trial that raises a `TrackscapeError` has failed; any other error ends the study.

    Arguments:
        study: Where they are kept.
        objective: What is tuned; picklable if an executor calls it.
        space: Its parameters, without conditions.
        trials: Number of trials in all.
        executor: Who calls it; this process, one after another, if None.
        progress: Whether to show a bar.

    Raises:
        RunError: All trials failed.
    """
    _try_again(study)
    distributions = {name: _distribution(name, each) for name, each in space.parameters.items()}
    done = len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)))

    def jobs() -> Generator[tuple[int, dict[str, Any]]]:
        for _ in range(trials - done):
            trial = study.ask(distributions)
            trial.set_user_attr(PROCESS, [platform.node(), os.getpid()])
            yield trial.number, trial.params

    call, failure = _Call(objective), ""
    with progress_bar("trials", total=trials, done=done, show=progress) as advance:
        for (number, _), found in run_jobs(call, jobs(), executor):
            if isinstance(found, str):
                failure = found
                study.set_user_attr(f"failure of trial {number}", found)
                study.tell(number, state=TrialState.FAIL)
                _LOG.info("Trial %d failed: %s", number, shown(found))
            else:
                study.tell(number, found)
                _LOG.info("Trial %d: %.6g.", number, found)
                done += 1
            advance(1)
    if not done:
        raise RunError(
            f"Expected a trial that is complete, but all failed, the last one: {failure}"
        )


def optimizer_of(study: Study, space: Space) -> Optimizer:
    """Returns an `Optimizer` that was told the complete trials of a study, small values good."""
    made = Optimizer(space, refits="never", first=2)
    sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    for trial in trials:
        made.tell(trial.params, sign * float(trial.values[0]))
    if len(trials) > 1:
        made.fit()
    return made


class _Call:
    """The objective, with what went wrong as a text."""

    def __init__(self, objective: Tried) -> None:
        self.objective = objective

    def __call__(self, job: tuple[int, dict[str, Any]]) -> float | str:
        try:
            return float(self.objective(job[1]))
        except TrackscapeError as error:
            return str(error)


def _try_again(study: Study) -> None:
    """Ends trials whose process is no more, and has their parameters come first."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if _is_gone(*trial.user_attrs.get(PROCESS, (None, None))):
            study.tell(trial.number, state=TrialState.FAIL)
            study.enqueue_trial(trial.params)


def _is_gone(machine: str | None, process: int | None) -> bool:
    if machine != platform.node() or process is None:
        return False
    if process == os.getpid():
        return True  # what it left in an earlier call
    try:
        os.kill(process, 0)  # only asks whether it is there
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _distribution(name: str, parameter: Parameter) -> BaseDistribution:
    if parameter.when is not None:
        raise ConfigError(
            f"Parameter {shown(name)}: expected no condition in a study of Optuna, got one on "
            f"{shown(parameter.when.parameter)}; use Optimizer."
        )
    if isinstance(parameter, Categorical):
        return CategoricalDistribution(parameter.choices)
    if isinstance(parameter, Float):
        return FloatDistribution(
            parameter.low, parameter.high, log=parameter.log, step=parameter.step
        )
    return IntDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)


def _journal(path: str) -> Any:
    return JournalStorage(JournalFileBackend(str(Path(path))))
