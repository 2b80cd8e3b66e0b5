"""Values of many frames -> percentile interval of their mean, by resampling the frames.

References:
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
"""

import torch
from torch import Tensor

from trackscape.errors import DataError
from trackscape.evaluation.metrics import divide


def bootstrap_interval(
    numerator: Tensor,
    *,
    generator: torch.Generator,
    denominator: Tensor | None = None,
    resamples: int = 1000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of a mean, or of a quotient of two sums, over frames.

    Frames, not tracks, are drawn with replacement, because the tracks of a frame compete for the
    same hits. The interval holds the spread over frames only, not that over trainings.

    Arguments:
        numerator: (F,) Value of each frame.
        generator: Source of the resamples, on the CPU.
        denominator: (F,) What the sum of the drawn values is divided by is the sum of these; 1 for
            each frame by default, which gives the mean.
        resamples: Number of resamples.
        level: Probability content of the interval.

    Returns:
        The lower and the upper end. With one frame they are equal.

    Raises:
        DataError: If there are no frames.

    Example:
        >>> rng = torch.Generator().manual_seed(0)
        >>> low, high = bootstrap_interval(torch.tensor([0.8, 0.9, 1.0, 0.9]), generator=rng)
        >>> f"{low:.2f} to {high:.2f}"
        '0.83 to 0.97'
    """
    frames = len(numerator)
    if frames == 0:
        raise DataError("A bootstrap interval needs at least one frame, got none.")
    numerator = numerator.double()
    denominator = torch.ones_like(numerator) if denominator is None else denominator.double()
    drawn = torch.randint(frames, (resamples, frames), generator=generator)
    values = divide(numerator[drawn].sum(dim=1), denominator[drawn].sum(dim=1))
    tails = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64)
    low, high = torch.quantile(values, tails).tolist()
    return low, high
