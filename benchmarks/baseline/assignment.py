"""Costs of edges -> chosen edges, and the blackbox gradient of that choice."""

import itertools
from typing import Any

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from trackscape.data import HitGraph

FORBIDDEN = 1e4
"""Cost of a pair that is no edge; the costs of edges lie between 0 and 1."""


def assign(cost: Tensor, graph: HitGraph) -> Tensor:
    """Returns the cheapest choice (E,) bool, from a dense matrix for each pair of layers."""
    downstream, upstream = graph.edge_index
    n_hits = torch.bincount(graph.hits.layer).tolist()
    first_hit = [0, *itertools.accumulate(n_hits)]
    layer = graph.hits.layer[downstream]
    selected = torch.zeros_like(cost, dtype=torch.bool)
    for deep in layer.unique().tolist():
        edges = (layer == deep).nonzero()[:, 0]
        row, column = downstream[edges] - first_hit[deep], upstream[edges] - first_hit[deep - 1]
        shape = n_hits[deep], n_hits[deep - 1]
        matrix = cost.new_full(shape, FORBIDDEN)
        matrix[row, column] = cost[edges]
        chosen = torch.zeros(shape, dtype=torch.bool)
        chosen[linear_sum_assignment(matrix.numpy())] = True
        selected[edges] = chosen[row, column]
    return selected


def blackbox_assignment(cost: Tensor, graph: HitGraph, *, strength: float) -> Tensor:
    """Returns the choice as 0 and 1; its gradient is the difference of two choices, as published.

    The published code leaves out the factor 1/strength and clips the shifted costs at 0.
    """
    return _Blackbox.apply(cost, graph, strength)


class _Blackbox(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, cost: Tensor, graph: HitGraph, strength: float) -> Tensor:
        chosen = assign(cost, graph).to(cost.dtype)
        ctx.save_for_backward(cost, chosen)
        ctx.graph, ctx.strength = graph, strength
        return chosen

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None]:
        cost, chosen = ctx.saved_tensors
        shifted = (cost + ctx.strength * grad_outputs[0]).clamp(min=0)
        return assign(shifted, ctx.graph).to(cost.dtype) - chosen, None, None
