"""Numbers of frames -> means with intervals.

References:
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
"""

import torch
from jaxtyping import Float64, Real
from torch import Tensor

from trackscape.errors import DataError

LEVEL = 0.95


def divide(
    numerator: Float64[Tensor, "*axes"], denominator: Float64[Tensor, "*axes"]
) -> Float64[Tensor, "*axes"]:
    """Quotient, element by element; 0 where the denominator is 0."""
    divisible = denominator > 0
    return torch.where(divisible, numerator / torch.where(divisible, denominator, 1.0), 0.0)


def bootstrap_interval(
    numerator: Real[Tensor, " frames"],
    *,
    generator: torch.Generator,
    denominator: Real[Tensor, " frames"] | None = None,
    resamples: int = 1000,
) -> tuple[float, float]:
    """95 % percentile interval of a mean, or of a quotient of two sums, over frames.

    Frames, not tracks, are drawn with replacement, because the tracks of a frame compete for the
    same hits. The interval holds the spread over frames only, not that over trainings; with one
    frame it has no width. The denominator is 1 for each frame by default, which gives the mean.

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
    tails = torch.tensor([(1 - LEVEL) / 2, (1 + LEVEL) / 2], dtype=torch.float64)
    low, high = torch.quantile(values, tails).tolist()
    return low, high
