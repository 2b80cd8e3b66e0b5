"""Potentials -> marginals of the segments by belief propagation: compiled, and in plain PyTorch."""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from trackscape.data import TripletGraph
from trackscape.graph_construction.line_graph import expand_ranges
from trackscape.scoring.track_model import messages
from trackscape.scoring.track_model.messages import Floats, Odds, Triplets
from trackscape.scoring.track_model.potentials import (
    END,
    FOLLOW,
    JOIN,
    MIXTURE,
    SLOPE_CHANGE_UNIT,
    START,
    follow_odds,
    follow_potential,
    sum_over_pairs,
)

Potentials = Float[Tensor, "edges 9"]
NEXT_TO_NONE = -300.0
"""Log odds below all that messages and potentials can make."""


def run_bp(
    potentials: Potentials, *, graph: TripletGraph, n_iterations: int
) -> tuple[Float[Tensor, " edges"], Float[Tensor, ""]]:
    """Returns log odds of the edges and the log partition, on the processor.

    Messages run along the beam and back `n_iterations` times. The gradient of the log partition is
    the probability of each start, end and pair. That is exact where messages do not change any more
    (Yedidia, Freeman and Weiss, 2005), and after two rounds they hardly do. The log odds carry no
    gradient here.
    """
    return _Propagated.apply(potentials, graph, n_iterations)


class _Propagated(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, potentials: Tensor, graph: TripletGraph, n_iterations: int
    ) -> tuple[Tensor, Tensor]:
        triplets, densities, odds = _odds(potentials, graph)
        forward, backward = messages.propagate(triplets, odds, n_iterations)
        logit = torch.from_numpy(np.log(forward) + np.log(backward)).to(potentials.dtype)
        ctx.mark_non_differentiable(logit)
        sums, log_partition = messages.partition(triplets, odds, forward, backward)
        slope_change_sq = graph.slope_change_sq.numpy()
        ctx.found = triplets, slope_change_sq, densities, odds, forward, backward, sums
        return logit, potentials.new_tensor(log_partition)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor, None, None]:
        _, gradient = grad_outputs
        triplets, slope_change_sq, (_, height, narrowness), *found = ctx.found
        start, end, follow = messages.marginals(triplets, *found)
        join, weight, width = sum_over_pairs(triplets, slope_change_sq, height, narrowness, follow)
        columns = torch.from_numpy(np.column_stack([start, end, join, weight, width]))
        return columns.to(gradient.dtype) * gradient, None, None


def pair_beliefs(
    potentials: Potentials, *, graph: TripletGraph, n_iterations: int
) -> tuple[Floats, Floats, Floats]:
    """Returns the probabilities that a track starts, ends with each edge (E,), has a pair (P,).

    The messages are those of `run_bp`, whose gradient sums these.
    """
    triplets, _, odds = _odds(potentials, graph)
    forward, backward = messages.propagate(triplets, odds, n_iterations)
    sums, _ = messages.partition(triplets, odds, forward, backward)
    return messages.marginals(triplets, odds, forward, backward, sums)


def _odds(
    potentials: Potentials, graph: TripletGraph
) -> tuple[Triplets, tuple[Floats, Floats, Floats], Odds]:
    triplet_ptr, upstream = graph.triplet_ptr.numpy(), graph.upstream.numpy()
    triplets = Triplets(*graph.adjacency.arrays(), triplet_ptr, upstream)
    values = potentials.detach().double().numpy()
    start, end = np.ascontiguousarray(np.exp(values[:, [START, END]]).T)
    densities = _densities(values)
    follow = follow_odds(triplets, graph.slope_change_sq.numpy(), *densities)
    return triplets, densities, Odds(start, end, follow)


def _densities(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Odds of taking each edge, and heights and inverse squared widths of what may follow."""
    weight, width = values[:, FOLLOW : FOLLOW + MIXTURE], values[:, FOLLOW + MIXTURE :]
    narrowness = np.exp(-2 * width) / SLOPE_CHANGE_UNIT**2
    return np.exp(values[:, JOIN]), np.exp(weight - 2 * width), narrowness


def run_bp_plain(
    potentials: Potentials, *, graph: TripletGraph, n_iterations: int
) -> tuple[Float[Tensor, " edges"], Float[Tensor, ""]]:
    """Returns what `run_bp` does, differentiable twice: layer by layer, with logarithms of odds."""
    return _Propagation(potentials, graph).run(n_iterations)


class EdgeBeliefs(NamedTuple):
    """What messages say of edges and pairs, on any device."""

    logit: Float[Tensor, " edges"]
    """Log odds of each edge."""
    start: Float[Tensor, " edges"]
    """Probability that a track begins with the edge."""
    end: Float[Tensor, " edges"]
    """Probability that a track ends with the edge."""
    follow: Float[Tensor, " pairs"]
    """Probability that a track has both edges of a pair."""


def beliefs_plain(potentials: Potentials, *, graph: TripletGraph, n_iterations: int) -> EdgeBeliefs:
    """Returns what `run_bp` and `pair_beliefs` do, in plain PyTorch."""
    propagation = _Propagation(potentials, graph)
    return propagation.beliefs(*propagation.messages(n_iterations))


class _Block(NamedTuple):
    """Edges between two neighbouring layers, and the pairs that have one of them."""

    edges: Tensor
    pairs: Tensor
    """Pairs whose downstream edge it is."""
    followed: Tensor
    """Pairs whose upstream edge it is."""


class _Propagation:
    def __init__(self, potentials: Tensor, graph: TripletGraph) -> None:
        self.graph, self.n_hits = graph, len(graph.hit_graph.hits)
        self.downstream, self.upstream = graph.hit_graph.edge_index
        self.start, self.end = potentials[:, START], potentials[:, END]
        self.pair_edge = torch.repeat_interleave(graph.triplet_ptr.diff())
        self.follow = follow_potential(
            potentials,
            downstream=self.pair_edge,
            upstream=graph.upstream,
            slope_change_sq=graph.slope_change_sq,
        )
        layer = graph.hit_graph.hits.layer[self.downstream]
        pair_layer, layer_before = layer[self.pair_edge], layer[graph.upstream]
        self.blocks = [
            _Block(*((each == value).nonzero()[:, 0] for each in (layer, pair_layer, layer_before)))
            for value in layer.unique()
        ]

    def run(self, n_iterations: int) -> tuple[Tensor, Tensor]:
        forward, backward = self.messages(n_iterations)
        return forward + backward, self._log_partition(forward, backward)

    def messages(self, n_iterations: int) -> tuple[Tensor, Tensor]:
        """Messages along the beam and back, as logarithms."""
        forward = torch.full_like(self.start, 1e-2).log()
        backward = torch.full_like(self.start, 1e-1).log()
        for _ in range(n_iterations):
            for block in self.blocks:
                message = self._downstream(block, forward, backward)
                forward = forward.index_put((block.edges,), message)
            for block in reversed(self.blocks):
                message = self._upstream(block, forward, backward)
                backward = backward.index_put((block.edges,), message)
        return forward, backward

    def beliefs(self, forward: Tensor, backward: Tensor) -> EdgeBeliefs:
        """Each hit does one of many things: logarithms of their odds, less that of the sum."""
        sums = self._sums_of_hits(forward, backward)
        leaving = backward - sums[self.upstream]
        follow = forward[self.graph.upstream] + self.follow + leaving[self.pair_edge]
        return EdgeBeliefs(
            logit=forward + backward,
            start=torch.exp(self.start + leaving),
            end=torch.exp(self.end + forward - sums[self.downstream]),
            follow=torch.exp(follow),
        )

    def _downstream(self, block: _Block, forward: Tensor, backward: Tensor) -> Tensor:
        """Messages of hits to the edges that leave them."""
        offer = self._offers(block.edges, block.pairs, forward)
        hit = self.upstream[block.edges]
        total, unmatched = offer + backward[block.edges], self._without_leaving(forward)
        return offer - _others(total, unmatched[hit], group=hit)

    def _upstream(self, block: _Block, forward: Tensor, backward: Tensor) -> Tensor:
        """Messages of hits to the edges that arrive at them."""
        pairs = block.followed
        place = self.graph.upstream[pairs] - block.edges[0]
        through = self.follow[pairs] + backward[self.pair_edge[pairs]]
        through = _sum_by_group(through, place, len(block.edges))
        offer = _log_add(self.end[block.edges], through)
        hit = self.downstream[block.edges]
        begun = _sum_by_group(self.start + backward, self.upstream, self.n_hits)
        unmatched = _log_add(torch.zeros_like(begun), begun)
        return offer - _others(offer + forward[block.edges], unmatched[hit], group=hit)

    def _offers(self, edges: Tensor, pairs: Tensor, forward: Tensor) -> Tensor:
        place = self.pair_edge[pairs] - edges[:1]
        through = forward[self.graph.upstream[pairs]] + self.follow[pairs]
        return _log_add(self.start[edges], _sum_by_group(through, place, len(edges)))

    def _without_leaving(self, forward: Tensor) -> Tensor:
        """Log odds of each hit for being alone or the end of a track, (H,)."""
        ended = _sum_by_group(forward + self.end, self.downstream, self.n_hits)
        return _log_add(torch.zeros_like(ended), ended)

    def _sums_of_hits(self, forward: Tensor, backward: Tensor) -> Tensor:
        """Logarithms of the sums over all that each hit may do, (H,)."""
        edges = torch.arange(len(forward), device=forward.device)
        pairs = torch.arange(len(self.follow), device=forward.device)
        leaving = self._offers(edges, pairs, forward) + backward
        of_hit = _sum_by_group(leaving, self.upstream, self.n_hits)
        return _log_add(self._without_leaving(forward), of_hit)

    def _log_partition(self, forward: Tensor, backward: Tensor) -> Tensor:
        if len(forward) == 0:
            return forward.sum()
        of_hit = self._sums_of_hits(forward, backward)
        return of_hit.sum() - torch.nn.functional.softplus(forward + backward).sum()


def _log_add(first: Tensor, second: Tensor) -> Tensor:
    """`torch.logaddexp`, whose second derivative overflows in float32 beside next to none."""
    return torch.logsumexp(torch.stack([first, second]), dim=0)


def _sum_by_group(value: Tensor, group: Tensor, n_groups: int) -> Tensor:
    """Log sum of exponentials of each group; next to none, which has a gradient, if it is empty."""
    largest = value.new_full((n_groups,), NEXT_TO_NONE)
    largest = largest.scatter_reduce(0, group, value.detach(), "amax")
    total = torch.zeros_like(largest).index_add(0, group, torch.exp(value - largest[group]))
    return largest + torch.log(torch.where(total > 0, total, 1.0))


def _others(total: Tensor, unmatched: Tensor, *, group: Tensor) -> Tensor:
    """Log sum of `unmatched` and of all others of one's own group, (B,), without cancellation."""
    order = torch.argsort(group, stable=True)
    _, size = torch.unique_consecutive(group[order], return_counts=True)
    begin = torch.repeat_interleave(size.cumsum(0) - size, size)
    mine, theirs = expand_ranges(begin, torch.repeat_interleave(size, size))
    mine, theirs = order[mine], order[theirs]
    apart = mine != theirs
    others = _sum_by_group(total[theirs[apart]], mine[apart], len(total))
    return _log_add(unmatched, others)
