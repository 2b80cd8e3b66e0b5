"""Frames that would take too much memory are refused by number, before it is taken."""

import sys

import pytest
import torch

from trackscape.data import Hits
from trackscape.errors import DataError
from trackscape.graph_construction import connect_layers, triplet_graph

connect = sys.modules["trackscape.graph_construction.connect"]
line_graph = sys.modules["trackscape.graph_construction.line_graph"]


def crowded(n: int) -> Hits:
    """As many hits at the same place in each of three layers: n² segments a gap, n³ pairs."""
    z = torch.tensor([0.0, 5.5, 11.0]).repeat_interleave(n)
    position = torch.stack([torch.zeros(3 * n), torch.zeros(3 * n), z], dim=1)
    layer = torch.tensor([4, 5, 6]).repeat_interleave(n)
    return Hits(position=position, energy=torch.ones(3 * n), layer=layer)


def test_pairs_of_hits_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "MOST_PAIRS_OF_HITS", 32)
    assert connect_layers(crowded(4)).n_edges == 32
    with pytest.raises(DataError, match=r"at most 32 pairs of hits .* got 50 of 15 hits"):
        connect_layers(crowded(5))


def test_pairs_of_segments_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_graph, "MOST_PAIRS", 64)
    assert len(triplet_graph(connect_layers(crowded(4))).upstream) == 64
    with pytest.raises(DataError, match=r"at most 64 pairs of segments .* got 125 of 15 hits"):
        triplet_graph(connect_layers(crowded(5)))


def test_ten_thousand_hits_at_one_place_are_refused() -> None:
    with pytest.raises(DataError, match="fewer protons"):
        connect_layers(crowded(10_000))
