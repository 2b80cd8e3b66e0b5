"""HitGraph -> KinkGraph: which segments a proton could have followed one after the other."""

import numpy as np
import torch
from numpy.typing import NDArray

from trackscape.compiled import compiled
from trackscape.data import HitGraph, KinkGraph
from trackscape.graph_construction.ragged import order_edges
from trackscape.units import rad

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

LARGEST_KINK = 0.5 * rad
"""At a hit of the calorimeter; few protons turn more."""
LARGEST_TRACKER_KINK = 0.15 * rad
"""At a hit of layers 0 to 2, in front of which there is little matter."""
TRACKER_LAYERS = 3


def kink_graph(graph: HitGraph) -> KinkGraph:
    """Lists the pairs of segments with a kink below the largest; runs on the processor.

    Example:
        >>> from trackscape.data import Hits
        >>> from trackscape.graph_construction import connect_layers
        >>> hits = Hits(position=torch.tensor([[0.0, 0, 0], [0, 0, 5], [0, 0.5, 10]]),
        ...             energy=torch.ones(3), layer=torch.tensor([5, 6, 7]))
        >>> pairs = kink_graph(connect_layers(hits))
        >>> pairs.first.tolist(), pairs.upstream.tolist(), round(float(pairs.kink.sqrt()), 3)
        ([0, 0, 1], [0], 0.1)
    """
    hits = graph.hits.to("cpu")
    position = hits.position.double().contiguous().numpy()
    downstream, upstream = graph.edge_index.cpu().contiguous().numpy()
    largest = np.where(hits.layer.numpy() < TRACKER_LAYERS, LARGEST_TRACKER_KINK, LARGEST_KINK)
    arriving, leaving, by_upstream = order_edges(len(position), downstream, upstream)
    first, other, kink = _list_pairs(position, downstream, upstream, arriving, largest**2)
    found = (arriving, leaving, by_upstream, first, other, kink)
    device = graph.edge_index.device
    tensors = [torch.from_numpy(array).to(device) for array in found]
    names = ("arriving", "leaving", "by_upstream", "first", "upstream", "kink")
    return KinkGraph(hit_graph=graph, **dict(zip(names, tensors, strict=True)))


@compiled
def _list_pairs(
    position: Floats,
    downstream: Integers,
    upstream: Integers,
    arriving: Integers,
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
        for other in range(arriving[hit], arriving[hit + 1]):
            n_pairs += _kink(slope, edge, other) < largest[hit]
        first[edge + 1] = first[edge] + n_pairs
    pairs, kinks = np.empty(first[-1], np.int64), np.empty(first[-1])
    for edge in range(n_edges):
        hit, place = upstream[edge], first[edge]
        for other in range(arriving[hit], arriving[hit + 1]):
            kink = _kink(slope, edge, other)
            if kink < largest[hit]:
                pairs[place], kinks[place] = other, kink
                place += 1
    return first, pairs, kinks


@compiled
def _kink(slope: Floats, edge: int, other: int) -> float:
    return (slope[edge, 0] - slope[other, 0]) ** 2 + (slope[edge, 1] - slope[other, 1]) ** 2
