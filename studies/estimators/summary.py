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
from studies.estimators.folders import (
    Outcome,
    read_outcome,
    read_tuning,
)
from studies.estimators.plan import ladder_runs, search_runs, whole_runs
from studies.estimators.work import found_losses
from trackscape.evaluation import METRICS
from trackscape.statistics import Interval

DECISIONS = ("half", "tuned", "card")
SHOWN = ("edge_tpr", "edge_fpr", "purity", "efficiency", "complete_efficiency", "trackml_score")


class Quality(NamedTuple):
    """Of one method at one number of primaries per frame, over seeds and frames."""

    edge_error: dict[str, Interval]
    """For each way to decide."""
    metrics: dict[str, dict[str, float]]
    """Mean over the seeds of each of `SHOWN`, for each way to decide."""
    error_gain: Interval
    """Edge error - that of the first method, with the tuned threshold."""
    purity_gain: Interval
    """The same for the purity."""
    efficiency_gain: Interval
    """The same for the efficiency."""
    worst: float
    """Edge error of the worst seed, tuned."""
    failed: int
    """Seeds that failed."""
    disagreement: Interval
    """Of pairs of seeds, tuned."""
    disagreement_gain: Interval
    """The same - that of the first method."""


class Method(NamedTuple):
    """All about one method."""

    name: str
    searched: str | None
    """The scale that was searched for."""
    scale: float | None
    """Its value."""
    quality: dict[int, Quality]
    """By primaries per frame."""
    reject: list[float]
    """The tuned threshold of each seed."""
    solves: float
    """Assignment problems per frame of the training."""
    seconds_per_frame: float
    """Of the fastest training, which other work on the machine has disturbed the least."""


class Step(NamedTuple):
    """One strength of the ladder, at the first number of primaries per frame."""

    method: str
    strength: float
    shift: float
    """The largest shift of a cost that it makes, mean over frames."""
    edge_error: dict[str, Interval]
    disagreement: Interval
    """Of pairs of seeds."""


class Summary(NamedTuple):
    """Everything that the page shows."""

    methods: list[Method]
    """The first is what all others are compared with."""
    searches: dict[str, list[tuple[float, float]]]
    """Scale and held-out edge error of all candidates of each searched method."""
    ladder: list[Step]


def summarise_study(study: StudyConfig, *, runs: Path) -> Summary:
    """Reads the run folders of a finished study.

    Raises:
        RunError: If a run is not finished.
    """
    whole = whole_runs(study, found_losses(study, runs=runs))
    outcomes = {
        name: [read_outcome(run, runs=runs) for run in of_seeds] for name, of_seeds in whole.items()
    }
    return Summary(
        methods=[_method(study, name, outcomes) for name in outcomes],
        searches={
            name: [
                (run.scale or 0.0, read_tuning(run.folder(runs)).edge_error) for run in candidates
            ]
            for name, candidates in search_runs(study).items()
        },
        ladder=[
            _step(study, [read_outcome(run, runs=runs) for run in seeds])
            for steps in ladder_runs(study).values()
            for seeds in steps
        ],
    )


def _method(study: StudyConfig, name: str, outcomes: dict[str, list[Outcome]]) -> Method:
    mine = outcomes[name]
    return Method(
        name=name,
        searched=study.method(name).searched,
        scale=mine[0].run.scale,
        quality={density: _quality(density, mine, outcomes) for density in study.judged_at},
        reject=[outcome.tuning.reject for outcome in mine],
        solves=mine[0].tuning.solves,
        seconds_per_frame=min(outcome.seconds_per_frame for outcome in mine),
    )


def _quality(density: int, mine: list[Outcome], outcomes: dict[str, list[Outcome]]) -> Quality:
    first = next(iter(outcomes.values()))
    error = {way: _edge_error(mine, density, way) for way in DECISIONS}
    every = [
        float(value)
        for of_seeds in outcomes.values()
        for value in _edge_error(of_seeds, density, "tuned").mean(dim=1)
    ]
    tuned = error["tuned"].mean(dim=1).tolist()
    choices = _choices(mine, density)
    return Quality(
        edge_error={way: seeds_and_frames(values) for way, values in error.items()},
        metrics={way: _metrics(mine, density, way) for way in DECISIONS},
        error_gain=seeds_and_frames(error["tuned"] - _edge_error(first, density, "tuned")),
        purity_gain=_gain(mine, first, density, "purity"),
        efficiency_gain=_gain(mine, first, density, "efficiency"),
        worst=max(tuned),
        failed=failed_seeds(tuned, median=statistics.median(every)),
        disagreement=mean_disagreement(choices),
        disagreement_gain=mean_disagreement(choices, minus=_choices(first, density)),
    )


def _gain(mine: list[Outcome], first: list[Outcome], density: int, name: str) -> Interval:
    """Of a metric that is a mean over frames."""
    of_mine, of_first = (
        torch.stack(
            [METRICS[name](outcome.decisions[density].counts["tuned"]).numerator for outcome in of]
        )
        for of in (mine, first)
    )
    return seeds_and_frames(of_mine - of_first)


def _edge_error(outcomes: Sequence[Outcome], density: int, way: str) -> Tensor:
    """(S, F) Wrong edges / edges of each training on each frame."""
    counts = [outcome.decisions[density].counts[way] for outcome in outcomes]
    return torch.stack([wrong_edges(of_run) / edges(of_run) for of_run in counts])


def _metrics(outcomes: Sequence[Outcome], density: int, way: str) -> dict[str, float]:
    def mean(name: str) -> float:
        values = [
            METRICS[name](outcome.decisions[density].counts[way]).value for outcome in outcomes
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


def _step(study: StudyConfig, outcomes: list[Outcome]) -> Step:
    density, run = study.judged_at[0], outcomes[0].run
    strength, tuning = run.scale or 0.0, outcomes[0].tuning
    published = run.settings.loss.settings.get("convention") == "published"
    return Step(
        method=run.method,
        strength=strength,
        shift=strength * tuning.largest_gradient if published else strength,
        edge_error={
            way: seeds_and_frames(_edge_error(outcomes, density, way)) for way in DECISIONS
        },
        disagreement=mean_disagreement(_choices(outcomes, density)),
    )
