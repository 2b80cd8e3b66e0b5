"""A study -> its trainings, their pairs and groups, and where their measures are kept."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from studies.agreement import Resampling, resample
from studies.loss_landscape.config import StudyConfig
from studies.trainings import Run, all_runs


class Pair(NamedTuple):
    """Two trainings of the same network."""

    first: Run
    second: Run

    @property
    def name(self) -> str:
        """Short and unique in a study."""
        return f"{self.first.name}--{self.second.name}"


def all_pairs(study: StudyConfig) -> list[Pair]:
    """Returns all pairs of trainings with equal networks, in the order of the trainings."""
    return [
        Pair(first, second)
        for first, second in itertools.combinations(all_runs(study), 2)
        if first.settings.network == second.settings.network
    ]


def joined_pairs(study: StudyConfig) -> list[Pair]:
    """Returns the pairs that paths are measured for: all, or those of neighbouring seeds.

    With K neighbours and n > 2 K seeds each setting has K n pairs, each seed with the K next ones,
    and as many between the first setting's seeds and its own next ones. Pairs of equal seeds with
    the first setting, which began alike, are measured, too.
    """
    return [pair for pair in all_pairs(study) if is_joined(study, pair)]


def is_joined(study: StudyConfig, pair: Pair) -> bool:
    """Whether paths between two trainings are measured."""
    if study.curves.neighbours is None:
        return True
    places = [study.seeds.index(run.seed) for run in pair]
    ahead, behind = ((places[1] - places[0]) * sign % len(study.seeds) for sign in (1, -1))
    if pair.first.setting == pair.second.setting:
        return min(ahead, behind) <= study.curves.neighbours
    return pair.first.setting == study.settings[0].name and ahead <= study.curves.neighbours


def measured_folder(study: StudyConfig, runs: Path) -> Path:
    """Returns where the measures of a study are kept: another study has another folder."""
    content = study.model_dump(mode="json")
    # Settings that came later count where they are used, so that older measures are found.
    for setting, dumped in zip(study.settings, content["settings"], strict=True):
        dumped["loss"] = setting.loss.as_published()
    if study.held_out is None:
        del content["held_out"]
    if study.curves.neighbours is None:
        del content["curves"]["neighbours"]
    text = json.dumps(content, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return runs / f"{study.name}-measured-{digest}"


class ModelGroup(NamedTuple):
    """S trainings of one network, which can be compared, and their Q pairs."""

    runs: list[Run]
    """Trainings, setting after setting."""

    @property
    def network(self) -> str:
        """The kind of network."""
        return self.runs[0].settings.network.kind

    @property
    def settings(self) -> list[str]:
        """Names of the settings, in their order."""
        return list(dict.fromkeys(run.setting for run in self.runs))

    @property
    def pairs(self) -> list[Pair]:
        """All pairs, in the order of the study."""
        return [Pair(first, second) for first, second in itertools.combinations(self.runs, 2)]

    @property
    def indices(self) -> Tensor:
        """(Q, 2) Numbers of the runs of each pair."""
        return torch.combinations(torch.arange(len(self.runs)))

    def members(self, *settings: str) -> Tensor:
        """(S,) bool. The runs of some settings."""
        return torch.tensor([run.setting in settings for run in self.runs])

    def groups(self) -> dict[str, Tensor]:
        """Returns which pairs (Q,) bool are of each group: see `group_of`."""
        names = [group_of(pair) for pair in self.pairs]
        mixed = sorted(set(names) - set(self.settings), key=lambda name: (name.count(","), name))
        order = [*self.settings, *mixed]
        return {
            group: torch.tensor([name == group for name in names])
            for group in order
            if group in names
        }

    def resample(self, n_frames: int = 0) -> Resampling:
        """Returns weights of runs and frames: see `Resampling`."""
        return resample([run.seed for run in self.runs], n_frames=n_frames)

    def of_loss(self, kind: str) -> list[str]:
        """Names of the settings with a loss of this kind, by its published name."""
        return list(
            dict.fromkeys(run.setting for run in self.runs if run.settings.loss.published == kind)
        )

    def strength(self, setting: str) -> float | None:
        """Returns the strength of the blackbox gradient of a setting."""
        loss = next(run.settings.loss for run in self.runs if run.setting == setting)
        return loss.settings.get("strength")


def group_of(pair: Pair) -> str:
    """Returns the setting of a pair, or what kinds of settings it is between.

    Pairs of one kind of loss with different scales are "mixed". Trainings of different settings
    with equal seeds begin with the same weights and see the same frames: they are a group of their
    own, too.
    """
    if pair.first.setting == pair.second.setting:
        return pair.first.setting
    first, second = sorted(run.settings.loss.published for run in pair)
    kinds = f"{first}, mixed" if first == second else f"{first} and {second}"
    return f"{kinds}, same start" if pair.first.seed == pair.second.seed else kinds


def model_groups(study: StudyConfig) -> Iterator[ModelGroup]:
    """Yields the trainings of each network, in the order of the study."""
    runs = all_runs(study)
    networks: list[object] = []
    for run in runs:
        network = run.settings.network
        if network not in networks:
            networks.append(network)
            yield ModelGroup([each for each in runs if each.settings.network == network])
