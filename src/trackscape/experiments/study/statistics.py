"""Figures of trainings with several seeds -> differences with intervals, and disagreement.

References:
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 8; Rao and Wu, J. Am.
    Stat. Assoc. 83 (1988) 231, for small samples.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from trackscape.landscape.similarity import disagreement

RESAMPLES = 4000
LEVEL = 0.95
FAILED = 2.0
"""A training has failed if its error is more than so many times the median."""


class Interval(NamedTuple):
    """A mean over seeds and frames, with its percentile interval."""

    value: float
    low: float
    high: float

    @property
    def below_zero(self) -> bool:
        """Whether the whole interval is negative."""
        return self.high < 0

    @property
    def above_zero(self) -> bool:
        """Whether the whole interval is positive."""
        return self.low > 0


def seeds_and_frames(values: Tensor, *, seed: int = 0) -> Interval:
    """Returns the mean of values, with a bootstrap interval over both of their axes.

    Seeds and frames are drawn with replacement, independently of each other, so that the interval
    holds for other frames and for other seeds. One seed fewer is drawn than there are, and one
    frame: else the variance of a mean of S would come out smaller by a factor (S - 1) / S than it
    is. Pass differences of two methods with the same seeds and frames for a paired comparison.

    Arguments:
        values: (S, F). Of each training on each frame.
        seed: Of the resamples; equal shapes see the same ones.

    Example:
        >>> seeds_and_frames(torch.tensor([[1.0, 3.0], [1.0, 3.0]])).value
        2.0
    """
    generator = torch.Generator().manual_seed(seed)
    n_seeds, n_frames = values.shape
    values = values.double()
    of_seeds = _weights(n_seeds, generator)
    of_frames = _weights(n_frames, generator)
    means = ((of_seeds @ values) * of_frames).sum(dim=1)
    return _interval(float(values.mean()), means)


def _interval(value: float, resampled: Tensor) -> Interval:
    tails = torch.tensor([(1 - LEVEL) / 2, (1 + LEVEL) / 2], dtype=torch.float64)
    low, high = torch.quantile(resampled, tails).tolist()
    return Interval(value, low, high)


def _weights(number: int, generator: torch.Generator) -> Tensor:
    """(R, number) How often each is drawn in each resample, as a share."""
    draws = max(number - 1, 1)
    drawn = torch.randint(number, (RESAMPLES, draws), generator=generator)
    counts = torch.zeros(RESAMPLES, number, dtype=torch.float64)
    return counts.scatter_add_(1, drawn, torch.ones_like(drawn, dtype=torch.float64)) / draws


class Choices(NamedTuple):
    """What several trainings of a method chose of the same edges, counted by frame.

    Axes: S seeds, P pairs of them, F frames.
    """

    differ: Tensor
    """(P, F) Edges that the pairs decide differently."""
    wrong: Tensor
    """(S, F) Wrong decisions."""
    edges: Tensor
    """(F,) Edges."""

    @property
    def pairs(self) -> Tensor:
        """(P, 2) The seeds of each pair."""
        return torch.combinations(torch.arange(len(self.wrong)))

    def disagreements(self, weight: Tensor) -> Tensor:
        """(R, P) `disagreement` of all pairs over all edges of frames with the weights (R, F)."""
        total = (weight @ self.edges)[:, None]
        error = weight @ self.wrong.T / total
        first, second = self.pairs.T
        return disagreement(
            weight @ self.differ.T / total, error_a=error[:, first], error_b=error[:, second]
        )


def compare_choices(chosen: Sequence[Tensor], *, wrong: Tensor, edges: Tensor) -> Choices:
    """Counts where trainings differ.

    Arguments:
        chosen: (E,) bool for each training: the edges that it chose, frame after frame.
        wrong: (S, F) Wrong decisions of each training on each frame.
        edges: (F,) Edges of each frame.
    """
    sizes = edges.long().tolist()
    differ = [
        torch.stack([part.sum() for part in (first ^ second).split(sizes)])
        for first, second in combinations(chosen, 2)
    ]
    return Choices(differ=torch.stack(differ).double(), wrong=wrong.double(), edges=edges.double())


def mean_disagreement(choices: Choices, *, minus: Choices | None = None, seed: int = 0) -> Interval:
    """Returns the mean over pairs of seeds, with a bootstrap interval over seeds and frames.

    A seed that is drawn twice makes no pair with itself; resamples without any pair take all of
    them. So with two seeds, which are one pair, the interval is over frames only.

    Arguments:
        choices: Of one method.
        minus: Of another one with the same seeds and frames, whose mean is subtracted.
        seed: Of the resamples.
    """
    n_seeds, n_frames = choices.wrong.shape
    generator = torch.Generator().manual_seed(seed)
    of_seeds, of_frames = _weights(n_seeds, generator), _weights(n_frames, generator)
    first, second = choices.pairs.T
    of_pairs = of_seeds[:, first] * of_seeds[:, second]
    of_pairs[of_pairs.sum(dim=1) == 0] = 1.0

    def mean(weight: Tensor, pairs: Tensor) -> Tensor:
        values = choices.disagreements(weight)
        if minus is not None:
            values = values - minus.disagreements(weight)
        return (values * pairs).sum(dim=1) / pairs.sum(dim=1)

    whole = mean(torch.ones(1, n_frames).double(), torch.ones(1, len(first)).double())
    return _interval(float(whole), mean(of_frames, of_pairs))


def failed_seeds(errors: Sequence[float], *, median: float) -> int:
    """Returns how many errors are more than `FAILED` times the median."""
    return sum(error > FAILED * median for error in errors)
