"""Hits -> HitGraph: candidate segments between neighbouring layers, found in machine code.

Only pairs within a window of x are looked at. The hits of each layer are sorted by x, so that the
window slides along the next layer from one upstream hit to the next.
"""

import math

import numpy as np
import torch
from torch import Tensor

from trackscape.compiled import compiled
from trackscape.data import HitGraph, Hits
from trackscape.errors import DataError
from trackscape.graph_construction.ragged import index_pointer

CALORIMETER_CUT = 0.4
"""Largest angle in rad between a segment and the beam axis."""
TRACKER_CUT = 0.2
"""Largest angle in rad where the upstream hit is in a tracker, before one of the long gaps."""
_MARGIN = 1e-9
"""Relative. Angles that differ more from a cut are told from it by their tangents alone."""


def connect_layers(
    hits: Hits, *, calorimeter_cut: float = CALORIMETER_CUT, tracker_cut: float = TRACKER_CUT
) -> HitGraph:
    """Joins every hit with the hits of the layer before it that a proton could have come from.

    Only pairs within a window of x are ever looked at: the hits of each layer are sorted by x, so
    that time and memory follow the number of edges and not the square of the number of hits. This
    runs in machine code on the processor, wherever the hits are.

    Arguments:
        hits: Hits of one frame in any order.
        calorimeter_cut: Edges at this angle with the beam axis or more are removed, in rad.
        tracker_cut: The same for edges whose upstream hit is in a tracker.

    Returns:
        The graph; its hits are ordered by layer.

    Raises:
        DataError: If a cut is not between 0 and pi/2.

    Example:
        >>> grid = torch.tensor([[0.0, 0, 0], [9, 0, 0], [0, 0, 5.5], [9, 0, 5.5]])
        >>> hits = Hits(position=grid, energy=torch.ones(4), layer=torch.tensor([4, 4, 5, 5]))
        >>> connect_layers(hits).edge_index.tolist()
        [[2, 3], [0, 1]]
    """
    for cut in (calorimeter_cut, tracker_cut):
        if not 0 < cut < math.pi / 2:
            raise DataError(f"Expected an angle cut between 0 and pi/2 rad, got {cut}.")
    hits = hits.sorted_by_layer()
    edges = _find_edges(
        hits.position.detach().cpu().double().contiguous().numpy(),
        hits.layer.cpu().contiguous().numpy(),
        n_trackers=hits.n_trackers,
        cuts=(tracker_cut, calorimeter_cut),
    )
    return HitGraph(hits=hits, edge_index=torch.from_numpy(edges).to(hits.layer.device))


def beam_angle(direction: Tensor) -> Tensor:
    """Angle with the beam axis in rad, (N,), of directions (N, 3); 0 if the length is 0."""
    return torch.atan2(direction[:, :2].norm(dim=1), direction[:, 2])


def _find_edges(
    position: np.ndarray, layer: np.ndarray, *, n_trackers: int, cuts: tuple[float, float]
) -> np.ndarray:
    """Finds the pairs of hits in neighbouring layers at an angle with the beam axis below a cut.

    The angle is atan2(√(Δx² + Δy²), Δz); it is 0 where both hits are at one point.

    Arguments:
        position: (H, 3) float64, contiguous. Positions in mm.
        layer: (H,) int64. Layers in ascending order.
        n_trackers: Number of tracker layers.
        cuts: The cut in rad, between 0 and pi/2, behind a hit in a tracker, and behind another.

    Returns:
        (2, E) int64. Downstream and upstream hit of each pair, ordered by the first, then by the
        second.
    """
    border = np.concatenate([[0], np.flatnonzero(np.diff(layer)) + 1, [len(layer)]])
    by_x = np.argsort(position[:, 0])
    region = (layer >= n_trackers).astype(np.int64)
    tangents = np.array([_with_tangents(cut) for cut in cuts])
    return _find_segments(position, layer, region, border, by_x, tangents)


def _with_tangents(cut: float) -> tuple[float, float, float]:
    """A cut, a tangent that is below it for sure and one that is above it for sure."""
    narrow, wide = cut * (1 - _MARGIN), min(cut * (1 + _MARGIN), math.pi / 2)
    return cut, math.tan(narrow), math.tan(wide)


@compiled
def _find_segments(
    position: np.ndarray,
    layer: np.ndarray,
    region: np.ndarray,
    border: np.ndarray,
    by_x: np.ndarray,
    cuts: np.ndarray,
) -> np.ndarray:
    hits = _split_by_layer(by_x, border)
    x, y, z = np.empty(len(hits)), np.empty(len(hits)), np.empty(len(hits))
    for place, hit in enumerate(hits):
        x[place], y[place], z[place] = position[hit]
    start, stop = _find_windows(x, z, hits, layer, region, border, cuts)

    # Whether a pair is kept is a coin toss: that it moves `n`, or not, is faster than a branch.
    downstream = np.empty((stop - start).sum() + 1, np.int64)
    n_kept = np.zeros(len(hits), np.int64)
    n = 0
    for upstream in range(len(hits)):
        x_up, y_up, z_up = position[upstream]
        cut, narrow, wide = cuts[region[upstream]]
        n_before = n
        for place in range(start[upstream], stop[upstream]):
            side = (x[place] - x_up) ** 2 + (y[place] - y_up) ** 2
            along = max(z[place] - z_up, 0.0)
            keep = side < (narrow * along) ** 2
            if keep != (side <= (wide * along) ** 2):
                keep = math.atan2(math.sqrt(side), z[place] - z_up) < cut
            downstream[n] = hits[place]
            n += keep
        n_kept[upstream] = n - n_before
    return _order_by_downstream(downstream[:n], n_kept)


@compiled
def _split_by_layer(hits: np.ndarray, border: np.ndarray) -> np.ndarray:
    """Orders hits by layer and, within each, as they come; layer k starts at hit border[k]."""
    layer_of = np.empty_like(hits)
    for layer in range(len(border) - 1):
        layer_of[border[layer] : border[layer + 1]] = layer
    place = border.copy()
    split = np.empty_like(hits)
    for hit in hits:
        layer = layer_of[hit]
        split[place[layer]] = hit
        place[layer] += 1
    return split


@compiled
def _find_windows(
    x: np.ndarray,
    z: np.ndarray,
    hits: np.ndarray,
    layer: np.ndarray,
    region: np.ndarray,
    border: np.ndarray,
    cuts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """First place in the next layer that each hit (H,) could reach, and the place after the last.

    x, z and hits are in the order of places: by layer, then by x.
    """
    start, stop = np.zeros_like(hits), np.zeros_like(hits)
    for k in range(len(border) - 2):
        first, middle, end = border[k], border[k + 1], border[k + 2]
        if layer[middle] != layer[first] + 1:
            continue
        wide = cuts[region[first], 2]
        reach = wide * max(z[middle:end].max() - z[first:middle].min(), 0.0)
        left = right = middle
        for place in range(first, middle):
            while left < end and x[left] < x[place] - reach:
                left += 1
            while right < end and x[right] <= x[place] + reach:
                right += 1
            start[hits[place]], stop[hits[place]] = left, right
    return start, stop


@compiled
def _order_by_downstream(downstream: np.ndarray, n_of_upstream: np.ndarray) -> np.ndarray:
    """Pairs (2, E) from the downstream hits (E,) of the upstream hits, one after the other."""
    place = index_pointer(downstream, len(n_of_upstream))
    pairs = np.empty((2, len(downstream)), np.int64)
    n = 0
    for upstream, size in enumerate(n_of_upstream):
        for hit in downstream[n : n + size]:
            pairs[0, place[hit]], pairs[1, place[hit]] = hit, upstream
            place[hit] += 1
        n += size
    return pairs
