"""Run folders of a study -> the figures of its page."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from studies.agreement import (
    Choices,
    compare_choices,
    failed_seeds,
    mean_disagreement,
    seeds_and_frames,
)
from studies.decisions import edges, wrong_edges
from studies.estimators.config import StudyConfig
from studies.estimators.evaluate import Outcome, read_outcome
from studies.estimators.plan import Setting, whole_runs
from studies.estimators.search import Trial, at_an_end, best_of, read_trials, trials_file
from studies.intervals import Interval
from trackscape.evaluation import METRICS

DECISION_RULES = {"half": "cost 0.5", "tuned": "tuned cost", "card": "max cardinality"}
"""Decision rules by their names in files: the assignment with an unmatched cost of 0.5, or with the
cost that was tuned on held-out frames, or the published one, which matches all hits it can."""
SHOWN = ("edge_tpr", "edge_fpr", "purity", "efficiency", "complete_efficiency", "trackml_score")


class Quality(NamedTuple):
    """One method at one number of primaries per frame, over seeds and frames."""

    edge_error: dict[str, Interval]
    """Wrong edges / edges by decision rule."""
    metrics: dict[str, dict[str, float]]
    """Means over the seeds of all of `SHOWN`, by decision rule."""
    error_gain: Interval
    """Edge error minus that of the first method, at the tuned cost."""
    purity_gain: Interval
    """Purity minus that of the first method, at the tuned cost."""
    efficiency_gain: Interval
    """Efficiency minus that of the first method, at the tuned cost."""
    worst: float
    """Edge error of the worst seed, at the tuned cost."""
    failed: int
    """Number of seeds that failed."""
    disagreement: Interval
    """Mean disagreement of pairs of seeds, at the tuned cost."""
    disagreement_gain: Interval
    """Disagreement minus that of the first method."""


class Method(NamedTuple):
    """All about one method."""

    name: str
    searched: str | None
    """Name of the scale that was searched for."""
    setting: Setting
    """What was found."""
    ends: list[str]
    """Names of what was found at an end of its range."""
    trials: list[Trial]
    """All that was tried."""
    quality: dict[int, Quality]
    """Quality by primaries per frame."""
    reject: list[float]
    """Tuned unmatched cost of each seed."""
    solves: float
    """Assignment problems per frame of the training."""
    seconds_per_frame: float
    """Seconds for a frame of the fastest training, which other work has disturbed the least."""


def summarise_study(study: StudyConfig, *, runs: Path) -> list[Method]:
    """Reads the run folders of a finished study: methods, all compared with the first.

    Raises:
        RunError: If a search or a run is not finished.
    """
    trials = {each.name: read_trials(trials_file(study, each, runs)) for each in study.methods}
    whole = whole_runs(study, {name: best_of(tried) for name, tried in trials.items()})
    outcomes = {
        name: [read_outcome(run, runs=runs) for run in of_seeds] for name, of_seeds in whole.items()
    }
    return [_method(study, name, trials[name], outcomes) for name in outcomes]


def _method(
    study: StudyConfig, name: str, trials: list[Trial], outcomes: dict[str, list[Outcome]]
) -> Method:
    mine, method, found = outcomes[name], study.method(name), best_of(trials)
    return Method(
        name=name,
        searched=method.searched,
        setting=found,
        ends=at_an_end(study, method, found),
        trials=trials,
        quality={density: _quality(density, mine, outcomes) for density in study.judged_at},
        reject=[outcome.tuning.reject for outcome in mine],
        solves=mine[0].tuning.solves,
        seconds_per_frame=min(outcome.seconds_per_frame for outcome in mine),
    )


def _quality(density: int, mine: list[Outcome], outcomes: dict[str, list[Outcome]]) -> Quality:
    first = next(iter(outcomes.values()))
    error = {rule: _edge_error(mine, density, rule) for rule in DECISION_RULES}
    every = [
        float(value)
        for of_seeds in outcomes.values()
        for value in _edge_error(of_seeds, density, "tuned").mean(dim=1)
    ]
    tuned = error["tuned"].mean(dim=1).tolist()
    choices = _choices(mine, density)
    return Quality(
        edge_error={rule: seeds_and_frames(values) for rule, values in error.items()},
        metrics={rule: _metrics(mine, density, rule) for rule in DECISION_RULES},
        error_gain=seeds_and_frames(error["tuned"] - _edge_error(first, density, "tuned")),
        purity_gain=_gain(mine, first, density, "purity"),
        efficiency_gain=_gain(mine, first, density, "efficiency"),
        worst=max(tuned),
        failed=failed_seeds(tuned, median=statistics.median(every)),
        disagreement=mean_disagreement(choices),
        disagreement_gain=mean_disagreement(choices, minus=_choices(first, density)),
    )


def _gain(mine: list[Outcome], first: list[Outcome], density: int, name: str) -> Interval:
    """Change of a metric that is a mean over frames."""
    of_mine, of_first = (
        torch.stack(
            [METRICS[name](outcome.decisions[density].counts["tuned"]).numerator for outcome in of]
        )
        for of in (mine, first)
    )
    return seeds_and_frames(of_mine - of_first)


def _edge_error(outcomes: Sequence[Outcome], density: int, rule: str) -> Tensor:
    """(S, F) Wrong edges / edges of each training on each frame."""
    counts = [outcome.decisions[density].counts[rule] for outcome in outcomes]
    return torch.stack([wrong_edges(of_run) / edges(of_run) for of_run in counts])


def _metrics(outcomes: Sequence[Outcome], density: int, rule: str) -> dict[str, float]:
    def mean(name: str) -> float:
        values = [
            METRICS[name](outcome.decisions[density].counts[rule]).value for outcome in outcomes
        ]
        return sum(values) / len(values)

    return {name: mean(name) for name in SHOWN}


def _choices(outcomes: Sequence[Outcome], density: int) -> Choices:
    decisions = [outcome.decisions[density] for outcome in outcomes]
    counts = [each.counts["tuned"] for each in decisions]
    return compare_choices(
        [each.chosen for each in decisions],
        wrong=torch.stack([wrong_edges(of_run) for of_run in counts]),
        edges=edges(counts[0]),
    )
