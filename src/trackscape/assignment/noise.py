"""Seed, frame and sample -> shifts of the costs, the same whenever they are asked for."""

import dataclasses
import math
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from trackscape.assignment.checks import check_count, check_positive
from trackscape.errors import AssignmentError

NoiseLaw = Literal["normal", "sum_of_gamma"]
_ONES, _TERMS = 10, 10  # k and s of Niepert et al.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Noise:
    r"""Random shifts of the costs of one frame, with mean 0.

    They depend on seed, frame and number of the sample only: a loss with a fixed noise is a plain
    function of its scores (common random numbers).

    ``normal``
        Independent normal numbers.
    ``sum_of_gamma``
        :math:`\sum_{i=1}^{s} \Gamma(1/k, k/i)` (shape, scale), brought to mean 0 and standard
        deviation sigma; k = 10 of them add up to nearly a Gumbel variable, with s = 10 terms.

    References:
        Niepert, Minervini, Franceschi, "Implicit MLE", NeurIPS 2021, for the sum of gammas.
    """

    sigma: float
    """Standard deviation, in units of cost."""
    seed: int
    """Of the run."""
    frame: int = 0
    """Number of the frame: in a training, of all that were seen so far."""
    law: NoiseLaw = "normal"
    """See above."""

    def __post_init__(self) -> None:
        check_positive(self.sigma, name="sigma")
        if self.law not in get_args(NoiseLaw):
            raise AssignmentError(f"Expected noise normal or sum_of_gamma, got {self.law!r}.")

    def draw(self, samples: int, *, like: Tensor) -> Tensor:
        """Returns (samples, E) shifts for costs (E,), of their type and on their device."""
        check_count(samples, name="samples")
        unit = _normal if self.law == "normal" else _sum_of_gamma
        shifts = [
            unit(np.random.default_rng((self.seed, self.frame, sample)), len(like))
            for sample in range(samples)
        ]
        return self.sigma * torch.from_numpy(np.stack(shifts)).to(like)


def _normal(random: np.random.Generator, size: int) -> np.ndarray:
    return random.standard_normal(size)


def _sum_of_gamma(random: np.random.Generator, size: int) -> np.ndarray:
    term = np.arange(1, _TERMS + 1)
    total = random.gamma(1 / _ONES, _ONES / term, size=(size, _TERMS)).sum(axis=1)
    mean, variance = (1 / term).sum(), (_ONES / term**2).sum()
    return (total - mean) / math.sqrt(variance)
