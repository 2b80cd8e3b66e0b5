"""What all nouns can do."""

import torch

from trackscape.data import Hits, Tracks, Truth


def test_a_frame_is_printed_in_one_short_line():
    number = torch.arange(1000)
    truth = Truth(event=number, track=number, parent=number)
    hits = Hits(position=torch.zeros(1000, 3), energy=torch.ones(1000), layer=number, truth=truth)
    tracks = Tracks(hits=hits, index=number, offset=torch.tensor([0, 1000]))
    for noun in (truth, hits, tracks):
        assert len(repr(noun).splitlines()) == 1
        assert len(repr(noun)) < 300
    assert repr(hits).startswith(
        "Hits(position=float32[1000, 3], energy=float32[1000], layer=int64"
    )
    assert "spot=None" in repr(hits)
