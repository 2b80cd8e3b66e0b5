"""Hits -> Tracks: the whole reconstruction of a frame as one readable function."""

import torch

from trackscape.assignment import Assigner
from trackscape.data import Assignment, Hits, Tracks
from trackscape.scoring import Scorer
from trackscape.tracking.filters import accept
from trackscape.tracking.follow import follow


def reconstruct(hits: Hits, *, scorer: Scorer, assigner: Assigner) -> Tracks:
    """Returns the accepted tracks of one frame.

    Arguments:
        hits: Hits of one readout frame (see `trackscape.graph_construction.split_frames`).
        scorer: A trained network in evaluation mode.
        assigner: Decides which segments are taken.
    """
    return accept(follow(assign_hits(hits, scorer=scorer, assigner=assigner)))


@torch.no_grad()
def assign_hits(hits: Hits, *, scorer: Scorer, assigner: Assigner) -> Assignment:
    """Returns the chosen segments of one frame, before they are chained and filtered."""
    graph = scorer.connect(hits)
    scores = scorer(scorer.prepare(graph))
    return assigner(scores)
