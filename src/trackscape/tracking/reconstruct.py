"""Hits -> Tracks: the whole reconstruction of a frame as one readable function."""

import torch

from trackscape.assignment import Assigner
from trackscape.data import Assignment, Hits, Tracks
from trackscape.scoring import Scorer
from trackscape.tracking.filters import MINIMUM_LAST_ENERGY, accept
from trackscape.tracking.follow import follow, in_canonical_order


def reconstruct(
    hits: Hits,
    *,
    scorer: Scorer,
    assigner: Assigner,
    min_last_deposit: float = MINIMUM_LAST_ENERGY,
) -> Tracks:
    """Returns the accepted tracks of one frame.

    Arguments:
        hits: Hits of one readout frame (see `trackscape.graph_construction.split_frames`).
        scorer: A trained network in evaluation mode.
        assigner: Decides which segments are taken.
        min_last_deposit: In MeV; see `accept`.
    """

    def find(ordered: Hits) -> Tracks:
        return follow(assign_hits(ordered, scorer=scorer, assigner=assigner))

    return accept(in_canonical_order(find, hits), min_last_deposit=min_last_deposit)


@torch.no_grad()
def assign_hits(hits: Hits, *, scorer: Scorer, assigner: Assigner) -> Assignment:
    """Returns the chosen segments of one frame, before they are chained and filtered."""
    return assigner(scorer.score(hits))
