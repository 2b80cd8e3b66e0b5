"""Solutions and gradient of one frame -> how much of the graph the training learns from."""

from typing import NamedTuple, final

import torch
from torch import Tensor

from trackscape.assignment import Assigner, Semantics, Solution
from trackscape.data import HitGraph


class Diagnostics(NamedTuple):
    """What the loss of one frame and its backward pass did."""

    solves: float
    """Assignment problems that were solved."""
    changed: float
    """Share of the edges that these solutions do not all decide alike."""
    moved: float
    """Share of the edges whose score gets a gradient."""


@final
class WatchedAssigner:
    """An assigner that keeps what it chose, until somebody asks."""

    def __init__(self, assigner: Assigner) -> None:
        self.assigner = assigner
        self._chosen: list[Tensor] = []

    @property
    def semantics(self) -> Semantics:
        """Those of the assigner."""
        return self.assigner.semantics

    @property
    def unmatched_cost(self) -> float | None:
        """That of the assigner."""
        return self.assigner.unmatched_cost

    def solve(self, cost: Tensor, *, graph: HitGraph, start: Solution | None = None) -> Solution:
        """Returns what the assigner returns."""
        solution = self.assigner.solve(cost, graph=graph, start=start)
        self._chosen.append(solution.selected)
        return solution

    def diagnose(self, gradient: Tensor) -> Diagnostics:
        """Returns what happened to a frame since the last call, and forgets it.

        Arguments:
            gradient: (E,) Of the loss, for the scores of its edges.
        """
        chosen, self._chosen = self._chosen, []
        changed = 0.0
        if chosen:
            changed = _share(torch.stack([each != chosen[0] for each in chosen]).any(dim=0))
        return Diagnostics(solves=len(chosen), changed=changed, moved=_share(gradient != 0))


def _share(edges: Tensor) -> float:
    return int(edges.count_nonzero()) / max(len(edges), 1)
