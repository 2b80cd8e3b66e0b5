"""Hits -> HitGraph: candidate segments between neighbouring layers."""

import math

import torch
from torch import Tensor

from trackscape.data import HitGraph, Hits
from trackscape.errors import DataError
from trackscape.graph_construction.sweep import find_segments

CALORIMETER_CUT = 0.4
"""Largest angle in rad between a segment and the beam axis."""
TRACKER_CUT = 0.2
"""The same where the downstream hit is in layer 1 or 2, behind one of the long tracker gaps."""


def connect_layers(
    hits: Hits, *, calorimeter_cut: float = CALORIMETER_CUT, tracker_cut: float = TRACKER_CUT
) -> HitGraph:
    """Joins every hit with the hits of the layer before it that a proton could have come from.

    Only pairs within a window of x are ever looked at: the hits of each layer are sorted by x, so
    that time and memory follow the number of edges and not the square of the number of hits. This
    runs in machine code on the processor, wherever the hits are.

    Arguments:
        hits: Hits of one frame in any order.
        calorimeter_cut: Edges at this angle with the beam axis or more are removed, in rad.
        tracker_cut: The same where the downstream hit has layer < 3.

    Returns:
        The graph; its hits are ordered by layer.

    Raises:
        DataError: If a cut is not between 0 and pi/2.

    Example:
        >>> grid = torch.tensor([[0.0, 0, 0], [9, 0, 0], [0, 0, 5.5], [9, 0, 5.5]])
        >>> hits = Hits(position=grid, energy=torch.ones(4), layer=torch.tensor([4, 4, 5, 5]))
        >>> connect_layers(hits).edge_index.tolist()
        [[2, 3], [0, 1]]
    """
    for cut in (calorimeter_cut, tracker_cut):
        if not 0 < cut < math.pi / 2:
            raise DataError(f"Expected an angle cut between 0 and pi/2 rad, got {cut}.")
    hits = hits.sorted_by_layer()
    edges = find_segments(
        hits.position.detach().cpu().double().contiguous().numpy(),
        hits.layer.cpu().contiguous().numpy(),
        calorimeter_cut=calorimeter_cut,
        tracker_cut=tracker_cut,
    )
    return HitGraph(hits=hits, edge_index=torch.from_numpy(edges).to(hits.layer.device))


def beam_angle(direction: Tensor) -> Tensor:
    """Angle with the beam axis in rad, (N,), of directions (N, 3); 0 if the length is 0."""
    return torch.atan2(direction[:, :2].norm(dim=1), direction[:, 2])
