"""Trainings in groups, and frames -> resamples of both, the same for all that is measured.

A run takes part in many pairs, which are therefore not independent: runs are drawn, not pairs.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from trackscape.evaluation.metrics import divide
from trackscape.experiments.study.statistics import LEVEL, RESAMPLES, Interval


class Draws(NamedTuple):
    """R resamples of S runs, each group of them apart, and of F frames."""

    runs: Tensor
    """(R, S) How often each run is drawn, as a share of its group."""
    frames: Tensor
    """(R, F) How often each frame is drawn, as a share."""

    def of_pairs(self, pairs: Tensor) -> Tensor:
        """(R, Q) Weights of pairs (Q, 2) of runs; their sum is 1.

        A run that is drawn twice makes no pair with itself; resamples without any pair take all of
        them.
        """
        weight = self.runs[:, pairs[:, 0]] * self.runs[:, pairs[:, 1]]
        weight[weight.sum(dim=1) == 0] = 1.0
        return weight / weight.sum(dim=1, keepdim=True)


def draw(groups: Sequence[str], *, n_frames: int, seed: int = 0) -> Draws:
    """Draws runs and frames with replacement, independently of each other.

    One run fewer is drawn than a group has, and one frame: see `seeds_and_frames`.

    Arguments:
        groups: Of each run. Equal groups see equal draws of runs, whatever the frames.
        n_frames: Frames.
        seed: Of the draws.
    """
    generator = torch.Generator().manual_seed(seed)
    runs = torch.zeros(RESAMPLES, len(groups), dtype=torch.float64)
    for group in dict.fromkeys(groups):
        members = torch.tensor([name == group for name in groups]).nonzero()[:, 0]
        runs[:, members] = _shares(len(members), generator)
    return Draws(runs, _shares(n_frames, generator))


def _shares(number: int, generator: torch.Generator) -> Tensor:
    """(R, number) How often each is drawn in each resample, as a share."""
    draws = max(number - 1, 1)
    drawn = torch.randint(number, (RESAMPLES, draws), generator=generator)
    shares = torch.zeros(RESAMPLES, number, dtype=torch.float64)
    return shares.scatter_add_(1, drawn, torch.full(drawn.shape, 1 / draws, dtype=torch.float64))


@dataclasses.dataclass(frozen=True, eq=False)
class Estimate:
    """A number, and what it is in each resample. Estimates of equal draws may be combined."""

    value: float
    resampled: Tensor
    """(R,)"""

    @property
    def interval(self) -> Interval:
        """The number with its percentile interval."""
        tails = torch.tensor([(1 - LEVEL) / 2, (1 + LEVEL) / 2], dtype=torch.float64)
        low, high = torch.quantile(self.resampled, tails).tolist()
        return Interval(self.value, low, high)

    def __sub__(self, other: "Estimate") -> "Estimate":
        return Estimate(self.value - other.value, self.resampled - other.resampled)

    def __truediv__(self, other: "Estimate") -> "Estimate":
        """Quotient; 0 where there is nothing to divide by."""
        value = self.value / other.value if other.value > 0 else 0.0
        return Estimate(value, divide(self.resampled, other.resampled))


def mean_of_pairs(
    values: Tensor, resampled: Tensor, *, pairs: Tensor, chosen: Tensor, draws: Draws
) -> Estimate:
    """Returns the mean of a measure over some pairs.

    Arguments:
        values: (Q,) Of each pair.
        resampled: (R, Q) The same for resampled frames; (1, Q) if frames play no part.
        pairs: (Q, 2) The runs of each pair.
        chosen: (Q,) bool. The pairs whose mean it is.
        draws: Of runs.
    """
    weight = draws.of_pairs(pairs[chosen])
    mean = (weight * resampled[:, chosen]).sum(dim=1)
    return Estimate(float(values[chosen].mean()), mean)


def mean_over_frames(values: Tensor, *, pairs: Tensor, chosen: Tensor, draws: Draws) -> Estimate:
    """Returns the mean over some pairs and all frames of a measure (Q, F) of both."""
    resampled = draws.frames @ values.T
    return mean_of_pairs(values.mean(dim=1), resampled, pairs=pairs, chosen=chosen, draws=draws)
