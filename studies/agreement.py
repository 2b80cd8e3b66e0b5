"""Figures of trainings with several seeds -> differences with intervals, and disagreement."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from trackscape.landscape.similarity import disagreement
from trackscape.statistics import Interval, leave_one_out

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


def mean_disagreement(choices: Choices, *, minus: Choices | None = None) -> Interval:
    """Returns the mean over pairs of seeds, with a t interval for other seeds and other frames.

    Seeds are left out, not pairs: a seed is in many pairs, which are therefore not independent.
    Fewer than 3 of them have no interval.

    Arguments:
        choices: Of one method.
        minus: Of another one with the same seeds and frames, whose mean is subtracted.
    """
    left = leave_one_out(*choices.wrong.shape)
    values = choices.disagreements(left.frames)
    if minus is not None:
        values = values - minus.disagreements(left.frames)
    pairs = left.seeds[:, choices.pairs].prod(dim=2)
    return left.interval((values * pairs).sum(dim=1) / pairs.sum(dim=1))


def failed_seeds(errors: Sequence[float], *, median: float) -> int:
    """Returns how many errors are more than `FAILED` times the median."""
    return sum(error > FAILED * median for error in errors)
