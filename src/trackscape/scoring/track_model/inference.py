"""Hits -> beliefs without gradients: what tracking needs of the model, as fast as we can.

Potentials are those of the network, messages those of `messages.propagate`. Of the pairs only those
are listed that change beliefs: where a track would rather end and another one begin than go on, by
the factor `SPLIT`, there is no pair. That halves them, and changes no decision but a few in
a hundred thousand.
"""

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

from trackscape.compiled import Floats, Integers, compiled, inlined
from trackscape.data import HitGraph
from trackscape.graph_construction.line_graph import limits_of_pairs, order_edges
from trackscape.scoring.track_model.messages import Odds, Triplets, propagate
from trackscape.scoring.track_model.potentials import (
    END,
    FOLLOW,
    INPUTS,
    JOIN,
    LARGEST,
    MIXTURE,
    POTENTIALS,
    SLOPE_CHANGE_UNIT,
    START,
)
from trackscape.units import keV, mm, mrad

SPLIT = 0.01
"""Odds of a pair, over those of an end and a start in its place, below which it is left out."""
MOST_PAIRS = 20_000_000
"""Pairs of a frame; in denser ones the least likely are left out, by larger factors."""
_LANES = 16  # pairs are rated so many at a time, the last ones together with some that do not count
_BLOCK = 4096  # edges at a time, so that the hidden layers stay in the cache
HEIGHTS, WIDTHS = slice(FOLLOW, FOLLOW + MIXTURE), slice(FOLLOW + MIXTURE, POTENTIALS)

Singles = NDArray[np.float32]
Places = NDArray[np.int32]


def believe(
    network: nn.Sequential, graph: HitGraph, *, n_iterations: int
) -> Float[Tensor, " edges"]:
    """Returns the log odds of the segments, those of `run_bp` but for pairs that are left out."""
    if graph.n_edges == 0:
        return torch.empty(0)
    position = graph.hits.position.double().contiguous().numpy()
    layer = graph.hits.layer.contiguous().numpy()
    energy = graph.hits.energy.clamp(min=0.1 * keV)
    deposit = torch.log(energy / (20 * keV)).float().contiguous().numpy()
    downstream, upstream = graph.edge_index.contiguous().numpy()
    inputs, slope = _describe(position, deposit, layer, downstream, upstream)
    odds = _odds(network, torch.from_numpy(inputs))
    adjacency = order_edges(len(position), downstream=downstream, upstream=upstream).arrays()
    by_x = _order_by_slope(np.argsort(position[:, 0]), downstream, *adjacency)
    by_x = np.append(by_x, np.zeros(_LANES, np.int64))
    limit = limits_of_pairs(graph.hits)
    first, other, follow = _list_pairs(
        slope[:, by_x], odds[:, by_x], by_x, slope, odds, upstream, adjacency[0], limit
    )
    triplets = Triplets(*adjacency, first, other)
    start, end = odds[START].astype(np.float64), odds[END].astype(np.float64)
    forward, backward = propagate(triplets, Odds(start, end, follow), n_iterations)
    return torch.from_numpy(np.log(forward * backward).astype(np.float32))


@compiled
def _describe(
    position: Floats, deposit: Singles, layer: Integers, downstream: Integers, upstream: Integers
) -> tuple[Singles, Singles]:
    """Inputs of the network, (5, E), as of `segment_inputs`, and slopes (2, E)."""
    n_edges = len(downstream)
    inputs, slope = np.empty((INPUTS, n_edges), np.float32), np.empty((2, n_edges), np.float32)
    for edge in range(n_edges):
        here, there = downstream[edge], upstream[edge]
        dz = position[here, 2] - position[there, 2]
        x = (position[here, 0] - position[there, 0]) / dz
        y = (position[here, 1] - position[there, 1]) / dz
        slope[0, edge], slope[1, edge] = x, y
        square = np.float32(x * x + y * y + (1 * mrad) ** 2)
        inputs[0, edge] = 0.5 * np.log(square) - math.log(50 * mrad)
        inputs[1, edge] = layer[there] / 20 - 1
        inputs[2, edge], inputs[3, edge] = deposit[there], deposit[here]
        inputs[4, edge] = np.log(np.float32(dz / (5.5 * mm)))
    return inputs, slope


def _odds(network: nn.Sequential, inputs: Tensor) -> Singles:
    """Odds of start, end and join, heights and inverse squared widths, (9, E); see `potentials`."""
    odds = torch.empty(POTENTIALS, inputs.shape[1])
    largest = LARGEST[:, None]
    for begin in range(0, inputs.shape[1], _BLOCK):
        values = inputs[:, begin : begin + _BLOCK]
        for step in network:
            if isinstance(step, nn.Linear):
                values = torch.addmm(step.bias[:, None], step.weight, values)
            else:
                values = step(values)
        values = torch.tanh_(values / largest).mul_(largest)
        values[WIDTHS] *= -2
        values[HEIGHTS] += values[WIDTHS]
        torch.exp(values, out=odds[:, begin : begin + _BLOCK])
    odds[WIDTHS] /= SLOPE_CHANGE_UNIT**2
    return odds.numpy()


@compiled
def _order_by_slope(
    hits: Integers, downstream: Integers, in_ptr: Integers, out_ptr: Integers, out_edge: Integers
) -> Integers:
    """Edges by downstream hit, as before, and then by falling slope in x, for hits sorted by x."""
    free, edges = in_ptr.copy(), np.empty_like(downstream)
    for hit in hits:
        for edge in out_edge[out_ptr[hit] : out_ptr[hit + 1]]:
            edges[free[downstream[edge]]] = edge
            free[downstream[edge]] += 1
    return edges


@compiled
def _list_pairs(
    slope_by_x: Singles,
    odds_by_x: Singles,
    edge_by_x: Integers,
    slope: Singles,
    odds: Singles,
    upstream: Integers,
    in_ptr: Integers,
    limit: Floats,
) -> tuple[Integers, Places, Singles]:
    """First pair of each edge (E + 1,), upstream edge and odds of each pair (P,)."""
    n_edges, split = len(upstream), SPLIT
    first = np.zeros(n_edges + 1, np.int64)
    other, follow = np.empty(8 * n_edges + 1, np.int32), np.empty(8 * n_edges + 1, np.float32)
    rated = np.empty(_largest_step(in_ptr) + _LANES, np.float32)
    end = odds_by_x[END]
    n = 0
    for edge in range(n_edges):
        hit = upstream[edge]
        reach = np.sqrt(limit[hit]) * (1 + 1e-6)
        begin = _place(slope_by_x[0], in_ptr[hit], in_ptr[hit + 1], slope[0, edge] + reach)
        stop = _place(slope_by_x[0], begin, in_ptr[hit + 1], slope[0, edge] - reach)
        if n + stop - begin > len(other):
            if n > MOST_PAIRS:
                split *= 10
                n = _keep_likeliest(first[: edge + 1], other, follow, odds, split)
            room = max(2 * n, n + stop - begin)
            other, follow = _with_room(other, n, room), _with_room(follow, n, room)
        x, y, join = slope[0, edge], slope[1, edge], odds[JOIN, edge]
        _rate(slope_by_x, odds_by_x, begin, stop, x, y, join, limit[hit], rated)
        least = split * odds[START, edge]
        # Whether a pair is kept is a coin toss: that it moves `n`, or not, is faster than a branch.
        for place in range(stop - begin):
            other[n], follow[n] = edge_by_x[begin + place], rated[place]
            n += rated[place] > least * end[begin + place]
        first[edge + 1] = n
    return first, other[:n].copy(), follow[:n].copy()


@inlined
def _place(slope: Singles, begin: int, stop: int, x: float) -> int:
    """First place, between two, of falling slopes that are not above x."""
    while begin < stop:
        middle = (begin + stop) // 2
        if slope[middle] > x:
            begin = middle + 1
        else:
            stop = middle
    return begin


@inlined
def _rate(
    slope: Singles,
    odds: Singles,
    begin: int,
    stop: int,
    x: float,
    y: float,
    join: float,
    limit: float,
    rated: Singles,
) -> None:
    """Odds of the pairs of an edge with those before it; 0 beyond the limit."""
    one, limit, shift = np.float32(1), np.float32(limit), np.uint64(begin)
    dx, dy = slope[0], slope[1]
    h0, h1, h2 = odds[FOLLOW], odds[FOLLOW + 1], odds[FOLLOW + 2]
    w0, w1, w2 = odds[FOLLOW + 3], odds[FOLLOW + 4], odds[FOLLOW + 5]
    for place in range(np.uint64((stop - begin + _LANES - 1) // _LANES * _LANES)):
        i = shift + place
        change = (dx[i] - x) * (dx[i] - x) + (dy[i] - y) * (dy[i] - y)
        a, b, c = one + change * w0[i], one + change * w1[i], one + change * w2[i]
        total = h0[i] / (a * a * a) + h1[i] / (b * b * b) + h2[i] / (c * c * c)
        rated[place] = join * total if change < limit else np.float32(0)


@compiled
def _keep_likeliest(
    first: Integers, other: Places, follow: Singles, odds: Singles, split: float
) -> int:
    """Drops pairs, in place, that are less likely than an end and a start by a factor."""
    n = 0
    for edge in range(len(first) - 1):
        begin, first[edge] = first[edge], n
        for pair in range(begin, first[edge + 1]):
            other[n], follow[n] = other[pair], follow[pair]
            n += follow[pair] > split * odds[START, edge] * odds[END, other[pair]]
    first[-1] = n
    return n


@inlined
def _with_room(array: NDArray[Any], n: int, room: int) -> NDArray[Any]:
    larger = np.empty(room, array.dtype)
    larger[:n] = array[:n]
    return larger


@inlined
def _largest_step(pointer: Integers) -> int:
    largest = 1
    for place in range(len(pointer) - 1):
        largest = max(largest, pointer[place + 1] - pointer[place])
    return largest
