"""EdgeScores -> Assignment: the solver, applied to all pairs of neighbouring layers of a frame."""

import dataclasses
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from trackscape.assignment.solver.solve import (
    Backend,
    Semantics,
    check_costs,
    check_perfect,
    check_settings,
    solve,
)
from trackscape.assignment.solver.sparse import solve_sparse
from trackscape.compiled import Floats, Integers
from trackscape.data import Assignment, EdgeScores, HitGraph
from trackscape.data.base import DeviceMixin
from trackscape.errors import AssignmentError

PerEdge = Float[Tensor, " edges"]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Solution(DeviceMixin):
    """The cheapest edges, and the proof that nothing is cheaper: the duals, if the backend tells.

    For each edge, the dual of its upstream hit as such + that of its downstream hit is at most its
    cost, and exactly that if it is chosen; what is left is by how much cheaper it would have to be,
    at least, to be chosen. Hits without edges have the dual 0. The duals add up to the objective
    or, without an unmatched cost, to costs + a penalty for each unmatched downstream hit.
    """

    selected: Bool[Tensor, " edges"]
    upstream_dual: Float[Tensor, " hits"] | None = None
    downstream_dual: Float[Tensor, " hits"] | None = None


class Solver(Protocol):
    """What differentiable decisions and losses need of an `Assigner`."""

    @property
    def semantics(self) -> Semantics:
        """See `Assigner`."""
        ...

    @property
    def unmatched_cost(self) -> float | None:
        """See `Assigner`."""
        ...

    def solve(self, cost: PerEdge, *, graph: HitGraph, start: Solution | None = None) -> Solution:
        """See `Assigner.solve`."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Assigner:
    """Chooses segments so that each hit has at most one partner upstream and one downstream.

    Rows of each layer pair are its upstream hits: with semantics ``with_unmatched`` a hit without
    partner downstream, where its track ends, costs `unmatched_cost`.
    """

    semantics: Semantics = "max_cardinality"
    """What is minimised; see `solve`. ``max_cardinality`` is the published meaning."""
    unmatched_cost: float | None = None
    """Cost of a track's end, for ``with_unmatched`` only; costs of edges lie between 0 and 1."""
    backend: Backend = "sparse"

    def __post_init__(self) -> None:
        check_settings(self.semantics, unmatched_cost=self.unmatched_cost, backend=self.backend)

    def __call__(self, scores: EdgeScores) -> Assignment:
        """Returns the cheapest assignment for the costs 1 - p of the scores."""
        selected = self.choose(scores.cost, graph=scores.graph)
        return Assignment(graph=scores.graph, selected=selected)

    def choose(self, cost: PerEdge, *, graph: HitGraph) -> Bool[Tensor, " edges"]:
        """Returns the cheapest edges for any costs; see `solve`."""
        return self.solve(cost, graph=graph).selected

    def solve(self, cost: PerEdge, *, graph: HitGraph, start: Solution | None = None) -> Solution:
        """Returns the cheapest edges of a graph, with their duals.

        The start is a solution for other costs of this graph: the less they differ, the faster is
        the new one found. Only which of several cheapest choices is taken may depend on it.

        Raises:
            AssignmentError: Costs are not finite, costs or start belong to another graph, or
                ``perfect`` cannot be met.
        """
        if cost.shape != (graph.n_edges,):
            raise AssignmentError(
                f"Expected a cost for each of {graph.n_edges} edges, got shape {tuple(cost.shape)}."
            )
        values: Floats = cost.detach().cpu().double().contiguous().numpy()
        check_costs(values)
        if self.backend == "sparse":
            solution = self._solve_frame(values, graph=graph, start=start)
        else:
            selected = torch.from_numpy(self._solve_layer_pairs(values, graph=graph))
            solution = Solution(selected=selected)
        return solution.to(cost.device)

    def _solve_frame(self, cost: Floats, *, graph: HitGraph, start: Solution | None) -> Solution:
        """No pair of layers is told apart: their hits are not connected."""
        downstream, upstream = _ends(graph)
        layer: Integers = graph.hits.layer.cpu().numpy()
        selected, upstream_dual, downstream_dual = solve_sparse(
            cost,
            row=upstream,
            column=downstream,
            shape=(len(layer), len(layer)),
            most_matches=int(np.bincount(layer).max(initial=0)),
            unmatched_cost=self.unmatched_cost,
            row_dual=_start_dual(start, n_hits=len(layer)),
        )
        if self.semantics == "perfect":
            for part in _layer_pairs(graph):
                smaller = min(len(np.unique(downstream[part])), len(np.unique(upstream[part])))
                check_perfect(int(selected[part].sum()), needed=smaller)
        return Solution(
            selected=torch.from_numpy(selected),
            upstream_dual=torch.from_numpy(upstream_dual),
            downstream_dual=torch.from_numpy(downstream_dual),
        )

    def _solve_layer_pairs(self, cost: Floats, *, graph: HitGraph) -> NDArray[np.bool_]:
        downstream, upstream = _ends(graph)
        selected = np.zeros(len(cost), dtype=np.bool_)
        for part in _layer_pairs(graph):
            selected[part] = solve(
                cost[part],
                row=upstream[part],
                column=downstream[part],
                semantics=self.semantics,
                unmatched_cost=self.unmatched_cost,
                backend=self.backend,
            )
        return selected


def _ends(graph: HitGraph) -> tuple[Integers, Integers]:
    downstream, upstream = graph.edge_index.cpu().contiguous().numpy()
    return downstream, upstream


def _start_dual(start: Solution | None, *, n_hits: int) -> Floats | None:
    if start is None or start.upstream_dual is None:
        return None
    if start.upstream_dual.shape != (n_hits,):
        raise AssignmentError(
            f"Expected a solution of the same graph, with {n_hits} hits, to start from, got one "
            f"with {len(start.upstream_dual)}."
        )
    return start.upstream_dual.cpu().numpy()


def _layer_pairs(graph: HitGraph) -> list[slice]:
    """Slices of the edges that join the same two layers; edges are ordered by downstream hit."""
    layer: Integers = graph.hits.layer[graph.edge_index[0]].cpu().numpy()
    borders = [0, *(np.flatnonzero(np.diff(layer)) + 1).tolist(), len(layer)]
    return [slice(start, stop) for start, stop in pairwise(borders) if stop > start]
