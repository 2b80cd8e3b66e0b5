"""HitGraph -> CompressedLineGraph: who continues whom, in time linear in hits and edges."""

import numpy as np
import torch
from numpy.typing import NDArray

from trackscape.compiled import compiled
from trackscape.data import CompressedLineGraph, HitGraph
from trackscape.graph_construction.ragged import order_edges

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def compressed_line_graph(graph: HitGraph) -> CompressedLineGraph:
    """Returns the line graph of a hit graph on the CPU, without a list of its pairs.

    Example:
        >>> from trackscape.data import Hits
        >>> from trackscape.graph_construction import connect_layers
        >>> hits = Hits(position=torch.tensor([[0.0, 0, 0], [0, 0, 5], [0, 0.5, 10]]),
        ...             energy=torch.ones(3), layer=torch.tensor([5, 6, 7]))
        >>> compressed_line_graph(connect_layers(hits)).first.tolist()
        [0, 1, 2]
    """
    position = graph.hits.position.double().numpy()
    downstream, upstream = graph.edge_index.numpy()
    arriving, leaving, by_upstream = order_edges(len(position), downstream, upstream)
    first = _first_messages(downstream, upstream, arriving, leaving)
    return CompressedLineGraph(
        hit_graph=graph,
        arriving=torch.from_numpy(arriving),
        leaving=torch.from_numpy(leaving),
        by_upstream=torch.from_numpy(by_upstream),
        direction=torch.from_numpy(_directions(position, downstream, upstream, by_upstream)),
        first=torch.from_numpy(first),
    )


@compiled
def _first_messages(
    downstream: Integers, upstream: Integers, arriving: Integers, leaving: Integers
) -> Integers:
    """Number of the first message to each edge, (E + 1,): one from each edge that shares a hit."""
    first = np.zeros(len(downstream) + 1, np.int64)
    for edge in range(len(downstream)):
        here, there = downstream[edge], upstream[edge]
        before, behind = arriving[there + 1] - arriving[there], leaving[here + 1] - leaving[here]
        first[edge + 1] = first[edge] + before + behind
    return first


@compiled
def _directions(
    position: Floats, downstream: Integers, upstream: Integers, by_upstream: Integers
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
        direction[1, :, place] = direction[0, :, by_upstream[place]]
    return direction
