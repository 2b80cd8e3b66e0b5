"""Hits of a file -> readout frames: rows merged to hits, the protons of one readout together."""

import dataclasses
import math

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from trackscape.data import Hits
from trackscape.errors import DataError
from trackscape.units import keV, um

EPITAXIAL_THICKNESS = 25 * um
"""Thickness of the sensitive silicon of the detector that the published data describe."""
SIZE_FACTOR, SIZE_EXPONENT = 4.2267, 0.65
"""Of the law of `cluster_size`."""
SMALLEST_CLUSTER = 2
"""Hits with fewer pixels are dropped: noise and electrons."""


def split_frames(hits: Hits, *, per_frame: int | None = None) -> list[Hits]:
    """Splits a file into readout frames, cleaned by `clean_frame`.

    Without `per_frame` they are those of `Hits.frame`, of measured hits or others, in the order of
    their numbers. Else a frame holds `per_frame` consecutive events **that left at least one row**
    in the file, of one beam spot. The last events of a spot, too few for a frame, are left out,
    as in the published code. Rows of noise (a negative event, track or parent) are nobody's: those
    of an event are in its frame, each as an event of its own with a negative number; those of no
    event are left out.

    Raises:
        DataError: If no spot has `per_frame` events, or if frames are to be numbered and are not.
    """
    if per_frame is None:
        return _split_by_number(hits)
    if per_frame < 1:
        raise DataError(f"Expected at least 1 proton in a frame, got {per_frame}.")
    hits = hits.select(hits.known_truth.event >= 0)
    if len(hits) == 0:
        raise DataError("Expected hits to make frames of, got none.")
    merged = merge_deposits(hits)
    spot, event = spot_number(merged), merged.known_truth.event
    new = torch.ones_like(event, dtype=torch.bool)
    new[1:] = (spot.diff() != 0) | (event.diff() != 0)

    events_of_spot = torch.bincount(spot[new])
    if int(events_of_spot.max()) < per_frame:
        raise DataError(
            f"Expected at least {per_frame} protons with a hit for one frame, but the largest "
            f"spot has {int(events_of_spot.max())}. Use a smaller number of protons per frame."
        )
    frames_of_spot = events_of_spot // per_frame
    rank = (new.long().cumsum(0) - 1) - (events_of_spot.cumsum(0) - events_of_spot)[spot]
    number = rank // per_frame + (frames_of_spot.cumsum(0) - frames_of_spot)[spot]
    complete = rank < (frames_of_spot * per_frame)[spot]
    sizes = torch.bincount(number[complete]).tolist()
    merged = _set_noise_apart(merged)
    return [clean_frame(merged.select(part)) for part in complete.nonzero()[:, 0].split(sizes)]


def _split_by_number(hits: Hits) -> list[Hits]:
    if hits.frame is None:
        raise DataError(
            "Expected hits with the number of their readout frame (frameID), but they have none; "
            "say how many simulated protons make a frame."
        )
    order = torch.argsort(hits.frame, stable=True)
    sizes = hits.frame.unique(return_counts=True)[1].tolist()
    return [make_frame(hits.select(rows)) for rows in order.split(sizes)]


def make_frame(hits: Hits) -> Hits:
    """Cleans the hits of one readout frame; deposits of a particle are merged if it is known."""
    if hits.truth is not None:
        hits = _set_noise_apart(merge_deposits(hits))
    return clean_frame(hits)


def _set_noise_apart(hits: Hits) -> Hits:
    truth = hits.known_truth
    noise = (truth.track < 0) | (truth.parent < 0)
    event = truth.event.where(~noise, -noise.long().cumsum(0))
    return dataclasses.replace(hits, truth=dataclasses.replace(truth, event=event))


def clean_frame(frame: Hits, *, drop_last_connected: bool = False) -> Hits:
    """Drops clusters of less than two pixels and everything behind an empty layer.

    Hits are returned in the order of layers. `drop_last_connected` loses the last layer before the
    gap as well, as the published code does, which mixes up an index with a layer number.
    """
    kept = (cluster_size(frame.energy) >= SMALLEST_CLUSTER).nonzero()[:, 0]
    kept = kept[torch.argsort(frame.layer[kept], stable=True)]
    layer = frame.layer[kept]
    gaps = (layer.diff() > 1).nonzero()
    if len(gaps) > 0:
        last = layer[int(gaps[0])]
        kept = kept[layer < last if drop_last_connected else layer <= last]
    return frame.select(kept)


def cluster_size(
    energy: Float[Tensor, "*shape"], *, thickness: float = EPITAXIAL_THICKNESS
) -> Int64[Tensor, "*shape"]:
    r"""Number of pixels that fire for a deposit in MeV in a sensitive layer of a thickness in mm.

    .. math:: n = \lfloor 4.2267 \, (E / t)^{0.65} + 1/2 \rfloor

    with the deposit per thickness in keV/um.

    References:
        H. Pettersen, Digital Tracking Calorimeter Toolkit; used by Kortus et al. (2025).

    Example:
        >>> cluster_size(torch.tensor([0.0, 0.001, 0.025, 0.1]), thickness=25 * um).tolist()
        [0, 1, 4, 10]
    """
    return unrounded_cluster_size(energy, thickness=thickness).long()


def unrounded_cluster_size(
    energy: Float[Tensor, "*shape"], *, thickness: float = EPITAXIAL_THICKNESS
) -> Float64[Tensor, "*shape"]:
    """The number that `cluster_size` rounds down."""
    per_thickness = (energy.double() / keV) / (thickness / um)
    return SIZE_FACTOR * per_thickness**SIZE_EXPONENT + 0.5


def merge_deposits(hits: Hits) -> Hits:
    """Merges all rows of one particle in one layer: deposits are summed, positions averaged.

    One hit is returned for each (spot, event, track, layer), ordered by these four, with parent and
    particle code of its first row.
    """
    truth = hits.known_truth
    keys = torch.stack([spot_number(hits), truth.event, truth.track, hits.layer])
    order = _order(keys)
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
    return dataclasses.replace(
        first,
        position=(position / n_rows[:, None]).to(hits.position.dtype),
        energy=energy.to(hits.energy.dtype),
    )


def _order(keys: Int64[Tensor, "keys hits"]) -> Int64[Tensor, " hits"]:
    """Rows in the order of several keys, the first one before the others; ties as they were."""
    columns = keys.cpu().numpy()
    low = columns.min(axis=1, initial=0)
    size = columns.max(axis=1, initial=0) - low + 1
    if math.prod(size.tolist()) >= 2**63:
        return torch.from_numpy(np.lexsort(columns[::-1])).to(keys.device)
    # One number for all of them: simulated rows are nearly in order, which this sort is quick with.
    together = np.zeros_like(columns[0])
    for column, least, n_values in zip(columns, low, size, strict=True):
        together = together * n_values + (column - least)
    return torch.from_numpy(np.argsort(together, kind="stable")).to(keys.device)


def spot_number(hits: Hits) -> Int64[Tensor, " hits"]:
    """Number of the beam spot of each hit, in the order of (x, y); 0 without spots."""
    if hits.spot is None:
        return torch.zeros_like(hits.layer)
    return hits.spot.unique(dim=0, return_inverse=True)[1]
