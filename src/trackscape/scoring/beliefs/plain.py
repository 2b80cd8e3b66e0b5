"""Potentials -> beliefs in logarithms, layer by layer, with operations that autograd knows."""

from typing import NamedTuple

import torch
from torch import Tensor

from trackscape.data import KinkGraph
from trackscape.graph_construction.ragged import expand_ranges
from trackscape.scoring.beliefs.potentials import END, START, follow_potential

NEXT_TO_NONE = -300.0
"""Log odds below all that messages and potentials can make."""


class _Block(NamedTuple):
    """Edges between two neighbouring layers, and their pairs with those of the block before."""

    edges: Tensor
    """(B,) Their numbers, one after the other."""
    pairs: Tensor
    """(Q,) Pairs whose downstream edge they are."""


def believe(potentials: Tensor, *, graph: KinkGraph, rounds: int) -> tuple[Tensor, Tensor]:
    """Returns log odds of the edges (E,) and the log partition (); see `fast.believe`."""
    return _Propagation(potentials, graph).run(rounds)


class _Propagation:
    def __init__(self, potentials: Tensor, graph: KinkGraph) -> None:
        self.graph, self.n_hits = graph, len(graph.hit_graph.hits)
        self.downstream, self.upstream = graph.hit_graph.edge_index
        self.start, self.end = potentials[:, START], potentials[:, END]
        self.pair_edge = torch.repeat_interleave(graph.first.diff())
        self.follow = follow_potential(
            potentials, downstream=self.pair_edge, upstream=graph.upstream, kink=graph.kink
        )
        layer = graph.hit_graph.hits.layer[self.downstream]
        pair_layer = layer[self.pair_edge]
        self.blocks = [
            _Block((layer == value).nonzero()[:, 0], (pair_layer == value).nonzero()[:, 0])
            for value in layer.unique()
        ]

    def run(self, rounds: int) -> tuple[Tensor, Tensor]:
        forth = torch.full_like(self.start, 1e-2).log()
        back = torch.full_like(self.start, 1e-1).log()
        for _ in range(rounds):
            for block in self.blocks:
                message = self._downstream(block, forth, back)
                forth = forth.index_put((block.edges,), message)
            for block in reversed(self.blocks):
                message = self._upstream(block, forth, back)
                back = back.index_put((block.edges,), message)
        return forth + back, self._log_partition(forth, back)

    def _downstream(self, block: _Block, forth: Tensor, back: Tensor) -> Tensor:
        """Messages of hits to the edges that leave them."""
        offer = self._offers(block.edges, block.pairs, forth)
        hit = self.upstream[block.edges]
        total, nothing = offer + back[block.edges], self._without_leaving(forth)
        return offer - _others(total, nothing[hit], group=hit)

    def _upstream(self, block: _Block, forth: Tensor, back: Tensor) -> Tensor:
        """Messages of hits to the edges that arrive at them."""
        pairs = torch.isin(self.graph.upstream, block.edges).nonzero()[:, 0]
        place = self.graph.upstream[pairs] - block.edges[0]
        through = self.follow[pairs] + back[self.pair_edge[pairs]]
        through = _sum_by_group(through, place, len(block.edges))
        offer = _log_add(self.end[block.edges], through)
        hit = self.downstream[block.edges]
        begun = _sum_by_group(self.start + back, self.upstream, self.n_hits)
        nothing = _log_add(torch.zeros_like(begun), begun)
        return offer - _others(offer + forth[block.edges], nothing[hit], group=hit)

    def _offers(self, edges: Tensor, pairs: Tensor, forth: Tensor) -> Tensor:
        place = self.pair_edge[pairs] - edges[0]
        through = forth[self.graph.upstream[pairs]] + self.follow[pairs]
        return _log_add(self.start[edges], _sum_by_group(through, place, len(edges)))

    def _without_leaving(self, forth: Tensor) -> Tensor:
        """Log odds of each hit for being alone or the end of a track, (H,)."""
        ended = _sum_by_group(forth + self.end, self.downstream, self.n_hits)
        return _log_add(torch.zeros_like(ended), ended)

    def _log_partition(self, forth: Tensor, back: Tensor) -> Tensor:
        edges = torch.arange(len(forth), device=forth.device)
        pairs = torch.arange(len(self.follow), device=forth.device)
        if len(edges) == 0:
            return forth.sum()
        leaving = self._offers(edges, pairs, forth) + back
        of_hit = _sum_by_group(leaving, self.upstream, self.n_hits)
        of_hit = _log_add(self._without_leaving(forth), of_hit)
        return of_hit.sum() - torch.nn.functional.softplus(forth + back).sum()


def _log_add(first: Tensor, second: Tensor) -> Tensor:
    """`torch.logaddexp`, whose second derivative overflows in float32 beside next to none."""
    return torch.logsumexp(torch.stack([first, second]), dim=0)


def _sum_by_group(value: Tensor, group: Tensor, n_groups: int) -> Tensor:
    """Logarithm of the sum of exponentials of each group, (n_groups,); next to none if it is empty.

    Not minus infinity, nor what overflows when it is squared: its gradient would be no number.
    """
    largest = value.new_full((n_groups,), NEXT_TO_NONE)
    largest = largest.scatter_reduce(0, group, value.detach(), "amax")
    total = torch.zeros_like(largest).index_add(0, group, torch.exp(value - largest[group]))
    return largest + torch.log(torch.where(total > 0, total, 1.0))


def _others(total: Tensor, nothing: Tensor, *, group: Tensor) -> Tensor:
    """Log sum of `nothing` and of all others of one's own group, (B,), without cancellation."""
    order = torch.argsort(group, stable=True)
    _, size = torch.unique_consecutive(group[order], return_counts=True)
    begin = torch.repeat_interleave(size.cumsum(0) - size, size)
    mine, theirs = expand_ranges(begin, torch.repeat_interleave(size, size))
    mine, theirs = order[mine], order[theirs]
    apart = mine != theirs
    others = _sum_by_group(total[theirs[apart]], mine[apart], len(total))
    return _log_add(nothing, others)
