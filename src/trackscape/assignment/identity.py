"""A decision that lets gradients through: as if choosing were the negative identity."""

import torch
from torch import Tensor

from trackscape.assignment.assign import Solver
from trackscape.assignment.surrogate import surrogate
from trackscape.data import EdgeScores, HitGraph


def identity_assignment(scores: EdgeScores, *, assigner: Solver) -> Tensor:
    r"""Assignment whose gradient for the costs is :math:`-dL/dy`, without what cannot matter.

    With semantics ``card`` and ``full`` each pair of layers has a fixed number of matches, so that
    nothing changes if all its costs grow by the same amount. The gradient along such changes is
    removed: its mean over the edges of each pair of layers is subtracted. With ``reject`` costs are
    compared with that of staying alone, and no part is without effect. Costs are probabilities, so
    that the scale, which matters to neither, cannot collapse or run away.

    For a loss that is linear in y, such as `hamming_loss`, the gradient does not depend on the
    decision at all.

    References:
        Sahoo et al., "Backpropagation through combinatorial algorithms: identity with projection
        works", ICLR 2023.

    Arguments:
        scores: Scores of the edges of one frame.
        assigner: Solves the assignment, once.

    Returns:
        (E,) float64, 1 where an edge is chosen, else 0.
    """
    cost, graph = scores.cost, scores.graph
    chosen = assigner.solve(cost, graph=graph).selected.to(cost.dtype)

    def rule(gradient: Tensor) -> Tensor:
        if assigner.semantics == "reject":
            return -gradient
        return _mean_of_layer_pairs(gradient, graph=graph) - gradient

    return surrogate(chosen, cost, rule=rule)


def _mean_of_layer_pairs(value: Tensor, *, graph: HitGraph) -> Tensor:
    layer = graph.hits.layer[graph.edge_index[0]]
    count = torch.bincount(layer)
    total = torch.zeros(len(count), dtype=value.dtype, device=value.device)
    return (total.index_add(0, layer, value) / count.clamp(min=1))[layer]
