"""Hits -> Tracks: the combinatorial Kalman filter, against the beam.

References:
    Mankel, Rep. Prog. Phys. 67 (2004) 553, for pattern recognition with branches.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from trackscape.compiled import Floats, Integers, compiled, inlined
from trackscape.data import Hits, Tracks
from trackscape.tracking.baselines import layers
from trackscape.tracking.baselines.layers import Flags, FrameArrays, State
from trackscape.tracking.baselines.motion_model import MotionModel


@dataclasses.dataclass(frozen=True, kw_only=True)
class KalmanFilter(layers.Baseline):
    """Combinatorial Kalman filter; with one branch the plain one.

    Each hit that no track holds yet, from the deepest layer on, begins a track, and every hit of
    the layer before it within the gate continues it, on a branch of its own. Only the best branches
    are followed: those with the least sum, over their hits, of `neg_log_likelihood` of the hit's χ²
    less that of the gate, so that longer tracks win. Where tracks of one layer want the same hit,
    the one with the best score gets it and the others search again.
    """

    motion: MotionModel = dataclasses.field(default_factory=MotionModel)
    # Found by studies.tune_baselines, as are the values of `MotionModel`.
    gate: float = 1360.0
    """Largest χ² (2 degrees of freedom) of a hit beside the predicted state."""
    branches: int = 4
    """Branches that are followed from layer to layer."""
    holes: int = 1
    """Layers without a hit that a track may have."""

    def _find(self, hits: Hits) -> Tracks:
        frame = self.motion.frame_arrays(layers.by_layer(hits))
        rules = Rules(
            self.gate, layers.neg_log_likelihood(self.gate, frame.tail), self.branches, self.holes
        )
        return layers.follow_links(hits, _find_tracks(frame, rules))


class Rules(NamedTuple):
    """What a branch may do; see `KalmanFilter`."""

    gate: float
    hit_bonus: float
    """Score that a perfect hit takes off: `neg_log_likelihood` of the gate."""
    branches: int
    holes: int


class Tree(NamedTuple):
    """All branches of one track. Nodes of one layer follow each other."""

    hit: Integers
    """Hit of each node; -1 for a layer without one."""
    parent: Integers
    """Node before each node on its branch; -1 for the first."""
    score: Floats
    holes: Integers
    """Number of layers without a hit so far."""
    state: Floats
    """`State` (N, 7) of the branch in the layer of each node."""


class Options(NamedTuple):
    """Ways to continue the branches of one layer."""

    predicted: Floats
    """State (B, 7) of each branch in the next layer."""
    branch: Integers
    hit: Integers
    """Hit that each option takes; -1 for none."""
    score: Floats


@compiled
def _find_tracks(frame: FrameArrays, rules: Rules) -> Integers:
    """The hit before each hit (H,), or -1."""
    upstream = np.full(len(frame.position), -1)
    free = np.ones(len(frame.position), np.bool_)
    widest = int(np.diff(frame.border).max()) if len(frame.depth) else 0
    tree = _new_tree(1 + rules.branches * len(frame.depth))
    options = _new_options(rules.branches, widest + 1)
    for layer in range(len(frame.depth) - 1, -1, -1):
        first = frame.border[layer]
        seeds = first + np.flatnonzero(free[first : frame.border[layer + 1]])
        while len(seeds) > 0:
            paths = np.full((len(seeds), layer + 1), -1)
            score = np.empty(len(seeds))
            for number, seed in enumerate(seeds):
                node = _grow(frame, rules, free, seed, layer, tree, options)
                score[number] = tree.score[node]
                _trace(tree, node, paths[number])
            seeds = _take(seeds, paths, score, free, upstream)
    return upstream


@compiled
def _take(
    seeds: Integers, paths: Integers, score: Floats, free: Flags, upstream: Integers
) -> Integers:
    """Links the hits of the best paths that share none; returns the seeds of the others."""
    left = np.zeros(len(seeds), np.bool_)
    for number in np.argsort(score, kind="mergesort"):
        path = paths[number]
        for hit in path:
            left[number] |= hit >= 0 and not free[hit]
        if left[number]:
            continue
        last = seeds[number]
        free[last] = False
        for hit in path[1:]:
            if hit >= 0:
                upstream[last], free[hit] = hit, False
                last = hit
    return seeds[left]


@compiled
def _trace(tree: Tree, node: int, path: Integers) -> None:
    """Writes the hits from the first node to this one into a path, with -1 behind the last."""
    n = 0
    at = node
    while at >= 0:
        n += tree.hit[at] >= 0
        at = tree.parent[at]
    while node >= 0:
        if tree.hit[node] >= 0:
            n -= 1
            path[n] = tree.hit[node]
        node = tree.parent[node]


@compiled
def _grow(
    frame: FrameArrays,
    rules: Rules,
    free: Flags,
    seed: int,
    layer: int,
    tree: Tree,
    options: Options,
) -> int:
    """Follows all branches from a hit to their ends; returns the last node of the best."""
    _add(tree, 0, -1, seed, 0.0, layers.begin(frame, seed))
    best, start, stop = 0, 0, 1
    end = layer
    while layer > 0 and start < stop:
        n_options = _find_options(frame, rules, free, tree, start, stop, layer, end, options)
        ranking = np.argsort(options.score[:n_options], kind="mergesort")
        start_next = stop
        for option in ranking[: rules.branches]:
            hit, branch = int(options.hit[option]), int(options.branch[option])
            state = layers.load_state(options.predicted, branch)
            if hit >= 0:
                x, y, _ = frame.position[hit]
                state = layers.update(state, x, y, frame.error)
            _add(tree, stop, start + branch, hit, float(options.score[option]), state)
            if tree.score[stop] < tree.score[best]:
                best = stop
            stop += 1
        start = start_next
        layer -= 1
    return best


@compiled
def _find_options(
    frame: FrameArrays,
    rules: Rules,
    free: Flags,
    tree: Tree,
    start: int,
    stop: int,
    layer: int,
    end: int,
    options: Options,
) -> int:
    """Collects how the nodes from start to stop, all of one layer, can go on; returns how many."""
    n = 0
    for node in range(start, stop):
        n_before, branch = n, node - start
        state = layers.move(frame, layers.load_state(tree.state, node), layer, end)
        layers.store_state(options.predicted, branch, state)
        for hit in range(frame.border[layer - 1], frame.border[layer]):
            if not free[hit]:
                continue
            x, y, _ = frame.position[hit]
            square = layers.chi_squared(state, x, y, frame.error)
            if square < rules.gate:
                options.branch[n], options.hit[n] = branch, hit
                worth = layers.neg_log_likelihood(square, frame.tail) - rules.hit_bonus
                options.score[n] = tree.score[node] + worth
                n += 1
        if n == n_before and tree.holes[node] < rules.holes:
            options.branch[n], options.hit[n], options.score[n] = branch, -1, tree.score[node]
            n += 1
    return n


@inlined
def _add(tree: Tree, node: int, parent: int, hit: int, score: float, state: State) -> None:
    tree.hit[node], tree.parent[node], tree.score[node] = hit, parent, score
    tree.holes[node] = (tree.holes[parent] if parent >= 0 else 0) + (hit < 0)
    layers.store_state(tree.state, node, state)


@inlined
def _new_tree(n_nodes: int) -> Tree:
    integers = np.empty((3, n_nodes), np.int64)
    return Tree(integers[0], integers[1], np.empty(n_nodes), integers[2], np.empty((n_nodes, 7)))


@inlined
def _new_options(branches: int, most: int) -> Options:
    integers = np.empty((2, branches * most), np.int64)
    return Options(np.empty((branches, 7)), integers[0], integers[1], np.empty(branches * most))
