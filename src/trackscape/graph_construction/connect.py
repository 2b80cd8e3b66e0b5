"""Hits -> HitGraph: candidate segments between neighbouring layers, found in machine code."""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from trackscape.compiled import Floats, Integers, compiled
from trackscape.data import HitGraph, Hits
from trackscape.errors import DataError
from trackscape.graph_construction.line_graph import index_pointer

CALORIMETER_CUT = 0.4
"""Largest angle in rad between a segment and the beam axis."""
TRACKER_CUT = 0.2
"""Largest angle in rad where the upstream hit is in a tracker, before one of the long gaps."""
_MARGIN = 1e-9
"""Relative difference from a cut beyond which the tangent of an angle is enough."""


def connect_layers(
    hits: Hits, *, calorimeter_cut: float = CALORIMETER_CUT, tracker_cut: float = TRACKER_CUT
) -> HitGraph:
    """Joins every hit with the hits of the layer before it that a proton could have come from.

    The hits of each layer are sorted by x, and only those within a sliding window are looked at, so
    that time and memory follow the number of edges. This runs on the processor.

    Edges at an angle in rad with the beam axis from a cut on are left out; `tracker_cut` is for
    those whose upstream hit is in a tracker. The graph has the hits ordered by layer.

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
    position = hits.position.detach().cpu().double().contiguous().numpy()
    layer = hits.layer.cpu().contiguous().numpy()
    border = np.concatenate([[0], np.flatnonzero(np.diff(layer)) + 1, [len(layer)]])
    region = (layer >= hits.n_trackers).astype(np.int64)
    cuts = np.array([_with_tangents(cut) for cut in (tracker_cut, calorimeter_cut)])
    edges = _find_edges(position, layer, region, border, np.argsort(position[:, 0]), cuts)
    return HitGraph(hits=hits, edge_index=torch.from_numpy(edges).to(hits.layer.device))


def beam_angle(direction: Float[Tensor, "edges 3"]) -> Float[Tensor, " edges"]:
    """Angle with the beam axis in rad; 0 if the length is 0."""
    return torch.atan2(direction[:, :2].norm(dim=1), direction[:, 2])


def _with_tangents(cut: float) -> tuple[float, float, float]:
    """A cut, a tangent that is below it for sure and one that is above it for sure."""
    narrow, wide = cut * (1 - _MARGIN), min(cut * (1 + _MARGIN), math.pi / 2)
    return cut, math.tan(narrow), math.tan(wide)


@compiled
def _find_edges(
    position: Floats,
    layer: Integers,
    region: Integers,
    border: Integers,
    by_x: Integers,
    cuts: Floats,
) -> Integers:
    """Pairs of hits at an angle atan2(√(Δx² + Δy²), Δz) with the beam axis below a cut.

    It is that of the region of the upstream hit, trackers or calorimeter.
    """
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
def _split_by_layer(hits: Integers, border: Integers) -> Integers:
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
    x: Floats,
    z: Floats,
    hits: Integers,
    layer: Integers,
    region: Integers,
    border: Integers,
    cuts: Floats,
) -> tuple[Integers, Integers]:
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
def _order_by_downstream(downstream: Integers, n_of_upstream: Integers) -> Integers:
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
