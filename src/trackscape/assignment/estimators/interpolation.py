"""Decisions that let gradients through: one or two better assignments, or the negative identity.

Each takes the scores of one frame and returns 1 where an edge is chosen, else 0. The assignment
:math:`y(c)` of the costs :math:`c = 1 - p` is piecewise constant, so that its true gradient is zero
almost everywhere; what stands for it is made of :math:`g = dL/dy`.
"""

from typing import Literal, get_args

import torch
from torch import Tensor

from trackscape.assignment.estimators.surrogate import check_positive, length_of_shift, surrogate
from trackscape.assignment.solver.assigner import PerEdge, Solver
from trackscape.data import EdgeScores, HitGraph
from trackscape.errors import AssignmentError

Convention = Literal["published", "corrected"]
"""Which blackbox gradient: that of the published code, or that of the formula."""


def blackbox_assignment(
    scores: EdgeScores, *, assigner: Solver, strength: float, convention: Convention
) -> PerEdge:
    r"""Assignment whose gradient leads towards a better one, for costs that are shifted by g.

    ``corrected``
        .. math:: \frac{dL}{dc} = \frac{y(c + \lambda g) - y(c)}{\lambda}, \qquad
                  \lambda = \frac{\kappa}{\max |g|}

        The strength is κ, in units of cost; see `length_of_shift`.
    ``published``
        .. math:: \frac{dL}{dc} = y(\max(c + \lambda g, 0)) - y(c)

        As in the code of Kortus et al. (2025): the strength is :math:`\lambda`, the factor
        :math:`1/\lambda` is left out and the shifted costs are clipped at 0, which makes ties among
        the most confident edges. Since g is divided by the number of edges and of graphs in a
        batch, the shift depends on both: about 1e-4 for :math:`\lambda = 25` and batches of 32.

    References:
        Vlastelica et al., "Differentiation of blackbox combinatorial solvers", ICLR 2020.
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


Side = Literal["lower", "upper", "average"]
"""Which envelope of the loss a Lagrangian gradient follows, or the mean of both."""


def lagrangian_assignment(
    scores: EdgeScores, *, assigner: Solver, strength: float, side: Side
) -> PerEdge:
    r"""Assignment whose gradient compares it with a better one, a worse one, or both of them.

    With the strength κ, the largest shift of a cost, and :math:`\lambda = \kappa / \max |g|`,

    .. math::
        \text{lower} = \frac{y(c + \lambda g) - y(c)}{\lambda}, \qquad
        \text{upper} = \frac{y(c) - y(c - \lambda g)}{\lambda},

    and ``average`` is the mean of both. For the linear costs of an assignment the lower side is the
    corrected blackbox gradient. The upper side still has a signal where the assignment is right,
    but could become wrong: a margin without noise.

    References:
        Paulus, Martius, Musil, "LPGD", ICML 2024; without its proximal term.
    """
    check_positive(strength, name="strength")
    if side not in get_args(Side):
        raise AssignmentError(f"Expected side lower, upper or average, got {side!r}.")
    cost, graph = scores.cost, scores.graph
    solution = assigner.solve(cost, graph=graph)
    chosen = solution.selected.to(cost.dtype)

    def rule(gradient: Tensor) -> Tensor:
        scale = length_of_shift(gradient, strength=strength)

        def shifted_by(length: float) -> Tensor:
            shifted = cost.detach() + length * gradient
            return assigner.solve(shifted, graph=graph, start=solution).selected.to(chosen.dtype)

        if side == "lower":
            return (shifted_by(scale) - chosen) / scale
        if side == "upper":
            return (chosen - shifted_by(-scale)) / scale
        return (shifted_by(scale) - shifted_by(-scale)) / (2 * scale)

    return surrogate(chosen, cost, rule=rule)


def identity_assignment(scores: EdgeScores, *, assigner: Solver) -> PerEdge:
    r"""Assignment whose gradient for the costs is :math:`-g`, without what cannot matter.

    With semantics ``max_cardinality`` and ``perfect`` each pair of layers has a fixed number of
    matches, so that nothing changes if all its costs grow by the same amount: the mean of the
    gradient over the edges of each pair of layers is subtracted. With ``with_unmatched`` costs are
    compared with that of staying alone, and no part is without effect. Costs are probabilities, so
    that the scale, which matters to neither, cannot collapse or run away. For a loss that is linear
    in y, such as `hamming_loss`, the gradient does not depend on the decision at all.

    References:
        Sahoo et al., "Backpropagation through combinatorial algorithms: identity with projection
        works", ICLR 2023.
    """
    cost, graph = scores.cost, scores.graph
    chosen = assigner.solve(cost, graph=graph).selected.to(cost.dtype)

    def rule(gradient: Tensor) -> Tensor:
        if assigner.semantics == "with_unmatched":
            return -gradient
        return _mean_of_layer_pairs(gradient, graph=graph) - gradient

    return surrogate(chosen, cost, rule=rule)


def _mean_of_layer_pairs(value: Tensor, *, graph: HitGraph) -> Tensor:
    layer = graph.hits.layer[graph.edge_index[0]]
    count = torch.bincount(layer)
    total = value.new_zeros(len(count)).index_add(0, layer, value)
    return (total / count.clamp(min=1))[layer]
