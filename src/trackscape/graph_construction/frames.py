"""Hits of a file -> readout frames, each with the protons that arrive within one readout."""

import dataclasses

import torch

from trackscape.data import Hits
from trackscape.errors import DataError
from trackscape.graph_construction.deposits import cluster_size, merge_deposits, spot_number

SMALLEST_CLUSTER = 2
"""Hits with fewer pixels are dropped: noise and electrons."""


def split_frames(hits: Hits, *, per_frame: int) -> list[Hits]:
    """Splits a file into readout frames of `per_frame` protons, cleaned by `clean_frame`.

    A frame holds consecutive events **that left at least one row** in the file, of one beam spot.
    The last events of a spot, too few for a frame, are left out, as in the published code. Rows of
    noise (a negative event, track or parent) are nobody's: those of an event are in its frame, each
    as an event of its own with a negative number; those of no event are left out.

    Arguments:
        hits: Rows of a file, with truth.
        per_frame: Number of primary protons in a frame (p+/F).

    Returns:
        The frames in the order of spot and event; hits are ordered by layer.

    Raises:
        DataError: If no spot has `per_frame` events.
    """
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


def _set_noise_apart(hits: Hits) -> Hits:
    truth = hits.known_truth
    noise = (truth.track < 0) | (truth.parent < 0)
    if not bool(noise.any()):
        return hits
    event = truth.event.where(~noise, -noise.long().cumsum(0))
    return dataclasses.replace(hits, truth=dataclasses.replace(truth, event=event))


def clean_frame(frame: Hits, *, drop_last_connected: bool = False) -> Hits:
    """Drops clusters of less than two pixels and everything behind an empty layer.

    Arguments:
        frame: Hits of one frame.
        drop_last_connected: The published code mixes up an index with a layer number and loses the
            last layer before the gap as well; this does the same.

    Returns:
        The remaining hits, ordered by layer.
    """
    frame = frame.select(cluster_size(frame.energy) >= SMALLEST_CLUSTER).sorted_by_layer()
    gaps = (frame.layer.diff() > 1).nonzero()
    if len(gaps) == 0:
        return frame
    last = frame.layer[int(gaps[0])]
    return frame.select(frame.layer < last if drop_last_connected else frame.layer <= last)
