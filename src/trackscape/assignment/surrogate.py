"""A decision -> the same decision, with a rule in the place of its derivative."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Rule = Callable[[Tensor], Tensor]
"""Gradient of a loss for the decision (E,) -> what stands for its gradient for the costs (E,)."""


def surrogate(value: Tensor, cost: Tensor, *, rule: Rule) -> Tensor:
    """Returns a value whose gradient reaches the costs by a rule.

    A decision is piecewise constant in the costs, so its own derivative is of no use. The rule is
    not asked if the gradient of the loss is zero. In second derivatives, what it returns counts as
    constant.

    Arguments:
        value: (E,) Decisions made of the costs, 0/1 or means of such.
        cost: (E,) The costs.
        rule: See `Rule`.
    """
    return _Surrogate.apply(cost, value, rule)


def length_of_shift(gradient: Tensor, *, strength: float) -> float:
    r"""Returns :math:`\lambda = \kappa / \max |g|`: the largest shift :math:`\lambda g` is κ.

    So the strength κ is in units of cost (which run from 0 to 1), and means the same for every
    frame, loss and size of a batch. Where regions are averaged apart, edges of the larger one are
    shifted by less, in proportion.
    """
    return strength / float(gradient.abs().max())


class _Surrogate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, cost: Tensor, value: Tensor, rule: Rule) -> Tensor:
        ctx.rule = rule
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = grad_outputs
        moved = bool(gradient.any())
        return ctx.rule(gradient) if moved else torch.zeros_like(gradient), None, None
