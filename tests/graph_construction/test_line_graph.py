"""Pairs of segments against all pairs of edges, and angles to full precision."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.data import Hits
from trackscape.graph_construction import connect_layers, line_graph
from trackscape.graph_construction.line_graph import angle_between

NUMBER = st.floats(-100, 100)
VECTOR = st.tuples(NUMBER, NUMBER, NUMBER).filter(lambda v: math.hypot(*v) > 1e-3)


@given(seed=st.integers(0, 2**31), n_hits=st.integers(0, 40))
def test_pairs_are_those_of_all_edges(random_hits: Callable[..., Hits], seed: int, n_hits: int):
    lines = line_graph(connect_layers(random_hits(seed, n_hits=n_hits, width=8.0)))
    edges = lines.hit_graph.edge_index.T.tolist()
    expected = [
        [a, b]
        for a, (_, end) in enumerate(edges)
        for b, (start, _) in enumerate(edges)
        if end == start
    ]
    assert lines.pairs.T.tolist() == expected
    direction = lines.hit_graph.direction.double()
    first, second = direction[lines.pairs[0]], direction[lines.pairs[1]]
    cosine = torch.cosine_similarity(first, second).clamp(-1, 1)
    assert torch.allclose(lines.angle.cos().double(), cosine, rtol=0, atol=1e-6)


@given(first=VECTOR, second=VECTOR)
def test_the_angle_is_that_of_the_arc_cosine(
    first: tuple[float, float, float], second: tuple[float, float, float]
):
    dot = sum(a * b for a, b in zip(first, second, strict=True))
    cosine = max(-1.0, min(1.0, dot / math.hypot(*first) / math.hypot(*second)))
    u, v = torch.tensor([first, second], dtype=torch.float64).split(1)
    # The arc cosine itself is good to the root of the rounding error where it is steep.
    assert angle_between(u, v).item() == pytest.approx(math.acos(cosine), abs=1e-6)
    assert angle_between(v, u).item() == pytest.approx(angle_between(u, v).item(), abs=1e-15)


@pytest.mark.parametrize("angle", [1e-12, 1e-9, 1e-6, 1e-3, 1.0, 3.0])
def test_small_angles_keep_all_their_digits(angle: float):
    first = torch.tensor([[0.0, 0.0, 5.5]], dtype=torch.float64)
    second = torch.tensor([[math.sin(angle), 0.0, math.cos(angle)]], dtype=torch.float64)
    assert angle_between(first, 52.4 * second).item() == pytest.approx(angle, rel=1e-12)


def test_a_segment_without_length_makes_no_angle():
    zero, unit = torch.zeros(1, 3), torch.tensor([[0.0, 0.0, 1.0]])
    assert angle_between(zero, unit).item() == 0
    assert angle_between(zero, zero).item() == 0


def test_straight_tracks_have_no_angle(straight_tracks: Callable[..., Hits]):
    lines = line_graph(connect_layers(straight_tracks(4, n_layers=6, spacing=40.0)))
    assert lines.pairs.shape == (2, 4 * 4)
    assert lines.angle.dtype == torch.float32
    assert float(lines.angle.max()) < 1e-4  # positions of float32


@pytest.mark.parametrize("n_hits", [0, 1, 2])
def test_small_graphs_have_no_pairs(straight_tracks: Callable[..., Hits], n_hits: int):
    lines = line_graph(connect_layers(straight_tracks(1, n_layers=n_hits)))
    assert lines.pairs.shape == (2, 0)
    assert lines.angle.shape == (0,)
