"""Assignment -> Tracks: chosen segments become chains, which may go on over a missing hit."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from trackscape.assignment import solve
from trackscape.compiled import Floats, Integers, compiled
from trackscape.data import Assignment, HitGraph, Hits, Tracks
from trackscape.errors import DataError
from trackscape.graph_construction.line_graph import expand_ranges
from trackscape.units import mrad

NEAR = 4
"""Number of slope changes at the end of a chain that tell how its proton scatters there."""
SMALLEST_SLOPE_CHANGE = 5 * mrad
"""Typical slope change of a chain, at least; straighter ones count as this straight."""
SHORTEST = 3
"""Fewest hits of a chain that is joined: less have no slope change."""
GATE = 10.0
"""Largest sum of the squares of both slope changes at a hole, in units of the median nearby."""


def chosen_segments(tracks: Tracks, *, graph: HitGraph) -> Assignment:
    """Turns chains back into an assignment; steps that are no edge of the graph are lost."""
    n_hits = len(graph.hits)
    same_track = tracks.number[1:] == tracks.number[:-1]
    steps = (tracks.index[1:] * n_hits + tracks.index[:-1])[same_track]
    downstream, upstream = graph.edge_index
    return Assignment(graph=graph, selected=torch.isin(downstream * n_hits + upstream, steps))


def follow(assignment: Assignment) -> Tracks:
    """Returns all chains of the chosen segments, ordered by their first hit.

    Every hit lands on exactly one; a hit without partners makes a chain of its own. This runs in
    machine code on the processor, wherever the assignment is.

    Raises:
        DataError: If a hit has two partners on one side, or a segment does not lead downstream.
    """
    hits, edges = assignment.graph.hits, assignment.graph.edge_index.cpu().contiguous().numpy()
    before, behind = np.full((2, len(hits)), -1)
    clash = _link(edges, assignment.selected.cpu().contiguous().numpy(), before, behind)
    if clash >= 0:
        raise DataError(
            "Expected chosen segments from one hit to a later one, at most one on each side of a "
            f"hit, but segment {clash}, from hit {edges[1, clash]} to hit {edges[0, clash]}, does "
            "not fit. Use an `Assigner` to choose from a graph of `connect_layers`."
        )
    index, offset = map(torch.from_numpy, _walk(before, behind))
    device = assignment.selected.device
    return Tracks(hits=hits, index=index.to(device), offset=offset.to(device))


@compiled
def _link(edges: Integers, selected: np.ndarray, before: Integers, behind: Integers) -> int:
    """Notes the partners of each hit; returns the first edge that does not fit, or -1."""
    for edge in range(len(selected)):
        if selected[edge]:
            downstream, upstream = edges[0, edge], edges[1, edge]
            if not 0 <= upstream < downstream < len(before):
                return edge
            if before[downstream] >= 0 or behind[upstream] >= 0:
                return edge
            before[downstream] = upstream
            behind[upstream] = downstream
    return -1


@compiled
def _walk(before: Integers, behind: Integers) -> tuple[Integers, Integers]:
    """Hits of all chains and the borders between them, from the partners of each hit."""
    index, offset = np.empty_like(before), np.zeros(len(before) + 1, np.int64)
    n_hits = n_tracks = 0
    for first in range(len(before)):
        if before[first] >= 0:
            continue
        hit = first
        while hit >= 0:
            index[n_hits] = hit
            n_hits += 1
            hit = behind[hit]
        n_tracks += 1
        offset[n_tracks] = n_hits
    return index, offset[: n_tracks + 1]


def in_canonical_order(find: Callable[[Hits], Tracks], hits: Hits) -> Tracks:
    """Finds tracks among hits in an order that depends on what was measured alone.

    Of choices that are equally good, searches take the first, which in the order of a simulated
    file is often the right one. The chains that are returned have the hits sorted by layer.
    """
    hits = hits.sorted_by_layer()
    order = canonical_order(hits)
    return in_own_order(find(hits.select(order)), hits, order)


def in_own_order(chains: Tracks, hits: Hits, order: Int64[Tensor, " hits"]) -> Tracks:
    """Returns chains that were found among ``hits.select(order)`` as those of `hits`."""
    first = order[chains.first]
    ranking = torch.argsort(first)
    _, place = expand_ranges(chains.offset[:-1][ranking], chains.length[ranking])
    length = chains.length[ranking]
    return Tracks(
        hits=hits,
        index=order[chains.index[place]],
        offset=torch.cat([length.new_zeros(1), length.cumsum(0)]),
    )


def canonical_order(hits: Hits) -> Int64[Tensor, " hits"]:
    """Returns the hits by layer, then deposit, which no axes matter to, position and spot."""
    layer, energy = hits.layer.cpu().numpy(), hits.energy.detach().cpu().numpy()
    order = np.lexsort([energy, layer])
    same = (np.diff(layer[order]) == 0) & (np.diff(energy[order]) == 0)
    if same.any():  # deposits are hardly ever equal, and each key takes its time
        keys = [
            *hits.position.unbind(dim=1),
            *([] if hits.spot is None else hits.spot.unbind(dim=1)),
        ]
        columns = [key.detach().cpu().numpy() for key in keys]
        order = np.lexsort([*columns[::-1], energy, layer])
    return torch.from_numpy(order).to(hits.layer.device)


def recover_holes(chains: Tracks) -> Tracks:
    """Joins chains of a frame over one empty layer where they go on in the same direction.

    A chain of three hits or more that ends may go on with one that begins two layers behind it. The
    straight line between them has another slope than each; the squares of both changes, in units of
    those that the chains make nearby, are the cost of joining them. Which chains are joined is an
    assignment that leaves them alone where the cost is above `GATE`.
    """
    position = chains.hits.position.cpu().double().contiguous().numpy()
    layer, index, offset = (
        values.cpu().contiguous().numpy()
        for values in (chains.hits.layer, chains.index, chains.offset)
    )
    before, behind, cost = _possible_joints(position, layer, index, offset)
    if len(cost) == 0:
        return chains
    chosen = solve(cost, row=before, column=behind, semantics="with_unmatched", unmatched_cost=GATE)
    if not chosen.any():
        return chains
    return _join(chains, before[chosen], behind[chosen])


@compiled
def _possible_joints(
    position: Floats, layer: Integers, index: Integers, offset: Integers
) -> tuple[Integers, Integers, Floats]:
    """Pairs of chains, the one before the hole first, that cost less than the gate."""
    n, n_chains = 0, len(offset) - 1
    before, behind, costs = np.empty(16, np.int64), np.empty(16, np.int64), np.empty(16)
    for one in range(n_chains):
        last = offset[one + 1] - 1
        for other in range(n_chains if last - offset[one] >= SHORTEST - 1 else 0):
            first = offset[other]
            short = offset[other + 1] - first < SHORTEST
            if short or layer[index[first]] != layer[index[last]] + 2:
                continue
            cost = _cost(
                position, index, last, last - offset[one], first, offset[other + 1] - first
            )
            if cost < GATE:
                if n == len(costs):
                    before, behind = np.append(before, before), np.append(behind, behind)
                    costs = np.append(costs, costs)
                before[n], behind[n], costs[n] = one, other, cost
                n += 1
    return before[:n], behind[:n], costs[:n]


@compiled
def _cost(
    position: Floats, index: Integers, last: int, steps: int, first: int, next_steps: int
) -> float:
    """What it costs to join two chains, by their places on both sides of the hole."""
    x, y, scatter = _slope_and_scatter(position, index, last, -1, steps)
    next_x, next_y, next_scatter = _slope_and_scatter(position, index, first, 1, next_steps - 1)
    end, begin = index[last], index[first]
    z = position[begin, 2] - position[end, 2]
    across_x = (position[begin, 0] - position[end, 0]) / z
    across_y = (position[begin, 1] - position[end, 1]) / z
    changes = (across_x - x) ** 2 + (across_y - y) ** 2
    changes += (next_x - across_x) ** 2 + (next_y - across_y) ** 2
    return changes / max(scatter, next_scatter, SMALLEST_SLOPE_CHANGE**2)


@compiled
def _slope_and_scatter(
    position: Floats, index: Integers, place: int, direction: int, steps: int
) -> tuple[float, float, float]:
    """Slope and typical squared slope change of a chain from a place in a direction."""
    n = min(steps, NEAR + 1)
    x, y = np.empty(n), np.empty(n)
    for i in range(n):
        hit = index[place + i * direction]
        other = index[place + (i + 1) * direction]
        z = position[other, 2] - position[hit, 2]
        x[i] = (position[other, 0] - position[hit, 0]) / z
        y[i] = (position[other, 1] - position[hit, 1]) / z
    changes = np.sort((x[1:] - x[:-1]) ** 2 + (y[1:] - y[:-1]) ** 2)
    return x[0], y[0], (changes[(n - 1) // 2] + changes[(n - 2) // 2]) / 2


def _join(chains: Tracks, before: Integers, behind: Integers) -> Tracks:
    following = dict(zip(before.tolist(), behind.tolist(), strict=True))
    joined: list[torch.Tensor] = []
    for chain in sorted(set(range(len(chains))) - set(behind.tolist())):
        parts = [chains[chain]]
        while chain in following:
            chain = following[chain]
            parts.append(chains[chain])
        joined.append(torch.cat(parts))
    length = torch.tensor([len(hits) for hits in joined], device=chains.index.device)
    offset = torch.cat([length.new_zeros(1), length.cumsum(0)])
    return Tracks(hits=chains.hits, index=torch.cat(joined), offset=offset)
