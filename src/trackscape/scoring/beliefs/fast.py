"""Potentials -> beliefs with compiled messages; gradients go through the log partition."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from trackscape.data import KinkGraph
from trackscape.scoring.beliefs import messages, mixture
from trackscape.scoring.beliefs.messages import Floats, Odds, Orders
from trackscape.scoring.beliefs.potentials import (
    END,
    FOLLOW,
    JOIN,
    KINK_UNIT,
    MIXTURE,
    START,
)


def believe(potentials: Tensor, *, graph: KinkGraph, rounds: int) -> tuple[Tensor, Tensor]:
    """Returns log odds of the edges (E,) and the log partition ().

    The gradient of the log partition is the belief in each start, end and pair. That is exact where
    messages do not change any more (Yedidia, Freeman and Weiss, 2005), and after two rounds they
    hardly do. The log odds carry no gradient here.

    Arguments:
        potentials: (E, 9) on the processor.
        graph: The graph that they belong to.
        rounds: How often the messages run along the beam and back.
    """
    return _Beliefs.apply(potentials, graph, rounds)


class _Densities(NamedTuple):
    """Exponentials of the columns that tell of pairs."""

    join: Floats
    height: Floats
    narrowness: Floats


class _Beliefs(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, potentials: Tensor, graph: KinkGraph, rounds: int
    ) -> tuple[Tensor, Tensor]:
        orders, kink = _orders(graph), graph.kink.numpy()
        values = potentials.detach().double().numpy()
        start, end = np.ascontiguousarray(np.exp(values[:, [START, END]]).T)
        densities = _densities(values)
        odds = Odds(start, end, mixture.follow_odds(orders, kink, *densities))
        forth, back = messages.propagate(orders, odds, rounds)
        logit = torch.from_numpy(np.log(forth) + np.log(back)).to(potentials.dtype)
        ctx.mark_non_differentiable(logit)
        sums, log_partition = messages.partition(orders, odds, forth, back)
        ctx.found = orders, kink, densities, odds, forth, back, sums
        return logit, potentials.new_tensor(log_partition)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor, None, None]:
        _, gradient = grad_outputs
        orders, kink, densities, *found = ctx.found
        start, end, follow = messages.believe(orders, *found)
        join, weight, width = mixture.sum_over_pairs(
            orders, kink, densities.height, densities.narrowness, follow
        )
        columns = torch.from_numpy(np.column_stack([start, end, join, weight, width]))
        return columns.to(gradient.dtype) * gradient, None, None


def _orders(graph: KinkGraph) -> Orders:
    fields = (graph.arriving, graph.leaving, graph.by_upstream, graph.first, graph.upstream)
    return Orders(*(field.numpy() for field in fields))


def _densities(values: Floats) -> _Densities:
    weight, width = values[:, FOLLOW : FOLLOW + MIXTURE], values[:, FOLLOW + MIXTURE :]
    return _Densities(
        join=np.exp(values[:, JOIN]),
        height=np.exp(weight - 2 * width),
        narrowness=np.exp(-2 * width) / KINK_UNIT**2,
    )
