"""The lazy Gaussian process as a sampler of Optuna (extra: tuning).

What is kept here can be made again from the storage of a study, so that several processes may work
on one study, and one that was killed goes on. Only this module imports optuna.
"""

# pyright: reportPrivateUsage=false
# Samplers have no other way to what is kept of a trial.

import contextlib
import math
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from trackscape.tuning.factor import Doubles
from trackscape.tuning.optimizer import LARGEST
from trackscape.tuning.refits import Refits
from trackscape.tuning.space import Categorical, Float, Integer, Parameter, Space
from trackscape.tuning.suggester import AcquisitionName, Suggester

PROPOSAL = "lazy_gp:proposal"
"""System attribute of a trial with what was suggested for it, for those who ask meanwhile."""
CONSTRAINTS = "constraints"
"""System attribute of a trial with what `constraints_func` returned, as all samplers name it."""
LONGEST_ATTRIBUTE = 2000  # bytes, which all storages take
ATTEMPTS = 2
"""More, to suggest what nobody else has been given meanwhile."""
_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


class LazyGPSampler(BaseSampler):
    """Bayesian optimisation that stays fast in studies of thousands of trials.

    Parameters that all finished trials share are suggested together; others, and those of the first
    trial, are drawn evenly. Trials under way count as if they had given what is expected. A failed
    trial counts as the worst one, unless its parameters are tried out again; a pruned one by its
    last intermediate value. Several objectives are scalarised (ParEGO), constraints become
    probabilities. What is suggested follows from the seed and the finished trials alone, if there
    is one worker: a study that was killed goes on as if it had not been.

    Arguments:
        seed: What all random numbers follow from; None for another one each time.
        refits: When parameters of the surrogate are fitted, see `trackscape.tuning.Optimizer`.
        acquisition: ``log-ei``, ``ucb`` or ``thompson``.
        first: Trials before the first suggestion.
        constraints_func: Returns numbers of a finished trial that shall not be above 0. Optuna 5
            has `Trial.set_constraint` in place of it.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        refits: str = "geometric",
        acquisition: AcquisitionName = "log-ei",
        first: int = 10,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
    ) -> None:
        self._seeded = seed is not None
        self._seed = _random_seed() if seed is None else seed
        self._refits = Refits.named(refits)
        self._acquisition: AcquisitionName = acquisition
        self._first = first
        self._constraints_func = constraints_func
        self._forget()

    def reseed_rng(self) -> None:
        """Takes another seed, unless one was given: trials under way keep workers apart then."""
        if not self._seeded:
            self._seed = _random_seed()
            self._forget()

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Returns the parameters that all finished trials share."""
        key = (study.study_name, study._study_id)
        with self._lock:
            shared = self._shared.setdefault(key, IntersectionSearchSpace(include_pruned=True))
            found = shared.calculate(study)
        return {name: each for name, each in found.items() if not each.single()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Returns the parameters of a trial."""
        if not search_space:
            return {}
        with self._lock:
            values, seen = self._suggest(study, trial, search_space)
            for _ in range(ATTEMPTS):
                # Others may know more or less than was known here, and come to the same point.
                if not _taken(values, seen, study.get_trials(deepcopy=False)):
                    break
                values, seen = self._suggest(study, trial, search_space)
            if len(repr(values)) < LONGEST_ATTRIBUTE:
                study._storage.set_trial_system_attr(trial._trial_id, PROPOSAL, values)
        return values

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draws a parameter evenly."""
        trials = study.get_trials(deepcopy=False)
        ended = sum(each.state.is_finished() and each.state != TrialState.FAIL for each in trials)
        waiting = sum(
            each.state == TrialState.RUNNING and each.number < trial.number for each in trials
        )
        name = zlib.crc32(param_name.encode())
        random = np.random.default_rng([self._seed, ended, waiting, name])
        space = Space({param_name: _parameter(param_distribution)})
        return space.values(space.random(random.random((1, 1)))[0])[param_name]

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Keeps the constraints of a trial that has ended."""
        if self._constraints_func is not None and state in (TrialState.COMPLETE, TrialState.PRUNED):
            found = [float(each) for each in self._constraints_func(trial)]
            study._storage.set_trial_system_attr(trial._trial_id, CONSTRAINTS, found)

    def _suggest(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> tuple[dict[str, Any], list[FrozenTrial]]:
        """Returns parameters of a trial, and the trials that they follow from."""
        trials = study.get_trials(deepcopy=False)
        history = self._history(study, trials, search_space)
        waiting, unknown = _under_way(trials, trial.number, history.space)
        # Others ask at this moment: whoever came earlier takes the points before.
        found = history.suggester.suggest(waiting, unknown + 1)[-1]
        return history.space.values(found), trials

    def _history(
        self, study: Study, trials: list[FrozenTrial], search_space: dict[str, BaseDistribution]
    ) -> "_History":
        """Returns what was learnt of the finished trials, with those that are new."""
        place = (study.study_name, study._study_id, repr(search_space))
        known = self._known.setdefault(place, set())
        ended = [
            each for each in trials if each.number in known or _counts(each, trials, search_space)
        ]
        known.update(each.number for each in ended if each.state != TrialState.FAIL)
        ended.sort(key=lambda each: (each.datetime_complete or each.datetime_start, each.number))
        limits = sorted({name for each in ended for name in _constraints(each)})
        key = (*place, tuple(limits))
        history = self._histories.get(key)
        numbers = {each.number for each in ended}
        if history is None or not numbers.issuperset(history.told):
            self._histories.clear()  # of other spaces and studies, which are seldom used again
            space = Space({name: _parameter(each) for name, each in search_space.items()})
            history = _History(
                space,
                Suggester(
                    space,
                    seed=self._seed,
                    refits=self._refits,
                    acquisition=self._acquisition,
                    first=self._first,
                    objectives=len(study.directions),
                    constraints=len(limits),
                ),
            )
            self._histories[key] = history
        for each in ended:
            if each.number not in history.told:
                history.tell(each, study.directions, limits)
        return history

    def _forget(self) -> None:
        self._lock = threading.RLock()
        self._histories: dict[Any, _History] = {}
        self._known: dict[Any, set[int]] = {}
        self._shared: dict[Any, IntersectionSearchSpace] = {}

    def __getstate__(self) -> dict[str, Any]:
        made_again = ("_lock", "_histories", "_known", "_shared")
        return {name: each for name, each in vars(self).items() if name not in made_again}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._forget()


class _History:
    """What was told of a study."""

    def __init__(self, space: Space, suggester: Suggester) -> None:
        self.space, self.suggester = space, suggester
        self.told: set[int] = set()
        """Numbers of trials."""

    def tell(
        self, trial: FrozenTrial, directions: Sequence[StudyDirection], limits: Sequence[str]
    ) -> None:
        constraints = _constraints(trial)
        outcomes = [
            *_values(trial, directions),
            *(constraints.get(name, math.nan) for name in limits),
        ]
        point = self.space.point({name: trial.params[name] for name in self.space.parameters})
        worst = self.suggester.outcomes.max(axis=0, initial=-LARGEST)
        if not self.told:
            worst = np.zeros(len(outcomes))
        cut = np.clip(np.nan_to_num(outcomes, nan=math.inf), -LARGEST, LARGEST)
        self.suggester.tell(point, np.where(np.isnan(outcomes), worst, cut).tolist())
        self.told.add(trial.number)


def _values(trial: FrozenTrial, directions: Sequence[StudyDirection]) -> list[float]:
    """Values of a trial, small ones good; not numbers if it failed."""
    values: Sequence[float] | None = trial.values
    if trial.state == TrialState.PRUNED and trial.last_step is not None and len(directions) == 1:
        values = [trial.intermediate_values[trial.last_step]]
    if trial.state == TrialState.FAIL or values is None:
        return [math.nan] * len(directions)
    return [
        -value if direction == StudyDirection.MAXIMIZE else value
        for value, direction in zip(values, directions, strict=True)
    ]


def _constraints(trial: FrozenTrial) -> dict[str, float]:
    own: dict[str, float] | None = getattr(trial, "constraints", None)  # since Optuna 5
    if own is not None:
        return own
    return {str(n): each for n, each in enumerate(trial.system_attrs.get(CONSTRAINTS, ()))}


def _counts(
    trial: FrozenTrial, trials: list[FrozenTrial], search_space: Mapping[str, BaseDistribution]
) -> bool:
    """Whether something is learnt from a trial: it has ended, with these parameters.

    A failed one that is tried out again later is none.
    """
    if trial.state not in _ENDED:
        return False
    if any(trial.distributions.get(name) != each for name, each in search_space.items()):
        return False
    return trial.state != TrialState.FAIL or not any(
        _proposal(each) == trial.params for each in trials if each.number > trial.number
    )


def _proposal(trial: FrozenTrial) -> Mapping[str, Any]:
    """Parameters that a trial has, or that were suggested or fixed for it."""
    attributes = trial.system_attrs
    return trial.params or attributes.get(PROPOSAL) or attributes.get("fixed_params") or {}


def _taken(values: Mapping[str, Any], before: list[FrozenTrial], after: list[FrozenTrial]) -> bool:
    """Whether a trial has these parameters after that had none before."""
    known = {each.number for each in before if _proposal(each)}
    return any(_proposal(each) == values for each in after if each.number not in known)


def _under_way(trials: list[FrozenTrial], number: int, space: Space) -> tuple[Doubles, int]:
    """Returns points of other trials that run, and how many earlier ones have none yet."""
    points: list[Doubles] = []
    unknown = 0
    for trial in trials:
        if trial.state != TrialState.RUNNING or trial.number == number:
            continue
        attributes = trial.system_attrs
        known = {**attributes.get("fixed_params", {}), **attributes.get(PROPOSAL, {})}
        known |= trial.params
        if space.parameters.keys() <= known.keys():
            with contextlib.suppress(Exception):  # of another range than before
                points.append(space.point({name: known[name] for name in space.parameters}))
        else:
            unknown += trial.number < number
    return np.array(points).reshape(len(points), len(space.columns)), unknown


def _parameter(distribution: BaseDistribution) -> Parameter:
    if isinstance(distribution, CategoricalDistribution):
        return Categorical(choices=tuple(distribution.choices))
    if isinstance(distribution, IntDistribution):
        return Integer(
            low=distribution.low,
            high=distribution.high,
            log=distribution.log,
            step=distribution.step,
        )
    assert isinstance(distribution, FloatDistribution)
    return Float(
        low=distribution.low, high=distribution.high, log=distribution.log, step=distribution.step
    )


def _random_seed() -> int:
    return int(np.random.SeedSequence().generate_state(1)[0])
