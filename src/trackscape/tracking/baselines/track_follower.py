"""Hits -> Tracks: the track follower with recursive weighting of the detector's own toolkit.

References:
    Pettersen et al., Phys. Med. 63 (2019) 87; findTracksWithRecursiveWeighting of
    HelgeEgil/DigitalTrackingCalorimeterToolkit, whose rules are told here in our own words.
"""

import dataclasses
import math
from typing import NamedTuple

import numpy as np

from trackscape.compiled import Floats, Integers, compiled
from trackscape.data import Hits, Tracks
from trackscape.tracking.baselines.layers import (
    Baseline,
    Flags,
    Layers,
    by_layer,
    displacement,
    follow_links,
    opening_angle,
)

FIRST_ANGLE_WEIGHT = 0.01
"""Weight of the angle with the beam, of which little is left where a proton stops."""
FEWEST_HITS = 4
"""Shorter tracks are left as they are."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrackFollower(Baseline):
    """Follows tracks against the beam, one after another, each on the path that bends least.

    Every hit that no kept path holds yet, from the deepest layer on, is a seed. At most two hits of
    the layer before, or of the one before that if it is empty, continue each hit of a path. The
    score S of a path is the root of the summed squares of its angles in space; the first, with the
    beam, counts by a hundredth. Of all paths from a seed the one with the least S is taken, and
    kept if it reaches a tracker (or layer 0). Of paths that share a hit the one with the least S
    keeps it; then left-over hits are put on tracks that they would continue.
    """

    largest_score: float = 0.275
    """A hit continues a path if S stays below this, in rad, ..."""
    small_angle: float = 0.1
    """... or if the path bends there by less than this, in rad."""
    tracker_angle: float = 0.5
    """Largest angle in rad by which a path bends into a tracker."""
    comparable: float = 0.845
    """The second hit is tried, too, if S with the first is more than this share of S with it."""
    fill_angle: float = 0.4
    """Largest angle in rad under which a left-over hit is put on a track."""

    def _find(self, hits: Hits) -> Tracks:
        layers, layer_of = by_layer(hits), hits.layer.cpu().numpy()
        limits = Limits(*dataclasses.astuple(self))
        paths, scores = _find_paths(layers, layer_of, limits)
        upstream, free = _resolve_ambiguities(paths, np.argsort(scores, kind="stable"), len(hits))
        recover_hits(layers, layer_of, upstream, free, limits.fill_angle)
        return follow_links(hits, upstream)


class Limits(NamedTuple):
    """The fields of `TrackFollower`."""

    largest_score: float
    small_angle: float
    tracker_angle: float
    comparable: float
    fill_angle: float


@compiled
def _find_paths(layers: Layers, layer_of: Integers, limits: Limits) -> tuple[Integers, Floats]:
    """Paths that are kept, (P, L) hits from the deepest on, then -1, and their scores (P,)."""
    n_hits, n_layers = len(layer_of), len(layers.depth)
    free = np.ones(n_hits, np.bool_)
    paths, scores = np.full((n_hits, n_layers), -1), np.empty(n_hits)
    n = 0
    for layer in range(n_layers - 1, -1, -1):
        for seed in range(layers.border[layer], layers.border[layer + 1]):
            if not free[seed]:
                continue
            length, score = _straightest(layers, layer_of, free, limits, seed, paths[n])
            if layer_of[paths[n, length - 1]] < max(layers.n_trackers, 1):
                free[paths[n, :length]] = False
                scores[n] = score
                n += 1
    return paths[:n], scores[:n]


@compiled
def _straightest(
    layers: Layers, layer_of: Integers, free: Flags, limits: Limits, seed: int, best: Integers
) -> tuple[int, float]:
    """Writes the path from a seed with the least score; returns its length and score.

    The straightest path is followed first. One as bad as the best complete one is given up.
    """
    path = np.empty(len(best), np.int64)
    waiting, score_of = np.empty((2 * len(best) + 2, 2), np.int64), np.empty(2 * len(best) + 2)
    waiting[0, 0], waiting[0, 1], score_of[0] = seed, 0, 0.0
    size, length, least = 1, 0, np.inf
    while size > 0:
        size -= 1
        hit, place = waiting[size]
        score = score_of[size]
        if score >= least:
            continue
        path[place] = hit
        before = int(path[place - 1]) if place > 0 else -1
        layer = int(layer_of[hit])
        first, second = _find_children(layers, layer, free, limits, before, hit, score)
        for child, child_score in (second, first):
            if child >= 0:
                waiting[size, 0], waiting[size, 1], score_of[size] = child, place + 1, child_score
                size += 1
        if first[0] < 0:
            length, least = place + 1, score
            best[:length], best[length:] = path[:length], -1
    return length, least


@compiled
def _find_children(
    layers: Layers, layer: int, free: Flags, limits: Limits, before: int, hit: int, score: float
) -> tuple[tuple[int, float], tuple[int, float]]:
    """The two hits (or -1) that best continue a path that ends with these, with its scores."""
    first, second = (-1, np.inf), (-1, np.inf)
    direction = displacement(layers, before, hit) if before >= 0 else (0.0, 0.0, -1.0)
    weight = 1.0 if before >= 0 else FIRST_ANGLE_WEIGHT
    for target in range(layer - 1, max(layer - 3, -1), -1):
        empty = True
        for child in range(layers.border[target], layers.border[target + 1]):
            if before < 0 and not free[child]:
                continue
            empty = False
            angle = opening_angle(direction, displacement(layers, hit, child))
            if target < layers.n_trackers and angle >= limits.tracker_angle:
                continue
            total = math.hypot(score, weight * angle)
            if total >= limits.largest_score and angle >= limits.small_angle:
                continue
            if total < first[1]:
                first, second = (child, total), first
            elif total < second[1]:
                second = (child, total)
        if not empty:
            break
    if first[1] <= limits.comparable * second[1]:
        second = (-1, np.inf)
    return first, second


@compiled
def _resolve_ambiguities(paths: Integers, ranking: Integers, n_hits: int) -> tuple[Integers, Flags]:
    """Gives each hit to the first path of a ranking; returns links (H,) and hits without path."""
    upstream, free = np.full(n_hits, -1), np.ones(n_hits, np.bool_)
    for number in ranking:
        last = -1
        for hit in paths[number]:
            if hit >= 0 and free[hit]:
                if last >= 0:
                    upstream[last] = hit
                last, free[hit] = hit, False
    return upstream, free


@compiled
def recover_hits(
    layers: Layers, layer_of: Integers, upstream: Integers, free: Flags, farthest: float
) -> None:
    """Puts left-over hits at both ends of all tracks with enough hits, the deepest track first.

    The hit under the least angle below `farthest`, in rad, is put on; one layer without such a hit
    may be passed over. Both `upstream`, the hit before each hit or -1, and `free` are changed.
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
            _extend(layers, layer_of, upstream, downstream, free, farthest, ends[0], -1)
            _extend(layers, layer_of, upstream, downstream, free, farthest, ends[1], 1)


@compiled
def _extend(
    layers: Layers,
    layer_of: Integers,
    upstream: Integers,
    downstream: Integers,
    free: Flags,
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
    layers: Layers, free: Flags, layer: int, before: int, end: int, farthest: float
) -> int:
    """The free hit of a layer under the least angle with a track's last two hits, or -1."""
    direction = displacement(layers, before, end)
    nearest = -1
    for hit in range(layers.border[layer], layers.border[layer + 1]):
        if free[hit]:
            angle = opening_angle(direction, displacement(layers, end, hit))
            if angle < farthest:
                nearest, farthest = hit, angle
    return nearest
