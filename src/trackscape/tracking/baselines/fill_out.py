"""Tracks and left-over hits -> longer tracks."""

import numpy as np

from trackscape.compiled import compiled
from trackscape.tracking.baselines.layers import Layers, angle_between, way

FEWEST_HITS = 4
"""Shorter tracks are left as they are."""


@compiled
def fill_out(
    layers: Layers, layer_of: np.ndarray, upstream: np.ndarray, free: np.ndarray, farthest: float
) -> None:
    """Puts left-over hits at both ends of all tracks with enough hits, the deepest track first.

    The hit under the least angle is put on; one layer without such a hit may be passed over.

    Arguments:
        layers: The frame.
        layer_of: (H,) Layer of each hit.
        upstream: (H,) The hit before each hit, or -1; changed in place.
        free: (H,) Hits that are left over; changed in place.
        farthest: Largest angle in rad between a track and the way to the hit.
    """
    downstream = np.full(len(upstream), -1)
    for hit in range(len(upstream)):
        if upstream[hit] >= 0:
            downstream[upstream[hit]] = hit
    for last in range(len(upstream) - 1, -1, -1):
        if downstream[last] >= 0 or free[last]:
            continue
        length, first, behind = 1, last, -1
        while upstream[first] >= 0:
            first, behind = upstream[first], first
            length += 1
        if length >= FEWEST_HITS:
            ends = (behind, first), (upstream[last], last)
            _fill(layers, layer_of, upstream, downstream, free, farthest, ends[0], -1)
            _fill(layers, layer_of, upstream, downstream, free, farthest, ends[1], 1)


@compiled
def _fill(
    layers: Layers,
    layer_of: np.ndarray,
    upstream: np.ndarray,
    downstream: np.ndarray,
    free: np.ndarray,
    farthest: float,
    last_two: tuple[int, int],
    step: int,
) -> None:
    """Lengthens a track beyond its last two hits, along the beam (step 1) or against it (-1)."""
    before, end = last_two
    while True:
        nearest = -1
        for target in (layer_of[end] + step, layer_of[end] + 2 * step):
            if nearest < 0 and 0 <= target < len(layers.depth):
                nearest = _nearest(layers, free, target, before, end, farthest)
        if nearest < 0:
            return
        free[nearest] = False
        deeper, other = (nearest, end) if step > 0 else (end, nearest)
        upstream[deeper], downstream[other] = other, deeper
        before, end = end, nearest


@compiled
def _nearest(
    layers: Layers, free: np.ndarray, layer: int, before: int, end: int, farthest: float
) -> int:
    """The free hit of a layer under the least angle with a track's last two hits, or -1."""
    course = way(layers, before, end)
    nearest = -1
    for hit in range(layers.border[layer], layers.border[layer + 1]):
        if free[hit]:
            angle = angle_between(course, way(layers, end, hit))
            if angle < farthest:
                nearest, farthest = hit, angle
    return nearest
