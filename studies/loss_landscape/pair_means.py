"""Trainings with one seed, or one frame, left out -> means over pairs, with their intervals.

A seed takes part in many pairs, which are therefore not independent; and trainings of different
settings with one seed began with the same weights and saw the same frames. So a seed is left out
of all settings at once, with all of its pairs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from trackscape.statistics import Interval, LeftOut, leave_one_out


class Weights(NamedTuple):
    """R weights: of all S runs and F frames, then without each seed, then without each frame.

    What is computed with each of them may be subtracted or divided before its interval is taken.
    """

    left: LeftOut
    runs: Tensor
    """(R, S) 0 or 1."""

    @property
    def frames(self) -> Tensor:
        """(R, F) 0 or 1."""
        return self.left.frames

    def mean(self, values: Tensor, *, pairs: Tensor, chosen: Tensor) -> Tensor:
        """Returns the mean of a measure over some pairs, (R,); not a number without any of them.

        Arguments:
            values: (R, Q) Of each pair and weight of frames; (1, Q) if frames play no part.
            pairs: (Q, 2) The runs of each pair.
            chosen: (Q,) bool. The pairs whose mean it is.
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


def weigh(seeds: Sequence[int], *, n_frames: int = 0) -> Weights:
    """Returns the weights.

    Arguments:
        seeds: Of each run; those of equal seeds are left out together.
        n_frames: Frames; none if they play no part.
    """
    order = list(dict.fromkeys(seeds))
    left = leave_one_out(len(order), n_frames)
    return Weights(left, left.seeds[:, [order.index(seed) for seed in seeds]])


def ratio(figure: Tensor, other: Tensor) -> Tensor:
    """Quotient of figures (R,); 0 where there is nothing to divide by."""
    return torch.where(other == 0, 0.0, figure / other)
