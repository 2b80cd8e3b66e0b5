"""EdgeScores -> Assignment: the solver, applied to each pair of neighbouring layers of a frame."""

import dataclasses
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trackscape.assignment.solver import Backend, Floats, Semantics, check_settings, solve
from trackscape.data import Assignment, EdgeScores, HitGraph


@dataclasses.dataclass(frozen=True, kw_only=True)
class Assigner:
    """Chooses segments so that each hit has at most one partner upstream and one downstream.

    Rows of each layer pair are its upstream hits: with semantics ``reject`` a hit without partner
    downstream, where its track ends, costs `reject`.
    """

    semantics: Semantics = "card"
    """What is minimised; see `solve`. ``card`` is the published meaning."""
    reject: float | None = None
    """Cost of a track's end, for ``reject`` only; costs of edges lie between 0 and 1."""
    backend: Backend = "auto"
    """Solver that is used."""

    def __post_init__(self) -> None:
        check_settings(self.semantics, reject=self.reject, backend=self.backend)

    def __call__(self, scores: EdgeScores) -> Assignment:
        """Returns the cheapest assignment for the costs 1 - p of the scores."""
        selected = self.choose(scores.cost, graph=scores.graph)
        return Assignment(graph=scores.graph, selected=selected)

    def choose(self, cost: Tensor, *, graph: HitGraph) -> Tensor:
        """Returns (E,) bool: the cheapest edges for any costs (E,) of the edges of a graph."""
        values: Floats = cost.detach().cpu().double().numpy()
        downstream, upstream = graph.edge_index.cpu().numpy()
        selected = np.zeros(len(values), dtype=np.bool_)
        for part in _layer_pairs(graph):
            selected[part] = solve(
                values[part],
                row=upstream[part],
                column=downstream[part],
                semantics=self.semantics,
                reject=self.reject,
                backend=self.backend,
            )
        return torch.from_numpy(selected).to(cost.device)


def _layer_pairs(graph: HitGraph) -> list[slice]:
    """Slices of the edges that join the same two layers; edges are ordered by downstream hit."""
    layer: NDArray[np.int64] = graph.hits.layer[graph.edge_index[0]].cpu().numpy()
    borders = [0, *(np.flatnonzero(np.diff(layer)) + 1).tolist(), len(layer)]
    return [slice(start, stop) for start, stop in pairwise(borders) if stop > start]
