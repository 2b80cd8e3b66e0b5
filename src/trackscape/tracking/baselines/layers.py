"""Hits -> arrays, layer by layer, and links between hits -> Tracks: what all baselines share."""

import math
from typing import NamedTuple

import numpy as np
import torch

from trackscape.compiled import inlined
from trackscape.data import Assignment, HitGraph, Hits, Tracks
from trackscape.tracking.follow import follow


class Layers(NamedTuple):
    """Hits by layer, as compiled functions want them. Axes: H hits, L layers, empty ones too."""

    position: np.ndarray
    """(H, 3) float64. Positions in mm, ordered by layer."""
    border: np.ndarray
    """(L + 1,) int64. Hits of layer k are those from border[k] to border[k + 1]."""
    depth: np.ndarray
    """(L,) float64. z of each layer in mm: the mean of its hits, between its neighbours if it has
    none."""
    n_trackers: int
    """Number of tracker layers, the first ones."""


def by_layer(hits: Hits) -> Layers:
    """Returns the layers of hits that are in the order of layers."""
    position = hits.position.detach().cpu().double().contiguous().numpy()
    layer = hits.layer.cpu().numpy()
    n_layers = int(layer.max(initial=-1)) + 1
    n_hits = np.bincount(layer, minlength=n_layers)
    filled = np.flatnonzero(n_hits)
    z = np.bincount(layer, weights=position[:, 2], minlength=n_layers)
    depth = np.interp(np.arange(n_layers), filled, z[filled] / n_hits[filled]) if n_layers else z
    border = np.concatenate([[0], np.cumsum(n_hits)])
    return Layers(position, border, depth, hits.n_trackers)


def follow_links(hits: Hits, upstream: np.ndarray) -> Tracks:
    """Follows links between hits.

    Arguments:
        hits: Hits of one frame in the order of layers.
        upstream: (H,) int64. The hit before each hit on its track, in any layer before its own; -1
            where the track begins.

    Returns:
        All chains, ordered by their first hit; every hit is on exactly one.

    Raises:
        DataError: If two hits have the same one before them.

    Example:
        >>> hits = Hits(position=torch.zeros(4, 3), energy=torch.ones(4), layer=torch.arange(4))
        >>> [track.tolist() for track in follow_links(hits, np.array([-1, 0, -1, 1]))]
        [[0, 1, 3], [2]]
    """
    downstream = np.flatnonzero(upstream >= 0)
    segments = torch.from_numpy(np.stack([downstream, upstream[downstream]])).to(hits.layer.device)
    graph = HitGraph(hits=hits, edge_index=segments)
    everything = torch.ones(graph.n_edges, dtype=torch.bool, device=hits.layer.device)
    return follow(Assignment(graph=graph, selected=everything))


@inlined
def displacement(layers: Layers, start: int, stop: int) -> tuple[float, float, float]:
    """Returns the vector in mm from one hit to another."""
    a, b = layers.position[start], layers.position[stop]
    return b[0] - a[0], b[1] - a[1], b[2] - a[2]


@inlined
def opening_angle(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    """Returns the angle between two directions in rad."""
    x, y, z = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
    return math.atan2(math.sqrt(x * x + y * y + z * z), a[0] * b[0] + a[1] * b[1] + a[2] * b[2])
