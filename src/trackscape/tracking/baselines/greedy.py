"""Hits -> Tracks: the closest pairs of two layers first."""

import dataclasses

import numpy as np

from trackscape.compiled import Floats, Integers, compiled
from trackscape.data import Hits, Tracks
from trackscape.tracking.baselines.layers import Baseline, Layers, by_layer, follow_links


@dataclasses.dataclass(frozen=True, kw_only=True)
class Greedy(Baseline):
    """Greedy search for nearest neighbours, layer by layer against the beam.

    The last segment of each track is extrapolated; a lone hit goes on along the beam. Of all pairs
    of an extrapolated track and a hit in the next layer the closest is joined first, then the next.
    """

    # Found by studies.tune_baselines.
    max_step: float = 0.921
    """Largest distance between hit and extrapolation / length of the gap, in the calorimeter."""
    max_tracker_step: float = 0.0266
    """Largest distance / length of the gap where the upstream hit is in a tracker."""

    def _find(self, hits: Hits) -> Tracks:
        return follow_links(hits, _link(by_layer(hits), self.max_step, self.max_tracker_step))


@compiled
def _link(layers: Layers, max_step: float, max_tracker_step: float) -> Integers:
    """The hit before each hit (H,), or -1."""
    upstream = np.full(len(layers.position), -1)
    slope = np.zeros((len(layers.position), 2))
    for layer in range(len(layers.depth) - 1, 0, -1):
        gap = layers.depth[layer] - layers.depth[layer - 1]
        farthest = (max_tracker_step if layer <= layers.n_trackers else max_step) * gap
        pairs, distance = _find_pairs(layers, slope, layer, farthest)
        taken = np.zeros(len(layers.position), np.bool_)
        for number in np.argsort(distance, kind="mergesort"):
            hit, before = pairs[number]
            if upstream[hit] < 0 and not taken[before]:
                upstream[hit], taken[before] = before, True
                slope[before] = layers.position[hit, :2] - layers.position[before, :2]
                slope[before] /= gap
    return upstream


@compiled
def _find_pairs(
    layers: Layers, slope: Floats, layer: int, farthest: float
) -> tuple[Integers, Floats]:
    """Hits of a layer and of the one before it near enough, (P, 2), and their distances (P,)."""
    start, middle, stop = layers.border[layer - 1], layers.border[layer], layers.border[layer + 1]
    gap = layers.depth[layer] - layers.depth[layer - 1]
    pairs = np.empty(((stop - middle) * (middle - start), 2), np.int64)
    distance = np.empty(len(pairs))
    n = 0
    for hit in range(middle, stop):
        x, y = layers.position[hit, :2] - gap * slope[hit]
        for before in range(start, middle):
            away = np.hypot(layers.position[before, 0] - x, layers.position[before, 1] - y)
            if away < farthest:
                pairs[n, 0], pairs[n, 1], distance[n] = hit, before, away
                n += 1
    return pairs[:n], distance[:n]
