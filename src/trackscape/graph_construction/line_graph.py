"""HitGraph -> LineGraph: which segment can continue which, and at what angle."""

import torch
from torch import Tensor

from trackscape.data import HitGraph, LineGraph
from trackscape.graph_construction.ragged import expand_ranges


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
