"""Hits of a file -> sizes of the graphs of its frames, and the published ones."""

from collections.abc import Iterator

import numpy as np
import torch

from trackscape.comparison.quantities import Key
from trackscape.comparison.statistics import Estimate
from trackscape.data import HitGraph, Hits
from trackscape.graph_construction import connect_layers, split_frames

PER_FRAME = (50, 100, 150)
FRAMES = 100
"""No more frames of each size are made: the mean number of edges is then known to about 1 %."""
SIZES = ("graph nodes", "graph edges", "line-graph edges")

# Means behind 100, 150 and 200 mm of water (Kortus, Keidel, Gauger, TMLR 2025), for Monte Carlo
# files of the same detector that are not public. Their line graph is undirected: each pair of
# segments counts in both directions.
PUBLISHED: dict[str, dict[int, tuple[int, int, int]]] = {
    "graph nodes": {50: (1337, 1074, 815), 100: (2675, 2148, 1628), 150: (4015, 3224, 2445)},
    "graph edges": {
        50: (4311, 3079, 2235),
        100: (14_837, 10_397, 7514),
        150: (31_532, 21_906, 15_770),
    },
    "line-graph edges": {
        50: (68_000, 40_000, 25_000),
        100: (494_000, 280_000, 173_000),
        150: (1_610_000, 909_000, 553_000),
    },
}


def graph_estimates(hits: Hits, *, event: np.ndarray) -> Iterator[tuple[Key, Estimate]]:
    """Yields the mean sizes over frames of 50, 100 and 150 primaries, where there are two or more.

    Arguments:
        hits: Merged hits of a file, ordered by event.
        event: (H,) Number of the event of each hit, from 0 and without gaps.
    """
    for per_frame in PER_FRAME:
        if int(event[-1]) + 1 < 2 * per_frame:
            continue
        some = hits.select(torch.from_numpy(event < FRAMES * per_frame))
        frames = split_frames(some, per_frame=per_frame)
        sizes = np.array([graph_sizes(connect_layers(frame)) for frame in frames])
        for name, column in zip(SIZES, sizes.T, strict=True):
            error = float(column.std(ddof=1)) / len(column) ** 0.5
            yield Key(name, f"{per_frame} p+/F"), Estimate(float(column.mean()), error, len(column))


def graph_sizes(graph: HitGraph) -> tuple[int, int, int]:
    """Number of hits, of edges, and of edges of the line graph, which is not built for it."""
    downstream, upstream = graph.edge_index
    n_edges = torch.bincount(downstream, minlength=len(graph.hits))
    return len(graph.hits), graph.n_edges, 2 * int(n_edges[upstream].sum())
