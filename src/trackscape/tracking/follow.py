"""Assignment -> Tracks: chains the chosen segments, and back."""

import numpy as np
import torch

from trackscape.compiled import compiled
from trackscape.data import Assignment, HitGraph, Tracks
from trackscape.errors import DataError


def chosen_segments(tracks: Tracks, *, graph: HitGraph) -> Assignment:
    """Turns chains back into an assignment: the edges of a graph that they use.

    Steps of a track that are no edge of the graph, such as those over an empty layer, are lost.
    """
    n_hits = len(graph.hits)
    same_track = tracks.number[1:] == tracks.number[:-1]
    steps = (tracks.index[1:] * n_hits + tracks.index[:-1])[same_track]
    downstream, upstream = graph.edge_index
    return Assignment(graph=graph, selected=torch.isin(downstream * n_hits + upstream, steps))


def follow(assignment: Assignment) -> Tracks:
    """Follows the chosen segments from each hit without upstream partner to the end of its chain.

    Every hit lands on exactly one track; a hit without partners makes a track of its own. This runs
    in machine code on the processor, wherever the assignment is.

    Arguments:
        assignment: Chosen segments; each hit has at most one partner upstream and one downstream.

    Returns:
        All chains, ordered by their first hit.

    Raises:
        DataError: If a hit has two partners on one side, or a segment does not lead downstream.
    """
    hits, edges = assignment.graph.hits, assignment.graph.edge_index.cpu().contiguous().numpy()
    before, behind = np.full((2, len(hits)), -1)
    clash = _link(edges, assignment.selected.cpu().contiguous().numpy(), before, behind)
    if clash >= 0:
        raise DataError(
            "Expected chosen segments from one hit to a later one, at most one on each side of a "
            f"hit, but segment {clash}, from hit {edges[1, clash]} to hit {edges[0, clash]}, does "
            "not fit. Use an `Assigner` to choose from a graph of `connect_layers`."
        )
    index, offset = map(torch.from_numpy, _walk(before, behind))
    device = assignment.selected.device
    return Tracks(hits=hits, index=index.to(device), offset=offset.to(device))


@compiled
def _link(edges: np.ndarray, selected: np.ndarray, before: np.ndarray, behind: np.ndarray) -> int:
    """Notes the partners of each hit; returns the first edge that does not fit, or -1."""
    for edge in range(len(selected)):
        if selected[edge]:
            downstream, upstream = edges[0, edge], edges[1, edge]
            if not 0 <= upstream < downstream < len(before):
                return edge
            if before[downstream] >= 0 or behind[upstream] >= 0:
                return edge
            before[downstream] = upstream
            behind[upstream] = downstream
    return -1


@compiled
def _walk(before: np.ndarray, behind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hits of all chains and the borders between chains.

    Arguments:
        before: (H,) int64. Upstream partner of each hit; negative where it has none.
        behind: (H,) int64. The same downstream.
    """
    index, offset = np.empty_like(before), np.zeros(len(before) + 1, np.int64)
    n_hits = n_tracks = 0
    for first in range(len(before)):
        if before[first] >= 0:
            continue
        hit = first
        while hit >= 0:
            index[n_hits] = hit
            n_hits += 1
            hit = behind[hit]
        n_tracks += 1
        offset[n_tracks] = n_hits
    return index, offset[: n_tracks + 1]
