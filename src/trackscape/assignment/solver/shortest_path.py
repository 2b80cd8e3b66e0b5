"""A matching and an end without partner -> the cheapest chain of changes, by Dijkstra's algorithm.

The length of an edge is by how much its cost exceeds the duals of its two ends; no length is
negative, and edges of the matching have none.
"""

from typing import NamedTuple

import numpy as np

from trackscape.compiled import compiled, inlined


class NearSide(NamedTuple):
    """What the near side sees. Axes: E edges, N near ends."""

    cost: np.ndarray  # (E,)
    near: np.ndarray  # (E,), near end of each edge
    far: np.ndarray  # (E,)
    first: np.ndarray  # (N + 1,), where the edges of each near end begin in `edges`
    edges: np.ndarray  # (E,), by near end
    unmatched: np.ndarray  # (N,), cost of a near end without partner


class Matching(NamedTuple):
    """The state of the search. Axes: N near, F far ends."""

    near_edge: np.ndarray  # (N,), the chosen one, or -1
    far_edge: np.ndarray  # (F,)
    far_dual: np.ndarray  # (F,)


class Paths(NamedTuple):
    """Shortest paths from one near end. Axes: F far ends, E edges."""

    distance: np.ndarray  # (F,), of the shortest so far; inf if there is none, -inf if it is final
    last_edge: np.ndarray  # (F,), by which it arrives
    seen: np.ndarray  # (F,), far ends with a path, in no order
    final: np.ndarray  # (F,), far ends with a final path, the nearest first
    final_distance: np.ndarray  # (F,)
    # A binary heap of far ends to go on from; one reached again is there twice.
    heap_distance: np.ndarray  # (E,)
    heap_end: np.ndarray  # (E,)


@compiled
def no_paths(problem: NearSide, matching: Matching) -> Paths:
    """Returns room for the searches in a problem."""
    n_far, n_edges = len(matching.far_edge), len(problem.cost)
    return Paths(
        np.full(n_far, np.inf),
        np.empty(n_far, np.int64),
        np.empty(n_far, np.int64),
        np.empty(n_far, np.int64),
        np.empty(n_far),
        np.empty(n_edges),
        np.empty(n_edges, np.int64),
    )


@inlined
def shortest_path(
    problem: NearSide, matching: Matching, paths: Paths, end: int
) -> tuple[float, int, int, int]:
    """Returns the length, the far end where it stops, and the numbers of seen and final ends.

    That far end is free, or its partner stays alone. -1: the near end itself stays alone.
    """
    shortest, stop = problem.unmatched[end], -1
    n_seen = n_final = size = 0
    length = 0.0
    while True:
        for place in range(problem.first[end], problem.first[end + 1]):
            edge = int(problem.edges[place])
            far = int(problem.far[edge])
            distance = length + (problem.cost[edge] - matching.far_dual[far])
            if not (distance < shortest and distance < paths.distance[far]):  # what is no number
                continue
            paths.last_edge[far] = edge
            if matching.far_edge[far] < 0:
                shortest, stop = distance, far
                continue
            if paths.distance[far] == np.inf:
                paths.seen[n_seen] = far
                n_seen += 1
            paths.distance[far] = distance
            size = _push(paths, size, distance, far)
        while size > 0 and paths.heap_distance[0] > paths.distance[paths.heap_end[0]]:
            size = _pop(paths, size)
        if size == 0 or paths.heap_distance[0] >= shortest:
            return shortest, stop, n_seen, n_final
        distance, far = float(paths.heap_distance[0]), int(paths.heap_end[0])
        size = _pop(paths, size)
        # Rounding must not find a shorter path to where a final one passes.
        paths.distance[far] = -np.inf
        paths.final[n_final], paths.final_distance[n_final] = far, distance
        n_final += 1
        edge = int(matching.far_edge[far])
        end = int(problem.near[edge])
        length = distance - (problem.cost[edge] - matching.far_dual[far])
        if length + problem.unmatched[end] < shortest:
            shortest, stop = length + problem.unmatched[end], far


@inlined
def _push(paths: Paths, size: int, distance: float, end: int) -> int:
    """Adds to a heap of `size`, and returns its new size."""
    place = size
    while place > 0 and paths.heap_distance[(place - 1) // 2] > distance:
        above = (place - 1) // 2
        paths.heap_distance[place] = paths.heap_distance[above]
        paths.heap_end[place] = paths.heap_end[above]
        place = above
    paths.heap_distance[place], paths.heap_end[place] = distance, end
    return size + 1


@inlined
def _pop(paths: Paths, size: int) -> int:
    """Removes the nearest from a heap of `size`, and returns its new size."""
    size -= 1
    distance, end = paths.heap_distance[size], paths.heap_end[size]
    place, below = 0, 1
    while below < size:
        if below + 1 < size and paths.heap_distance[below + 1] < paths.heap_distance[below]:
            below += 1
        if paths.heap_distance[below] >= distance:
            break
        paths.heap_distance[place] = paths.heap_distance[below]
        paths.heap_end[place] = paths.heap_end[below]
        place, below = below, 2 * below + 1
    paths.heap_distance[place], paths.heap_end[place] = distance, end
    return size
