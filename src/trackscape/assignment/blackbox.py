"""A decision that lets gradients through: blackbox interpolation of the assignment."""

from typing import Literal, get_args

from torch import Tensor

from trackscape.assignment.assign import Solver
from trackscape.assignment.checks import check_positive
from trackscape.assignment.surrogate import length_of_shift, surrogate
from trackscape.data import EdgeScores
from trackscape.errors import AssignmentError

Convention = Literal["published", "corrected"]


def blackbox_assignment(
    scores: EdgeScores, *, assigner: Solver, strength: float, convention: Convention
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
    check_positive(strength, name="strength")
    if convention not in get_args(Convention):
        raise AssignmentError(f"Expected convention published or corrected, got {convention!r}.")
    cost, graph = scores.cost, scores.graph
    solution = assigner.solve(cost, graph=graph)
    chosen = solution.selected.to(cost.dtype)

    def rule(gradient: Tensor) -> Tensor:
        if convention == "published":
            factor, shifted = 1.0, (cost.detach() + strength * gradient).clamp(min=0)
        else:
            scale = length_of_shift(gradient, strength=strength)
            factor, shifted = 1 / scale, cost.detach() + scale * gradient
        # Costs that were clipped are tied: their choice should depend on nothing but the costs.
        start = None if bool((shifted == 0).any()) else solution
        better = assigner.solve(shifted, graph=graph, start=start)
        return (better.selected.to(chosen.dtype) - chosen) * factor

    return surrogate(chosen, cost, rule=rule)
