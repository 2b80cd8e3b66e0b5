"""HitGraph -> line graphs: which segment can continue which, all of them or those of protons."""

import numpy as np
import torch
from torch import Tensor

from trackscape.compiled import Floats, Integers, compiled
from trackscape.data import CompressedLineGraph, HitGraph, LineGraph, TripletGraph
from trackscape.graph_construction.ragged import expand_ranges, order_edges
from trackscape.units import rad

MAX_SLOPE_CHANGE = 0.5 * rad
"""Largest change of the slope at a hit inside of the calorimeter; few protons turn more."""
MAX_TRACKER_SLOPE_CHANGE = 0.15 * rad
"""Largest change of the slope at a hit of the trackers, or of the first layer behind them: in front
of these there is little matter."""


def line_graph(graph: HitGraph) -> LineGraph:
    """Joins each edge a -> b with every edge b -> c that goes on upstream from its end.

    Example:
        >>> from trackscape.data import Hits
        >>> from trackscape.graph_construction import connect_layers
        >>> hits = Hits(position=torch.tensor([[0.0, 0, 0], [0, 0, 5], [0, 0.5, 10]]),
        ...             energy=torch.ones(3), layer=torch.tensor([5, 6, 7]))
        >>> lines = line_graph(connect_layers(hits))
        >>> lines.pairs.tolist(), round(lines.angle.item(), 3)
        ([[1], [0]], 0.1)
    """
    downstream, upstream = graph.edge_index
    # Edges are ordered by their downstream hit, so those that start at one hit are neighbours.
    n_edges = torch.bincount(downstream, minlength=len(graph.hits))
    start = n_edges.cumsum(0) - n_edges
    pairs = torch.stack(expand_ranges(start[upstream], n_edges[upstream]))
    direction = graph.direction.double()
    angle = angle_between(direction[pairs[0]], direction[pairs[1]])
    return LineGraph(hit_graph=graph, pairs=pairs, angle=angle.to(graph.hits.position.dtype))


def angle_between(first: Tensor, second: Tensor) -> Tensor:
    """Angle in rad, (N,), between vectors (N, 3); 0 where one of them has length 0.

    From the cross and the dot product, since the arc cosine of a number near 1 keeps only half of
    the digits, and most segments are nearly parallel.
    """
    cross = torch.linalg.cross(first, second).norm(dim=1)
    return torch.atan2(cross, (first * second).sum(dim=1))


def compressed_line_graph(graph: HitGraph) -> CompressedLineGraph:
    """Returns the line graph of a hit graph on the CPU, without a list of its pairs.

    Example:
        >>> from trackscape.data import Hits
        >>> from trackscape.graph_construction import connect_layers
        >>> hits = Hits(position=torch.tensor([[0.0, 0, 0], [0, 0, 5], [0, 0.5, 10]]),
        ...             energy=torch.ones(3), layer=torch.tensor([5, 6, 7]))
        >>> compressed_line_graph(connect_layers(hits)).message_ptr.tolist()
        [0, 1, 2]
    """
    position = graph.hits.position.double().numpy()
    downstream, upstream = graph.edge_index.numpy()
    adjacency = order_edges(len(position), downstream=downstream, upstream=upstream)
    in_ptr, out_ptr, out_edge = adjacency.arrays()
    message_ptr = _count_messages(downstream, upstream, in_ptr, out_ptr)
    return CompressedLineGraph(
        hit_graph=graph,
        adjacency=adjacency,
        direction=torch.from_numpy(_directions(position, downstream, upstream, out_edge)),
        message_ptr=torch.from_numpy(message_ptr),
    )


@compiled
def _count_messages(
    downstream: Integers, upstream: Integers, in_ptr: Integers, out_ptr: Integers
) -> Integers:
    """Number of the first message to each edge, (E + 1,): one from each edge that shares a hit."""
    first = np.zeros(len(downstream) + 1, np.int64)
    for edge in range(len(downstream)):
        here, there = downstream[edge], upstream[edge]
        before, behind = in_ptr[there + 1] - in_ptr[there], out_ptr[here + 1] - out_ptr[here]
        first[edge + 1] = first[edge] + before + behind
    return first


@compiled
def _directions(
    position: Floats, downstream: Integers, upstream: Integers, out_edge: Integers
) -> Floats:
    n_edges = len(downstream)
    direction = np.empty((2, 3, n_edges))
    for edge in range(n_edges):
        here, there = downstream[edge], upstream[edge]
        dx = position[here, 0] - position[there, 0]
        dy = position[here, 1] - position[there, 1]
        dz = position[here, 2] - position[there, 2]
        length = np.sqrt(dx * dx + dy * dy + dz * dz)
        inverse = 1 / length if length > 0 else 0.0
        direction[0, 0, edge], direction[0, 1, edge] = dx * inverse, dy * inverse
        direction[0, 2, edge] = dz * inverse
    for place in range(n_edges):
        direction[1, :, place] = direction[0, :, out_edge[place]]
    return direction


def triplet_graph(graph: HitGraph) -> TripletGraph:
    """Lists the pairs of segments that turn less than the limits; runs on the processor.

    Example:
        >>> from trackscape.data import Hits
        >>> from trackscape.graph_construction import connect_layers
        >>> hits = Hits(position=torch.tensor([[0.0, 0, 0], [0, 0, 5], [0, 0.5, 10]]),
        ...             energy=torch.ones(3), layer=torch.tensor([5, 6, 7]))
        >>> triplets = triplet_graph(connect_layers(hits))
        >>> triplets.triplet_ptr.tolist(), triplets.upstream.tolist()
        ([0, 0, 1], [0])
        >>> round(triplets.slope_change_sq.sqrt().item(), 3)
        0.1
    """
    hits = graph.hits.to("cpu")
    position = hits.position.double().contiguous().numpy()
    downstream, upstream = graph.edge_index.cpu().contiguous().numpy()
    before_calorimeter = hits.layer.numpy() <= hits.n_trackers
    limit = np.where(before_calorimeter, MAX_TRACKER_SLOPE_CHANGE, MAX_SLOPE_CHANGE)
    adjacency = order_edges(len(position), downstream=downstream, upstream=upstream)
    in_ptr, _, _ = adjacency.arrays()
    pairs = _list_pairs(position, downstream, upstream, in_ptr, limit**2)
    device = graph.edge_index.device
    triplet_ptr, other, slope_change_sq = (torch.from_numpy(array).to(device) for array in pairs)
    return TripletGraph(
        hit_graph=graph,
        adjacency=adjacency.to(device),
        triplet_ptr=triplet_ptr,
        upstream=other,
        slope_change_sq=slope_change_sq,
    )


@compiled
def _list_pairs(
    position: Floats,
    downstream: Integers,
    upstream: Integers,
    in_ptr: Integers,
    largest: Floats,
) -> tuple[Integers, Integers, Floats]:
    n_edges = len(downstream)
    slope = np.empty((n_edges, 2))
    for edge in range(n_edges):
        step = position[downstream[edge]] - position[upstream[edge]]
        slope[edge, 0], slope[edge, 1] = step[0] / step[2], step[1] / step[2]
    first = np.zeros(n_edges + 1, np.int64)
    for edge in range(n_edges):
        hit, n_pairs = upstream[edge], 0
        for other in range(in_ptr[hit], in_ptr[hit + 1]):
            n_pairs += _slope_change_sq(slope, edge, other) < largest[hit]
        first[edge + 1] = first[edge] + n_pairs
    pairs, squares = np.empty(first[-1], np.int64), np.empty(first[-1])
    for edge in range(n_edges):
        hit, place = upstream[edge], first[edge]
        for other in range(in_ptr[hit], in_ptr[hit + 1]):
            square = _slope_change_sq(slope, edge, other)
            if square < largest[hit]:
                pairs[place], squares[place] = other, square
                place += 1
    return first, pairs, squares


@compiled
def _slope_change_sq(slope: Floats, edge: int, other: int) -> float:
    return (slope[edge, 0] - slope[other, 0]) ** 2 + (slope[edge, 1] - slope[other, 1]) ** 2
