"""Tracks of the path for tracking against those of the plain path, which keeps all pairs."""

import pytest
import torch

from trackscape.data import Hits, Tracks
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.samples import VALIDATION
from trackscape.tracking import NetworkTracker, load_tracker
from trackscape.tracking.follow import in_canonical_order


def all_pairs(tracker: NetworkTracker, hits: Hits) -> Tracks:
    with torch.no_grad():
        return in_canonical_order(lambda h: tracker.chains(tracker.scorer.score(h)), hits)


@pytest.mark.parametrize("per_frame", [25, 50, 100])
def test_tracks_of_the_sample_are_those_of_all_pairs(per_frame: int) -> None:
    tracker = load_tracker()
    assert isinstance(tracker, NetworkTracker)
    for hits in split_frames(read_hits(VALIDATION), per_frame=per_frame)[:3]:
        fast, plain = tracker(hits), all_pairs(tracker, hits)
        assert torch.equal(fast.index, plain.index)
        assert torch.equal(fast.offset, plain.offset)
