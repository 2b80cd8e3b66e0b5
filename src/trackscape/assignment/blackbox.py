"""A decision that lets gradients through: blackbox interpolation of the assignment."""

import math
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from trackscape.assignment.assign import Assigner
from trackscape.data import EdgeScores, HitGraph
from trackscape.errors import AssignmentError

Convention = Literal["published", "corrected"]


def blackbox_assignment(
    scores: EdgeScores, *, assigner: Assigner, strength: float, convention: Convention
) -> Tensor:
    r"""Assignment as a 0/1 vector whose gradient leads towards a better assignment.

    The assignment :math:`y(c)` of the costs :math:`c = 1 - p` is piecewise constant, so its true
    gradient is zero almost everywhere. Blackbox differentiation follows a continuous interpolation
    of the loss instead, at the price of a second solution at costs shifted by the gradient
    :math:`g = dL/dy`:

    ``corrected``
        .. math:: \frac{dL}{dc} = \frac{y(c + \lambda g) - y(c)}{\lambda}, \qquad
                  \lambda = \frac{\kappa}{\max |g|}

        The strength is :math:`\kappa`, the largest shift of a cost, in units of cost (which run
        from 0 to 1): it means the same for every batch. Where regions are averaged apart, edges of
        the larger one are shifted by less, in proportion.
    ``published``
        .. math:: \frac{dL}{dc} = y(\max(c + \lambda g, 0)) - y(c)

        As in the code of Kortus et al. (2025): the strength is :math:`\lambda`, the factor
        :math:`1/\lambda` is left out and the shifted costs are clipped at 0, which makes ties among
        the most confident edges. Since g is divided by the number of edges and of graphs in a
        batch, the shift depends on both: about 1e-4 for :math:`\lambda = 25` and batches of 32.

    References:
        Vlastelica et al., "Differentiation of blackbox combinatorial solvers", ICLR 2020.

    Arguments:
        scores: Scores of the edges of one frame.
        assigner: Solves the assignment.
        strength: Positive; see above.
        convention: One of the two above.

    Returns:
        (E,) float64, 1 where an edge is chosen, else 0.
    """
    if not 0 < strength < math.inf:
        raise AssignmentError(f"Expected a positive strength, got {strength}.")
    if convention not in get_args(Convention):
        raise AssignmentError(f"Expected convention published or corrected, got {convention!r}.")
    return _Blackbox.apply(scores.cost, scores.graph, assigner, strength, convention)


class _Blackbox(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        cost: Tensor,
        graph: HitGraph,
        assigner: Assigner,
        strength: float,
        convention: Convention,
    ) -> Tensor:
        solution = assigner.solve(cost, graph=graph)
        chosen = solution.selected.to(cost.dtype)
        ctx.save_for_backward(cost, chosen)
        ctx.graph, ctx.assigner, ctx.solution = graph, assigner, solution
        ctx.strength, ctx.convention = strength, convention
        return chosen

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, None, None, None, None]:
        (gradient,) = grad_outputs
        cost, chosen = ctx.saved_tensors
        largest = float(gradient.abs().max()) if len(gradient) else 0.0
        if largest == 0:
            return torch.zeros_like(chosen), None, None, None, None
        if ctx.convention == "published":
            factor, shifted = 1.0, (cost + ctx.strength * gradient).clamp(min=0)
        else:
            scale = ctx.strength / largest
            factor, shifted = 1 / scale, cost + scale * gradient
        # Costs that were clipped are tied: their choice should depend on nothing but the costs.
        start = None if bool((shifted == 0).any()) else ctx.solution
        better = ctx.assigner.solve(shifted, graph=ctx.graph, start=start)
        return (better.selected.to(chosen.dtype) - chosen) * factor, None, None, None, None
