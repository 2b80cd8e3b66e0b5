"""A study -> its trainings, its pairs of trainings, and where their measures are kept."""

import hashlib
import itertools
import json
from pathlib import Path
from typing import NamedTuple

from studies.loss_landscape.config import StudyConfig
from trackscape.training.config import TrainingConfig

WEIGHTS = "weights.safetensors"


class Run(NamedTuple):
    """One training of a study."""

    setting: str
    settings: TrainingConfig
    seed: int

    @property
    def name(self) -> str:
        """Short and unique in a study."""
        return f"{self.setting}-s{self.seed}"

    def weights(self, runs: Path) -> Path:
        """Where its training leaves them."""
        return self.settings.folder(runs, seed=self.seed) / WEIGHTS


class Pair(NamedTuple):
    """Two trainings of the same network."""

    first: Run
    second: Run

    @property
    def name(self) -> str:
        """Short and unique in a study."""
        return f"{self.first.name}--{self.second.name}"


def all_runs(study: StudyConfig) -> list[Run]:
    """Returns all trainings, setting after setting."""
    return [
        Run(setting.name, study.training_of(setting), seed)
        for setting in study.settings
        for seed in study.seeds
    ]


def all_pairs(study: StudyConfig) -> list[Pair]:
    """Returns all pairs of trainings with equal networks, in the order of the trainings."""
    return [
        Pair(first, second)
        for first, second in itertools.combinations(all_runs(study), 2)
        if first.settings.network == second.settings.network
    ]


def measured_folder(study: StudyConfig, runs: Path) -> Path:
    """Returns where the measures of a study are kept: another study has another folder."""
    content = study.model_dump(mode="json")
    for setting, dumped in zip(study.settings, content["settings"], strict=True):
        dumped["loss"] = setting.loss.as_published()  # so that older measures are found
    text = json.dumps(content, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return runs / f"{study.name}-measured-{digest}"
