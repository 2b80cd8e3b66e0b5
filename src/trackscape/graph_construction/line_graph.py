"""HitGraph -> line graphs: which segment can continue which. Index arithmetic for ragged arrays."""

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from trackscape.compiled import Floats, Integers, compiled
from trackscape.data import Adjacency, CompressedLineGraph, HitGraph, Hits, LineGraph, TripletGraph
from trackscape.errors import DataError
from trackscape.units import rad

MAX_SLOPE_CHANGE = 0.5 * rad
"""Largest change of the slope at a hit inside of the calorimeter; few protons turn more."""
MAX_TRACKER_SLOPE_CHANGE = 0.15 * rad
"""Largest change of the slope at a hit of the trackers, or of the first layer behind them."""
MOST_PAIRS = 100_000_000
"""Largest number of pairs that are listed: of some 800 protons in a frame, whose beliefs
take some 4 GB. Tracking alone does not list them."""


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


def angle_between(
    first: Float[Tensor, "pairs 3"], second: Float[Tensor, "pairs 3"]
) -> Float[Tensor, " pairs"]:
    """Angle in rad between vectors; 0 where one of them has length 0.

    From cross and dot product: the arc cosine of a number near 1 loses half of the digits.
    """
    cross = torch.linalg.cross(first, second).norm(dim=1)
    return torch.atan2(cross, (first * second).sum(dim=1))


def compressed_line_graph(graph: HitGraph) -> CompressedLineGraph:
    """Returns the line graph of a hit graph on the CPU, without a list of its pairs."""
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
    """Number of the first message to each edge: one comes from each edge that shares a hit."""
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

    Raises:
        DataError: The frame has more than `MOST_PAIRS`.
    """
    hits = graph.hits.to("cpu")
    position = hits.position.double().contiguous().numpy()
    downstream, upstream = graph.edge_index.cpu().contiguous().numpy()
    adjacency = order_edges(len(position), downstream=downstream, upstream=upstream)
    in_ptr, _, _ = adjacency.arrays()
    largest = slope_change_limit(hits) ** 2
    slope, first = _count_pairs(position, downstream, upstream, in_ptr, largest)
    if first[-1] > MOST_PAIRS:
        raise DataError(
            f"Expected at most {MOST_PAIRS:,} pairs of segments in one frame, got {first[-1]:,} of "
            f"{len(position):,} hits. Put fewer protons in a frame."
        )
    pairs = first, *_list_pairs(slope, first, upstream, in_ptr, largest)
    device = graph.edge_index.device
    triplet_ptr, other, slope_change_sq = (torch.from_numpy(array).to(device) for array in pairs)
    return TripletGraph(
        hit_graph=graph,
        adjacency=adjacency.to(device),
        triplet_ptr=triplet_ptr,
        upstream=other,
        slope_change_sq=slope_change_sq,
    )


def slope_change_limit(hits: Hits) -> Float[np.ndarray, " hits"]:
    """Largest change of the slope at each hit, from one segment of a pair to the other."""
    before_calorimeter = hits.layer.cpu().numpy() <= hits.n_trackers
    return np.where(before_calorimeter, MAX_TRACKER_SLOPE_CHANGE, MAX_SLOPE_CHANGE)


@compiled
def _count_pairs(
    position: Floats, downstream: Integers, upstream: Integers, in_ptr: Integers, largest: Floats
) -> tuple[Floats, Integers]:
    """Slopes (E, 2) of all edges, and the number of pairs of the edges before each, (E + 1,)."""
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
    return slope, first


@compiled
def _list_pairs(
    slope: Floats, first: Integers, upstream: Integers, in_ptr: Integers, largest: Floats
) -> tuple[Integers, Floats]:
    pairs, squares = np.empty(first[-1], np.int64), np.empty(first[-1])
    for edge in range(len(upstream)):
        hit, place = upstream[edge], first[edge]
        for other in range(in_ptr[hit], in_ptr[hit + 1]):
            square = _slope_change_sq(slope, edge, other)
            if square < largest[hit]:
                pairs[place], squares[place] = other, square
                place += 1
    return pairs, squares


@compiled
def _slope_change_sq(slope: Floats, edge: int, other: int) -> float:
    return (slope[edge, 0] - slope[other, 0]) ** 2 + (slope[edge, 1] - slope[other, 1]) ** 2


def expand_ranges(
    start: Int64[Tensor, " ranges"], length: Int64[Tensor, " ranges"]
) -> tuple[Int64[Tensor, " integers"], Int64[Tensor, " integers"]]:
    """Lists the integers of many ranges one after another, after the numbers of the ranges.

    Example:
        >>> owner, index = expand_ranges(torch.tensor([5, 0, 2]), torch.tensor([2, 0, 3]))
        >>> owner.tolist(), index.tolist()
        ([0, 0, 2, 2, 2], [5, 6, 2, 3, 4])
    """
    owner = torch.repeat_interleave(length)
    first = length.cumsum(0) - length
    index = torch.arange(len(owner), device=start.device) + (start - first)[owner]
    return owner, index


@compiled
def index_pointer(keys: Integers, n_keys: int) -> Integers:
    """Where the entries of each key begin once they are sorted, (n_keys + 1,); at last all.

    Example:
        >>> index_pointer(np.array([2, 0, 2]), 3).tolist()
        [0, 1, 1, 3]
    """
    pointer = np.zeros(n_keys + 1, np.int64)
    for key in keys:
        pointer[key + 1] += 1
    return np.cumsum(pointer)


def order_edges(
    n_hits: int, *, downstream: Int64[np.ndarray, " edges"], upstream: Int64[np.ndarray, " edges"]
) -> Adjacency:
    """Returns the edges at each hit of a graph, whose edges are sorted by downstream hit.

    Example:
        >>> order_edges(3, downstream=np.array([1, 2, 2]), upstream=np.array([0, 1, 0])).out_edge
        tensor([0, 2, 1])
    """
    in_ptr, out_ptr, out_edge = map(torch.from_numpy, _order_edges(n_hits, downstream, upstream))
    return Adjacency(in_ptr=in_ptr, out_ptr=out_ptr, out_edge=out_edge)


@compiled
def _order_edges(
    n_hits: int, downstream: Integers, upstream: Integers
) -> tuple[Integers, Integers, Integers]:
    in_ptr, out_ptr = index_pointer(downstream, n_hits), index_pointer(upstream, n_hits)
    out_edge, free = np.empty(len(upstream), np.int64), out_ptr.copy()
    for edge, hit in enumerate(upstream):
        out_edge[free[hit]] = edge
        free[hit] += 1
    return in_ptr, out_ptr, out_edge
