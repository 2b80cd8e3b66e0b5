"""Frames, networks and landscapes of a study, as its measures need them."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.plan import Run
from trackscape.data import Hits
from trackscape.landscape import NormPolicy, Problem
from trackscape.scoring import Scorer, load_network
from trackscape.tracker_landscape import (
    LossLike,
    read_problem_frames,
    tracker_problem,
)

SMOOTH = {"cross_entropy": "bce", "track_likelihood": "likelihood"}
"""Names of smooth losses in the files and tables of the study."""


class Places(NamedTuple):
    """Folders of a study."""

    data: Path
    """Folder of the hit files."""
    runs: Path
    """Folder of the run folders."""
    archive: Path | None = None
    """Folder that keeps trainings, and measures that took long."""


def frames_of(study: StudyConfig, files: Sequence[str], most: int, *, data: Path) -> list[Hits]:
    """Returns so many frames, as evenly from all files as can be."""
    share = [most // len(files) + (number < most % len(files)) for number in range(len(files))]
    return [
        frame
        for name, part in zip(files, share, strict=True)
        if part
        for frame in _read(data / name, study.per_frame, part)
    ]


@functools.lru_cache(maxsize=32)
def _read(file: Path, per_frame: int, most: int) -> list[Hits]:
    return read_problem_frames(file, per_frame=per_frame, most=most)


def network_of(run: Run, runs: Path) -> Scorer:
    """Returns the trained network."""
    return load_network(run.weights(runs))


def losses_of(scorer: Scorer) -> tuple[str, ...]:
    """Returns what is measured: the smooth loss of its kind of network, then of decisions."""
    return (SMOOTH[scorer.default_objective], "hamming", "errors", "missed")


def problem_of(
    study: StudyConfig,
    run: Run,
    scorer: Scorer,
    frames: Sequence[Hits],
    *,
    losses: Sequence[LossLike] = (),
    norm: NormPolicy = "frozen",
    twice_differentiable: bool = False,
) -> Problem:
    """Returns the landscape of a network, with the decisions that its setting makes."""
    return tracker_problem(
        scorer,
        frames,
        losses=losses or losses_of(scorer),
        assigner=run.settings.assigner.build(),
        norm=norm,
        twice_differentiable=twice_differentiable,
    )
