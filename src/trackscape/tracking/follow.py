"""Assignment -> Tracks: chains the chosen segments."""

import torch
from torch import Tensor

from trackscape.data import Assignment, Tracks


def follow(assignment: Assignment) -> Tracks:
    """Follows the chosen segments from each hit without upstream partner to the end of its chain.

    Every hit lands on exactly one track; a hit without partners makes a track of its own.

    Arguments:
        assignment: Chosen segments; each hit has at most one partner upstream and one downstream.

    Returns:
        All chains, ordered by their first hit.
    """
    hits = assignment.graph.hits
    downstream, upstream = assignment.graph.edge_index[:, assignment.selected]
    here = torch.arange(len(hits), device=downstream.device)
    first, steps = _pointer_jumping(here.scatter(0, downstream, upstream))
    order = torch.argsort(first * (len(hits) + 1) + steps)
    length = torch.bincount(first, minlength=len(hits))
    length = length[length > 0]
    return Tracks(hits=hits, index=order, offset=torch.cat([length.new_zeros(1), length.cumsum(0)]))


def _pointer_jumping(before: Tensor) -> tuple[Tensor, Tensor]:
    """First hit of each hit's chain and the number of steps to it, both (H,) int64.

    Each round doubles the distance that every hit looks back, so that chains through L layers take
    log2(L) rounds and no loop over hits.
    """
    steps = (before != torch.arange(len(before), device=before.device)).long()
    while True:
        further = before[before]
        if torch.equal(further, before):
            return before, steps
        steps = steps + steps[before]
        before = further
