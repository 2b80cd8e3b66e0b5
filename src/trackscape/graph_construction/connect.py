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
MOST_PAIRS_OF_HITS = 30_000_000
"""Largest number of pairs of hits, within the sliding windows, that a frame may have: about that
of 2,000 protons behind 100 mm of water, whose segments take some 1.6 GB to score."""
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
        DataError: If a cut is not between 0 and pi/2, or the frame has more pairs of hits within
            reach than `MOST_PAIRS_OF_HITS`.

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
    by_x = np.argsort(position[:, 0])
    hits_by_x, start, stop = _find_windows(position, layer, region, border, by_x, cuts)
    n_pairs = int((stop - start).sum())
    if n_pairs > MOST_PAIRS_OF_HITS:
        raise DataError(
            f"Expected at most {MOST_PAIRS_OF_HITS:,} pairs of hits within reach in one frame, got "
            f"{n_pairs:,} of {len(layer):,} hits. Put fewer protons in a frame."
        )
    edges = _find_edges(position, region, hits_by_x, start, stop, cuts)
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
    region: Integers,
    hits: Integers,
    start: Integers,
    stop: Integers,
    cuts: Floats,
) -> Integers:
    """Pairs of hits at an angle atan2(√(Δx² + Δy²), Δz) with the beam axis below a cut.

    It is that of the region of the upstream hit, trackers or calorimeter.
    """
    x, y, z = position[hits, 0], position[hits, 1], position[hits, 2]
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
    position: Floats,
    layer: Integers,
    region: Integers,
    border: Integers,
    by_x: Integers,
    cuts: Floats,
) -> tuple[Integers, Integers, Integers]:
    """Hits in the order of places: by layer, then by x; and where each hit (H,) could lead to.

    That is the first place in the next layer that it could reach, and the place after the last.
    """
    hits = _split_by_layer(by_x, border)
    x, z = position[hits, 0], position[hits, 2]
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
    return hits, start, stop


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
