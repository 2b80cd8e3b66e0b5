"""Rows of a file -> hits: one for each particle and layer, with its size in pixels."""

import torch
from torch import Tensor

from trackscape.data import Hits
from trackscape.units import keV, um

EPITAXIAL_THICKNESS = 25 * um
"""Thickness of the sensitive silicon of the detector that the published data describe."""


def cluster_size(energy: Tensor, *, thickness: float = EPITAXIAL_THICKNESS) -> Tensor:
    r"""Number of pixels that fire for a deposit in the sensitive layer.

    .. math:: n = \lfloor 4.2267 \, (E / t)^{0.65} + 1/2 \rfloor

    with the deposit per thickness in keV/um.

    References:
        H. Pettersen, Digital Tracking Calorimeter Toolkit; used by Kortus et al. (2025).

    Arguments:
        energy: Energy deposit in MeV, any shape.
        thickness: Thickness of the sensitive layer in mm.

    Returns:
        Cluster size in pixels, int64, of the same shape.

    Example:
        >>> cluster_size(torch.tensor([0.0, 0.001, 0.025, 0.1]), thickness=25 * um).tolist()
        [0, 1, 4, 10]
    """
    return unrounded_cluster_size(energy, thickness=thickness).long()


def unrounded_cluster_size(energy: Tensor, *, thickness: float = EPITAXIAL_THICKNESS) -> Tensor:
    """The number that `cluster_size` rounds down, float64, of the same shape."""
    per_thickness = (energy.double() / keV) / (thickness / um)
    return 4.2267 * per_thickness**0.65 + 0.5


def merge_deposits(hits: Hits) -> Hits:
    """Merges all rows of one particle in one layer: deposits are summed, positions averaged.

    Arguments:
        hits: Rows of a file, with truth, in any order.

    Returns:
        One hit for each (spot, event, track, layer), ordered by these four. Parent and particle
        code are those of its first row.
    """
    truth = hits.known_truth
    keys = torch.stack([spot_number(hits), truth.event, truth.track, hits.layer])
    order = torch.arange(len(hits), device=keys.device)
    for key in keys.flip(0):
        order = order[torch.argsort(key[order], stable=True)]
    keys = keys[:, order]
    new = torch.ones(keys.shape[1], dtype=torch.bool, device=keys.device)
    new[1:] = (keys.diff(dim=1) != 0).any(dim=0)
    group = new.long().cumsum(0) - 1

    ordered = hits.select(order)
    first = ordered.select(new)
    n_rows = torch.bincount(group, minlength=len(first))
    position = ordered.position.new_zeros((len(first), 3), dtype=torch.float64)
    energy = ordered.energy.new_zeros(len(first), dtype=torch.float64)
    position.index_add_(0, group, ordered.position.double())
    energy.index_add_(0, group, ordered.energy.double())
    return Hits(
        position=(position / n_rows[:, None]).to(hits.position.dtype),
        energy=energy.to(hits.energy.dtype),
        layer=first.layer,
        spot=first.spot,
        truth=first.truth,
    )


def spot_number(hits: Hits) -> Tensor:
    """Number of the beam spot of each hit, (H,) int64, in the order of (x, y); 0 without spots."""
    if hits.spot is None:
        return torch.zeros_like(hits.layer)
    return hits.spot.unique(dim=0, return_inverse=True)[1]
