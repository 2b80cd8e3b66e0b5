"""Numbers of trainings with several seeds -> means with intervals, and disagreement of pairs."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from studies.intervals import Interval, LeftOut, leave_one_out
from trackscape.landscape.similarity import disagreement

FAILED = 2.0
"""A training has failed if its error is more than so many times the median."""


def seeds_and_frames(values: Tensor) -> Interval:
    """Returns the mean of values, with a t interval that holds for other seeds and other frames.

    Pass differences of two methods with the same seeds and frames for a paired comparison.

    Arguments:
        values: (S, F). Of each training on each frame.

    Example:
        >>> seeds_and_frames(torch.tensor([[1.0, 3.0], [1.0, 3.0]])).value
        2.0
    """
    left = leave_one_out(*values.shape)
    total = ((left.seeds @ values.double()) * left.frames).sum(dim=1)
    return left.interval(total / (left.seeds.sum(dim=1) * left.frames.sum(dim=1)))


class Resampling(NamedTuple):
    """R weights: of all S runs and F frames, then without each seed, then without each frame.

    A run takes part in many pairs, which are therefore not independent; and runs of different
    settings with one seed began with the same weights and saw the same frames. So a seed is left
    out of all settings at once, with all of its pairs. What is computed with each of the weights
    may be subtracted or divided before its interval is taken.
    """

    left: LeftOut
    """Weights of the seeds and of the frames."""
    runs: Tensor
    """(R, S) Weights of the runs, 0 or 1."""

    @property
    def frames(self) -> Tensor:
        """(R, F) Weights of the frames, 0 or 1."""
        return self.left.frames

    def mean(self, values: Tensor, *, pairs: Tensor, chosen: Tensor) -> Tensor:
        """Returns the mean of a measure over some pairs, (R,); not a number without any of them.

        Arguments:
            values: (R, Q) Measure by weight of frames and pair; (1, Q) if frames play no part.
            pairs: (Q, 2) Runs of each pair.
            chosen: (Q,) bool. Pairs of the mean.
        """
        weight = self.runs[:, pairs[chosen]].prod(dim=2)
        return (weight * values[:, chosen]).sum(dim=1) / weight.sum(dim=1)

    def mean_over_frames(self, values: Tensor, *, pairs: Tensor, chosen: Tensor) -> Tensor:
        """Returns the mean over some pairs and all frames of a measure (Q, F) of both, (R,)."""
        of_frames = self.frames / self.frames.sum(dim=1, keepdim=True)
        return self.mean(of_frames @ values.T, pairs=pairs, chosen=chosen)

    def interval(self, figure: Tensor) -> Interval:
        """Returns the t interval of a figure (R,): see `LeftOut.interval`."""
        return self.left.interval(figure)


def resample(seeds: Sequence[int], *, n_frames: int = 0) -> Resampling:
    """Returns the weights of a jackknife over seeds and frames.

    Arguments:
        seeds: Seed of each run; runs of equal seeds are left out together.
        n_frames: Number of frames; 0 if they play no part.
    """
    order = list(dict.fromkeys(seeds))
    left = leave_one_out(len(order), n_frames)
    return Resampling(left, left.seeds[:, [order.index(seed) for seed in seeds]])


def ratio(figure: Tensor, other: Tensor) -> Tensor:
    """Returns the quotient of figures (R,); 0 where there is nothing to divide by."""
    return torch.where(other == 0, 0.0, figure / other)


class Choices(NamedTuple):
    """Edges that several trainings of a method chose among the same ones, counted by frame.

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
        """(P, 2) Seeds of each pair."""
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


def mean_disagreement(choices: Choices, *, minus: Choices | None = None) -> Interval:
    """Returns the mean over pairs of seeds, with a t interval for other seeds and other frames.

    Seeds are left out, not pairs: a seed is in many pairs, which are therefore not independent.
    Fewer than 3 of them have no interval.

    Arguments:
        choices: Of one method.
        minus: Of another one with the same seeds and frames, whose mean is subtracted.
    """
    seeds, n_frames = choices.wrong.shape
    weights = resample(range(seeds), n_frames=n_frames)
    values = choices.disagreements(weights.frames)
    if minus is not None:
        values = values - minus.disagreements(weights.frames)
    every = torch.ones(len(choices.pairs), dtype=torch.bool)
    return weights.interval(weights.mean(values, pairs=choices.pairs, chosen=every))


def failed_seeds(errors: Sequence[float], *, median: float) -> int:
    """Returns how many errors are more than `FAILED` times the median."""
    return sum(error > FAILED * median for error in errors)
