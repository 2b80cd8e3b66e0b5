"""Layers of a frame, and links turned into tracks."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.data import Hits
from trackscape.errors import DataError
from trackscape.tracking.baselines.layers import by_layer, follow_links, opening_angle


def at(*places: tuple[int, float]) -> Hits:
    """Hits in layers, with z."""
    layer = torch.tensor([layer for layer, _ in places], dtype=torch.int64)
    position = torch.zeros(len(places), 3)
    position[:, 2] = torch.tensor([z for _, z in places])
    return Hits(position=position, energy=torch.ones(len(places)), layer=layer)


def test_empty_layers_lie_between_their_neighbours():
    layers = by_layer(at((1, 10.0), (1, 12.0), (4, 41.0)))
    assert layers.border.tolist() == [0, 0, 2, 2, 2, 3]
    assert layers.depth.tolist() == [11.0, 11.0, 21.0, 31.0, 41.0]
    assert by_layer(at()).border.tolist() == [0]
    assert len(by_layer(at()).depth) == 0


def test_links_over_a_hole_make_one_track():
    tracks = follow_links(at((0, 0.0), (0, 0.0), (1, 1.0), (3, 3.0)), np.array([-1, -1, 1, 0]))
    assert [track.tolist() for track in tracks] == [[0, 3], [1, 2]]


def test_two_hits_behind_one_are_refused():
    with pytest.raises(DataError, match="at most one on each side"):
        follow_links(at((0, 0.0), (1, 1.0), (1, 1.0)), np.array([-1, 0, 0]))


@given(angle=st.floats(1e-8, math.pi - 1e-8), length=st.floats(0.1, 100))
def test_angles(angle: float, length: float):
    turned = (length * math.sin(angle), 0.0, length * math.cos(angle))
    assert opening_angle((0.0, 0.0, 2.0), turned) == pytest.approx(angle, rel=1e-9)
