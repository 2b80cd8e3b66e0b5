"""What estimators are made of: a rule in the place of a derivative, and repeatable noise."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from trackscape.assignment.solver.assigner import PerEdge
from trackscape.errors import AssignmentError

GradientRule = Callable[[Tensor], Tensor]
"""Gradient of a loss for the decisions -> what stands for its gradient for the costs."""


def surrogate(value: PerEdge, cost: PerEdge, *, rule: GradientRule) -> PerEdge:
    """Returns decisions, which are piecewise constant in the costs, with a gradient by a rule.

    The rule is not asked if the gradient of the loss is zero. What it returns counts as constant.
    """
    return _Surrogate.apply(cost, value, rule)


def length_of_shift(gradient: PerEdge, *, strength: float) -> float:
    r"""Returns :math:`\lambda = \kappa / \max |g|`: the largest shift :math:`\lambda g` is κ.

    So the strength κ is in units of cost (which run from 0 to 1), and means the same for every
    frame, loss and size of a batch. Where regions are averaged apart, edges of the larger one are
    shifted by less, in proportion.
    """
    return strength / float(gradient.abs().max())


class _Surrogate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, cost: Tensor, value: Tensor, rule: GradientRule) -> Tensor:
        ctx.rule = rule
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = grad_outputs
        moved = bool(gradient.any())
        return ctx.rule(gradient) if moved else torch.zeros_like(gradient), None, None


NoiseLaw = Literal["normal", "sum_of_gamma"]
"""How noise on costs is distributed."""
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
        deviation sigma; k = 10 of them add up to nearly a Gumbel variable, with s = 10 terms
        (Niepert, Minervini, Franceschi, "Implicit MLE", NeurIPS 2021).
    """

    sigma: float
    """Standard deviation, in units of cost."""
    seed: int
    """Seed of the run."""
    frame: int = 0
    """Number of the frame: in a training, of all that were seen so far."""
    law: NoiseLaw = "normal"
    """Distribution of the shifts; see above."""

    def __post_init__(self) -> None:
        check_positive(self.sigma, name="sigma")
        if self.law not in get_args(NoiseLaw):
            raise AssignmentError(f"Expected noise normal or sum_of_gamma, got {self.law!r}.")

    def draw(self, samples: int, *, like: PerEdge) -> Float[Tensor, "samples edges"]:
        """Returns shifts for costs, of their type and on their device."""
        check_count(samples, name="samples")
        normal = np.random.Generator.standard_normal
        unit = normal if self.law == "normal" else _sum_of_gamma
        shifts = [
            unit(np.random.default_rng((self.seed, self.frame, sample)), len(like))
            for sample in range(samples)
        ]
        return self.sigma * torch.from_numpy(np.stack(shifts)).to(like)


def _sum_of_gamma(random: np.random.Generator, size: int) -> np.ndarray:
    term = np.arange(1, _TERMS + 1)
    total = random.gamma(1 / _ONES, _ONES / term, size=(size, _TERMS)).sum(axis=1)
    mean, variance = (1 / term).sum(), (_ONES / term**2).sum()
    return (total - mean) / math.sqrt(variance)


def check_positive(value: float, *, name: str) -> None:
    """Raises an AssignmentError unless the value is positive and finite."""
    if not 0 < value < math.inf:
        raise AssignmentError(f"Expected a positive {name}, got {value}.")


def check_count(value: int, *, name: str, least: int = 1) -> None:
    """Raises an AssignmentError if there are fewer than needed."""
    if value < least:
        raise AssignmentError(f"Expected at least {least} {name}, got {value}.")
