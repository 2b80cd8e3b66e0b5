"""Trainings -> their decisions on the frames of the judged files, and what these are worth."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from studies.agreement import seeds_and_frames
from studies.decisions import (
    Decisions,
    edges,
    read_decisions,
    read_result,
    write_decisions,
    wrong_edges,
)
from studies.intervals import Interval
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.inputs import Places, frames_of, network_of
from studies.loss_landscape.plan import Run
from studies.thresholds import tune_end
from trackscape.assignment import Assigner
from trackscape.data import Hits
from trackscape.evaluation import METRICS, FrameCounts, count_frame
from trackscape.files import write_json
from trackscape.scoring import Scorer
from trackscape.tracking import accept, follow

DECISION_RULES = {"own": "trained rule", "tuned": "tuned cost"}
"""Decision rules by their names in files: the assignment of the training, or one in which hits stay
unmatched at the cost that suits the weights best."""
SHOWN = ("purity", "efficiency", "edge_tpr", "edge_fpr")


class Judged(NamedTuple):
    """Decisions on F frames with E edges in all."""

    counts: list[FrameCounts]
    """Counts of each frame."""
    chosen: Tensor
    """(E,) bool. Whether an edge is chosen."""

    @property
    def wrong(self) -> Tensor:
        """(F,) Wrong decisions of each frame."""
        return wrong_edges(self.counts)

    @property
    def edges(self) -> Tensor:
        """(F,) Edges of each frame."""
        return edges(self.counts)


@torch.no_grad()
def decide(study: StudyConfig, run: Run, places: Places, folder: Path) -> None:
    """Writes what both of `DECISION_RULES` choose, and then ``<run>-decided.json``.

    What is compared is what is evaluated: the assignment at costs of 1 - probability, on the graph
    of the network. The unmatched cost is tuned on frames of the training files.
    """
    settings, scorer = study.similarity, network_of(run, places.runs)
    tuning = frames_of(study, study.training, settings.tuning_frames, data=places.data)
    assigners = {"own": run.settings.assigner.build(), "tuned": tune_end(scorer, tuning)}
    frames = frames_of(study, study.judged, settings.decided_frames, data=places.data)
    for rule, judged in _judge(scorer, frames, assigners).items():
        where = folder / f"{run.name}-{rule}"
        where.mkdir(exist_ok=True)
        content = Decisions(counts={"tuned": judged.counts}, chosen=judged.chosen)
        write_decisions(where, {study.per_frame: content})
    write_json(folder / f"{run.name}-decided.json", {"reject": assigners["tuned"].unmatched_cost})


def read_decided(study: StudyConfig, run: Run, folder: Path) -> dict[str, Judged]:
    """Returns what `decide` wrote, for each of `DECISION_RULES`.

    Raises:
        RunError: It is not there.
    """
    read_result(folder / f"{run.name}-decided.json")
    found: dict[str, Judged] = {}
    for rule in DECISION_RULES:
        decisions = read_decisions(folder / f"{run.name}-{rule}")[study.per_frame]
        found[rule] = Judged(decisions.counts["tuned"], decisions.chosen)
    return found


def _judge(scorer: Scorer, frames: list[Hits], assigners: dict[str, Assigner]) -> dict[str, Judged]:
    counts: dict[str, list[FrameCounts]] = {rule: [] for rule in assigners}
    chosen: dict[str, list[Tensor]] = {rule: [] for rule in assigners}
    for frame in frames:
        scores = scorer.score(frame)
        for rule, assigner in assigners.items():
            assignment = assigner(scores)
            counts[rule].append(count_frame(accept(follow(assignment)), assignment))
            chosen[rule].append(assignment.selected)
    return {rule: Judged(counts[rule], torch.cat(chosen[rule])) for rule in assigners}


Decided = dict[str, dict[str, Judged]]
"""Decisions by name of the run and decision rule."""


class Quality(NamedTuple):
    """Quality of a setting under one decision rule."""

    metrics: dict[str, float]
    """Means over the seeds of all of `SHOWN`."""
    error: Interval
    """Wrong decisions / edges, mean over seeds and frames."""
    purity_gain: Interval
    """Purity minus that of the first setting, paired over seeds and frames."""
    efficiency_gain: Interval
    """Efficiency minus that of the first setting, paired over seeds and frames."""
    complete_gain: Interval
    """The same for the share of complete tracks, which does not rise if tracks are cut."""


class Reached(NamedTuple):
    """What the trainings of a setting reached."""

    setting: str
    quality: dict[str, Quality]
    """Quality by decision rule."""
    rejects: list[float]
    """Tuned unmatched cost of each seed."""


def summarise_quality(
    study: StudyConfig, runs: Sequence[Run], decided: Decided, folder: Path
) -> list[Reached]:
    """Returns a summary of each setting."""
    groups = {
        setting.name: [run for run in runs if run.setting == setting.name]
        for setting in study.settings
    }
    first = next(iter(groups.values()))
    return [
        Reached(
            name,
            {rule: _quality(decided, of, first, rule) for rule in DECISION_RULES},
            [read_result(folder / f"{run.name}-decided.json")["reject"] for run in of],
        )
        for name, of in groups.items()
    ]


def read_all_decided(study: StudyConfig, runs: Sequence[Run], folder: Path) -> Decided:
    """Returns all decisions.

    Raises:
        RunError: Some are not there.
    """
    return {run.name: read_decided(study, run, folder) for run in runs}


def _quality(decided: Decided, runs: list[Run], first: list[Run], rule: str) -> Quality:
    judged = [decided[run.name][rule] for run in runs]
    return Quality(
        metrics={
            name: sum(METRICS[name](each.counts).value for each in judged) / len(judged)
            for name in SHOWN
        },
        error=seeds_and_frames(torch.stack([each.wrong / each.edges for each in judged])),
        purity_gain=_gain(decided, runs, first, rule, "purity"),
        efficiency_gain=_gain(decided, runs, first, rule, "efficiency"),
        complete_gain=_gain(decided, runs, first, rule, "complete_efficiency"),
    )


def _gain(decided: Decided, runs: list[Run], first: list[Run], rule: str, name: str) -> Interval:
    mine, other = (_by_frame(decided, of, rule, name) for of in (runs, first))
    return seeds_and_frames(mine - other)


def _by_frame(decided: Decided, runs: list[Run], rule: str, name: str) -> Tensor:
    """(S, F) Of a metric: each frame counts the same."""
    ratios = [METRICS[name](decided[run.name][rule].counts) for run in runs]
    return torch.stack([each.numerator / each.denominator.clamp(min=1) for each in ratios])
