"""Hits -> hit graph -> line graph with a row of features for each message."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.utils import to_undirected

from trackscape.data import HitGraph, Hits

TRACKER_CUT, CALORIMETER_CUT = 0.2, 0.4  # rad
ENCODING = 128


class LineGraph(NamedTuple):
    """Axes: E segments, M messages."""

    x: Tensor
    """(E, 8) Energy and position of both hits."""
    edge_index: Tensor
    """(2, M) int64. Source and target of each message."""
    edge_attr: Tensor
    """(M, 128) Encoded angle between the two segments."""


def connect(hits: Hits) -> HitGraph:
    """Joins all pairs of hits of neighbouring layers, then cuts the steep ones."""
    hits = hits.sorted_by_layer()
    edges = [hits.layer.new_empty(2, 0)]
    for layer in range(1, int(hits.layer.max()) + 1):
        downstream = (hits.layer == layer).nonzero()[:, 0]
        upstream = (hits.layer == layer - 1).nonzero()[:, 0]
        position = hits.position.double()
        direction = position[downstream][:, None] - position[upstream][None]
        angle = torch.atan2(direction[..., :2].norm(dim=-1), direction[..., 2])
        row, column = (angle < (TRACKER_CUT if layer < 3 else CALORIMETER_CUT)).nonzero().T
        edges.append(torch.stack([downstream[row], upstream[column]]))
    return HitGraph(hits=hits, edge_index=torch.cat(edges, dim=1))


def make_line_graph(graph: HitGraph) -> LineGraph:
    """Makes segments nodes, and joins both ways those that follow each other."""
    downstream, upstream = graph.edge_index
    position, energy = graph.hits.relative_position, graph.hits.energy
    x = torch.cat([energy[graph.edge_index].T, position[downstream], position[upstream]], dim=1)
    pairs = _join(downstream, upstream, n_hits=len(graph.hits))
    direction = (graph.hits.position[downstream] - graph.hits.position[upstream]).double()
    angle = _angle_between(direction[pairs[0]], direction[pairs[1]]).to(x.dtype)
    edge_index, edge_attr = to_undirected(pairs, _encode(angle), num_nodes=len(x))
    return LineGraph(x, edge_index=edge_index, edge_attr=edge_attr)


def _join(downstream: Tensor, upstream: Tensor, *, n_hits: int) -> Tensor:
    """Pairs of edges a -> b, b -> c, (2, P); edges are ordered by their downstream hit."""
    count = torch.bincount(downstream, minlength=n_hits)
    first = count.cumsum(0) - count
    repeats = count[upstream]
    row = torch.arange(len(upstream)).repeat_interleave(repeats)
    place = torch.arange(len(row)) - (repeats.cumsum(0) - repeats).repeat_interleave(repeats)
    return torch.stack([row, first[upstream[row]] + place])


def _angle_between(first: Tensor, second: Tensor) -> Tensor:
    cross = torch.linalg.cross(first, second).norm(dim=1)
    return torch.atan2(cross, (first * second).sum(dim=1))


def _encode(angle: Tensor) -> Tensor:
    """Sines and cosines of sqrt(angle) w, in turns: (P, 128)."""
    order = torch.arange(0, ENCODING, 2, dtype=angle.dtype)
    rate = torch.exp(order * (-math.log(0.001) / ENCODING))
    phase = angle.sqrt()[:, None] * rate
    return torch.stack([phase.sin(), phase.cos()], dim=-1).flatten(1)
