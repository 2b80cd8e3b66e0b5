"""The trainings of one kind of network, and the groups that their pairs belong to."""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.pair_means import Weights, weigh
from studies.loss_landscape.plan import Pair, Run, all_runs


class Family(NamedTuple):
    """S trainings of one architecture, which can be compared, and their Q pairs."""

    runs: list[Run]

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
        return [Pair(first, second) for first, second in combinations(self.runs, 2)]

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

    def weigh(self, n_frames: int = 0) -> Weights:
        """Returns weights of runs and frames: see `Weights`."""
        return weigh([run.seed for run in self.runs], n_frames=n_frames)

    def of_loss(self, kind: str) -> list[str]:
        """Names of the settings with a loss of this kind, by its published name."""
        return list(
            dict.fromkeys(run.setting for run in self.runs if run.settings.loss.published == kind)
        )

    def strength(self, setting: str) -> float | None:
        """Of the blackbox gradient of a setting."""
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


def families(study: StudyConfig) -> Iterator[Family]:
    """Yields the trainings of each network, in the order of the study."""
    runs = all_runs(study)
    networks: list[object] = []
    for run in runs:
        network = run.settings.network
        if network not in networks:
            networks.append(network)
            yield Family([each for each in runs if each.settings.network == network])
