"""Decisions of trainings -> what they are worth, against the first setting."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from studies.agreement import seeds_and_frames
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.decisions import WAYS, Judged, read_decided
from studies.loss_landscape.files import read_json
from studies.loss_landscape.plan import Run
from trackscape.evaluation import METRICS
from trackscape.statistics import Interval

SHOWN = ("purity", "efficiency", "edge_tpr", "edge_fpr")
Decided = dict[str, dict[str, Judged]]
"""By name of the run, and way to decide."""


class Quality(NamedTuple):
    """Of a setting, in one way to decide."""

    metrics: dict[str, float]
    """Mean over the seeds of each of `SHOWN`."""
    error: Interval
    """Wrong decisions / edges, mean over seeds and frames."""
    purity_gain: Interval
    """Purity - that of the first setting, paired over seeds and frames."""
    efficiency_gain: Interval
    """The same for the efficiency."""


class Reached(NamedTuple):
    """What the trainings of a setting reached."""

    setting: str
    quality: dict[str, Quality]
    """By way to decide."""
    rejects: list[float]
    """The tuned cost of a track's end of each seed."""


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
            {way: _quality(decided, of, first, way) for way in WAYS},
            [read_json(folder / f"{run.name}-decided.json")["reject"] for run in of],
        )
        for name, of in groups.items()
    ]


def read_all_decided(study: StudyConfig, runs: Sequence[Run], folder: Path) -> Decided:
    """Returns all decisions.

    Raises:
        RunError: Some are not there.
    """
    return {run.name: read_decided(study, run, folder) for run in runs}


def _quality(decided: Decided, runs: list[Run], first: list[Run], way: str) -> Quality:
    judged = [decided[run.name][way] for run in runs]
    return Quality(
        metrics={
            name: sum(METRICS[name](each.counts).value for each in judged) / len(judged)
            for name in SHOWN
        },
        error=seeds_and_frames(torch.stack([each.wrong / each.edges for each in judged])),
        purity_gain=seeds_and_frames(
            _by_frame(decided, runs, way, "purity") - _by_frame(decided, first, way, "purity")
        ),
        efficiency_gain=seeds_and_frames(
            _by_frame(decided, runs, way, "efficiency")
            - _by_frame(decided, first, way, "efficiency")
        ),
    )


def _by_frame(decided: Decided, runs: list[Run], way: str, name: str) -> Tensor:
    """(S, F) Of a metric that is a mean over frames."""
    return torch.stack([METRICS[name](decided[run.name][way].counts).numerator for run in runs])
