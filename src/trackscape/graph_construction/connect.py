"""Hits -> HitGraph: candidate segments between neighbouring layers."""

import math

import torch
from torch import Tensor

from trackscape.data import HitGraph, Hits
from trackscape.errors import DataError
from trackscape.graph_construction.ragged import expand_ranges

CALORIMETER_CUT = 0.4
"""Largest angle in rad between a segment and the beam axis."""
TRACKER_CUT = 0.2
"""The same where the downstream hit is in layer 1 or 2, behind one of the long tracker gaps."""


def connect_layers(
    hits: Hits, *, calorimeter_cut: float = CALORIMETER_CUT, tracker_cut: float = TRACKER_CUT
) -> HitGraph:
    """Joins every hit with the hits of the layer before it that a proton could have come from.

    Only pairs within a window of x are ever looked at: the hits of each layer are sorted by x, so
    that time and memory follow the number of edges and not the square of the number of hits.

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
    position = hits.position.double()
    cut = torch.full_like(position[:, 2], calorimeter_cut)
    cut[hits.layer < 3] = tracker_cut
    downstream, upstream = _pairs_within_window(position, layer=hits.layer, slope=cut.tan())
    keep = beam_angle(position[downstream] - position[upstream]) < cut[downstream]
    downstream, upstream = downstream[keep], upstream[keep]
    order = torch.argsort(downstream * len(hits) + upstream)
    return HitGraph(hits=hits, edge_index=torch.stack([downstream[order], upstream[order]]))


def beam_angle(direction: Tensor) -> Tensor:
    """Angle with the beam axis in rad, (N,), of directions (N, 3); 0 if the length is 0."""
    return torch.atan2(direction[:, :2].norm(dim=1), direction[:, 2])


def _pairs_within_window(
    position: Tensor, *, layer: Tensor, slope: Tensor
) -> tuple[Tensor, Tensor]:
    """Pairs of hits in neighbouring layers whose distance in x is at most slope times gap."""
    empty = layer.new_empty(0)
    if len(layer) == 0:
        return empty, empty
    n_layers = int(layer[-1]) + 2
    x, z = position[:, 0], position[:, 2]
    # The last entry stays empty: it is the layer before layer 0. An empty layer gives reach 0.
    lowest_z = z.new_full((n_layers,), math.inf).scatter_reduce(0, layer, z, "amin")
    reach = slope * (z - lowest_z[layer - 1]).clamp(min=0) * (1 + 1e-9)

    # One sorted key for all layers: the layers follow each other with space for a window between.
    stride = (x.max() - x.min()) + 2 * reach.max() + 1
    key = layer * stride + (x - x.min())
    sorted_key, order = key.sort()
    start = torch.searchsorted(sorted_key, key - stride - reach)
    stop = torch.searchsorted(sorted_key, key - stride + reach, right=True)
    downstream, place = expand_ranges(start, stop - start)
    return downstream, order[place]
