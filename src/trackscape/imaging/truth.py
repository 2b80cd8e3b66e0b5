"""Hits with truth -> the tracks of all primaries, as a perfect reconstruction finds them."""

import numpy as np
import torch

from trackscape.data import Hits, Tracks
from trackscape.graph_construction import cluster_size, merge_deposits
from trackscape.graph_construction.frames import SMALLEST_CLUSTER
from trackscape.tracking import MINIMUM_LAST_ENERGY, accept


def true_tracks(hits: Hits, *, min_last_deposit: float = MINIMUM_LAST_ENERGY) -> Tracks:
    """Returns the accepted tracks of the primaries of a whole file, not cut into frames.

    Hits are merged and small clusters dropped as in frames.

    Arguments:
        hits: Rows of a file, with truth.
        min_last_deposit: In MeV; see `trackscape.tracking.accept`.

    Raises:
        DataError: The hits have no truth.
    """
    hits = hits.select(hits.known_truth.primary & (hits.known_truth.event >= 0))
    merged = merge_deposits(hits)
    merged = merged.select(cluster_size(merged.energy) >= SMALLEST_CLUSTER)
    event = merged.known_truth.event
    spot = merged.spot if merged.spot is not None else torch.zeros(len(event), 2)
    new = torch.ones(len(event), dtype=torch.bool)
    new[1:] = (event.diff() != 0) | (spot.diff(dim=0) != 0).any(dim=1)
    offset = torch.cat([new.nonzero()[:, 0], torch.tensor([len(event)])])
    tracks = Tracks(hits=merged, index=torch.arange(len(event)), offset=offset)
    return accept(tracks, min_last_deposit=min_last_deposit)


def flat(tracks: Tracks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns offsets, layers and deposits in MeV of the hits on tracks, as numpy arrays."""
    hits = tracks.hits
    return (
        tracks.offset.numpy(),
        hits.layer[tracks.index].numpy(),
        hits.energy[tracks.index].double().numpy(),
    )
