"""Candidate segments against all pairs of hits, and the symmetries of the cuts."""

import dataclasses
import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape import samples
from trackscape.data import Hits
from trackscape.errors import DataError
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, split_frames
from trackscape.graph_construction.connect import beam_angle

SEED = st.integers(0, 2**31)
# A coarse grid gives identical points and points on one line, floats give everything else.
SIDE = st.integers(-2, 2).map(float) | st.floats(-30, 30, width=32)
FLAT, ROUGH = st.floats(0, 0.0625, width=32), st.floats(-20, 20, width=32)
POINT = st.tuples(st.integers(0, 6), SIDE, SIDE, FLAT)
# Layers that reach into each other, so that some segments point upstream.
WILD_POINT = st.tuples(st.integers(0, 6), SIDE, SIDE, FLAT | ROUGH)
ANY_CUT = st.floats(0, math.pi / 2, exclude_min=True, exclude_max=True)
STEEP = st.floats(0, 1e-6, exclude_min=True).map(lambda rest: math.pi / 2 - max(rest, 2.3e-16))


def make_hits(points: list[tuple[int, float, float, float]]) -> Hits:
    """Points (layer, x, y, z within the layer); layers are 5.5 mm apart."""
    position = [[x, y, 5.5 * layer + z] for layer, x, y, z in points]
    return Hits(
        position=torch.tensor(position).float().view(-1, 3),
        energy=torch.arange(len(points)).float(),
        layer=torch.tensor([point[0] for point in points], dtype=torch.int64),
    )


def all_pairs(hits: Hits, *, calorimeter_cut: float, tracker_cut: float) -> list[list[int]]:
    """Edges (downstream, upstream) by two nested loops."""
    position, layer = hits.position.double().tolist(), hits.layer.tolist()
    edges: list[list[int]] = []
    for down in range(len(hits)):
        for up in range(len(hits)):
            dx, dy, dz = (a - b for a, b in zip(position[down], position[up], strict=True))
            cut = tracker_cut if layer[up] < hits.n_trackers else calorimeter_cut
            if layer[down] == layer[up] + 1 and math.atan2(math.hypot(dx, dy), dz) < cut:
                edges.append([down, up])
    return edges


def edge_set(hits: Hits, *, name: torch.Tensor) -> set[tuple[int, int]]:
    """Edges as pairs of the names of their hits; the energy of a hit is its number in `name`."""
    graph = connect_layers(hits)
    number = name[graph.hits.energy.long()][graph.edge_index]
    return {(a, b) for a, b in number.T.tolist()}


@given(
    points=st.lists(POINT, max_size=24),
    cuts=st.tuples(st.floats(0.01, 1.5), st.floats(0.01, 1.5)) | st.just((0.4, 0.2)),
    n_trackers=st.integers(0, 3),
)
def test_edges_are_those_of_all_pairs(
    points: list[tuple[int, float, float, float]], cuts: tuple[float, float], n_trackers: int
):
    calorimeter_cut, tracker_cut = cuts
    hits = dataclasses.replace(make_hits(points), n_trackers=n_trackers)
    graph = connect_layers(hits, calorimeter_cut=calorimeter_cut, tracker_cut=tracker_cut)
    expected = all_pairs(graph.hits, calorimeter_cut=calorimeter_cut, tracker_cut=tracker_cut)
    assert graph.edge_index.T.tolist() == expected  # the order is part of the promise


@given(
    points=st.lists(WILD_POINT, max_size=16),
    scale=st.sampled_from([1.0, 1e3, 1e7]),
    cut=ANY_CUT | STEEP,
)
def test_edges_are_those_of_all_pairs_wherever_the_hits_lie(
    points: list[tuple[int, float, float, float]], scale: float, cut: float
):
    far = [(layer, scale * x, scale * y, z) for layer, x, y, z in points]
    for hits in (make_hits(far), make_hits([(layer, y, z, x) for layer, x, y, z in far])):
        graph = connect_layers(hits, calorimeter_cut=cut, tracker_cut=cut)
        expected = all_pairs(graph.hits, calorimeter_cut=cut, tracker_cut=cut)
        assert graph.edge_index.T.tolist() == expected


def test_edges_of_real_frames_are_those_of_all_pairs():
    for hits in split_frames(read_hits(samples.VALIDATION), per_frame=150)[:2]:
        position, layer = hits.position.double(), hits.layer
        expected: list[torch.Tensor] = []
        for number in range(1, int(layer[-1]) + 1):
            down, up = ((layer == number - k).nonzero()[:, 0] for k in (0, 1))
            dx, dy, dz = (position[down, None] - position[up]).unbind(dim=2)
            cut = 0.2 if number < 3 else 0.4
            row, column = (torch.atan2(torch.hypot(dx, dy), dz) < cut).nonzero(as_tuple=True)
            expected.append(torch.stack([down[row], up[column]]))
        graph = connect_layers(hits)
        assert graph.n_edges > 10_000
        assert torch.equal(graph.edge_index, torch.cat(expected, dim=1))


def test_a_wide_frame_costs_no_square():
    # All pairs would be 10¹⁰ and take minutes.
    x = 10.0 * torch.arange(100_000).repeat(2)
    layer = torch.tensor([5, 6]).repeat_interleave(100_000)
    position = torch.stack([x, torch.zeros_like(x), 5.5 * layer], dim=1)
    graph = connect_layers(Hits(position=position, energy=torch.ones(len(x)), layer=layer))
    downstream, upstream = graph.edge_index
    assert torch.equal(downstream, torch.arange(100_000, 200_000))
    assert torch.equal(upstream, torch.arange(100_000))


@pytest.mark.parametrize("width", [1.0, 60.0, 400.0])
def test_edges_of_a_crowded_frame_are_those_of_all_pairs(
    random_hits: Callable[..., Hits], width: float
):
    graph = connect_layers(random_hits(1, n_hits=150, n_layers=9, width=width))
    expected = all_pairs(graph.hits, calorimeter_cut=0.4, tracker_cut=0.2)
    assert graph.edge_index.T.tolist() == expected


@given(seed=SEED, n_hits=st.integers(0, 40))
def test_the_order_of_the_hits_does_not_matter(
    random_hits: Callable[..., Hits], seed: int, n_hits: int
):
    hits = random_hits(seed, n_hits=n_hits)
    number = torch.arange(n_hits)
    named = Hits(position=hits.position, energy=number.float(), layer=hits.layer)
    order = torch.randperm(n_hits, generator=torch.Generator().manual_seed(seed))
    assert edge_set(named, name=number) == edge_set(named.select(order), name=number)


@given(seed=SEED, angle=st.floats(-math.pi, math.pi), shift=st.floats(-100, 100))
def test_a_rotation_about_the_beam_and_a_shift_keep_the_edges(
    random_hits: Callable[..., Hits], seed: int, angle: float, shift: float
):
    # A random segment on the cut to within the rounding of float64 would be a miracle.
    hits = random_hits(seed, n_hits=40).to(torch.float64)
    number = torch.arange(40)
    x, y, z = hits.position.unbind(dim=1)
    turned = torch.stack(
        [
            math.cos(angle) * x - math.sin(angle) * y + shift,
            math.sin(angle) * x + math.cos(angle) * y - shift,
            z + shift,
        ],
        dim=1,
    )
    before = Hits(position=hits.position, energy=number.double(), layer=hits.layer)
    after = Hits(position=turned, energy=number.double(), layer=hits.layer)
    assert edge_set(before, name=number) == edge_set(after, name=number)


@pytest.mark.parametrize(("layer", "cut"), [(1, 0.2), (2, 0.2), (3, 0.4), (30, 0.4)])
@pytest.mark.parametrize(("factor", "kept"), [(1 - 5e-9, 1), (1 + 5e-9, 0)])
def test_the_cut_depends_on_the_downstream_layer(layer: int, cut: float, factor: float, kept: int):
    x = 10 * math.tan(factor * cut)
    hits = Hits(
        position=torch.tensor([[0, 0, 0], [0.6 * x, 0.8 * x, 10]], dtype=torch.float64),
        energy=torch.ones(2),
        layer=torch.tensor([layer - 1, layer]),
    )
    assert connect_layers(hits).n_edges == kept


@given(x=st.floats(0.01, 100), z=st.floats(0.01, 100), mirror=st.sampled_from([-1, 1]))
def test_an_edge_at_the_angle_of_the_cut_is_removed(x: float, z: float, mirror: int):
    hits = Hits(
        position=torch.tensor([[0, 0, 0], [mirror * x, 0, z]], dtype=torch.float64),
        energy=torch.ones(2),
        layer=torch.tensor([7, 8]),
    )
    angle = math.atan2(x, z)
    assert connect_layers(hits, calorimeter_cut=angle).n_edges == 0
    assert connect_layers(hits, calorimeter_cut=math.nextafter(angle, 2)).n_edges == 1


@pytest.mark.parametrize("points", [[], [(3, 0.0, 0.0, 0.0)], [(3, 1.0, 0.0, 0.0)] * 2])
def test_hits_of_one_layer_have_no_edges(points: list[tuple[int, float, float, float]]):
    graph = connect_layers(make_hits(points))
    assert len(graph.hits) == len(points)
    assert graph.edge_index.shape == (2, 0)
    assert graph.edge_index.dtype == torch.int64


def test_hits_at_one_point_in_two_layers_are_joined():
    point = torch.tensor([[7.3, -2.1, 340.0]]).expand(4, 3)
    layer = torch.tensor([8, 8, 9, 9])
    graph = connect_layers(Hits(position=point, energy=torch.ones(4), layer=layer))
    assert graph.edge_index.T.tolist() == [[2, 0], [2, 1], [3, 0], [3, 1]]


def test_an_empty_layer_in_between_is_not_jumped():
    assert connect_layers(make_hits([(3, 0.0, 0.0, 0.0), (5, 0.0, 0.0, 0.0)])).n_edges == 0


def test_hits_in_order_are_not_copied(straight_tracks: Callable[..., Hits]):
    hits = straight_tracks(3)
    assert connect_layers(hits).hits is hits


def test_edges_have_no_gradient(random_hits: Callable[..., Hits]):
    hits = random_hits(3, n_hits=30, width=5.0)
    expected = connect_layers(hits).edge_index
    hits.position.requires_grad_()
    graph = connect_layers(hits)
    assert torch.equal(graph.edge_index, expected)
    assert graph.hits.position.requires_grad


def test_straight_tracks_keep_all_their_segments(straight_tracks: Callable[..., Hits]):
    graph = connect_layers(straight_tracks(6, n_layers=9, spacing=40.0))
    downstream, upstream = graph.edge_index
    assert torch.equal(downstream, upstream + 6)  # hits are ordered by layer, then track
    assert graph.n_edges == 6 * 8


@pytest.mark.parametrize("cut", [0.0, -0.1, math.pi / 2, 3.0, math.nan, math.inf])
@pytest.mark.parametrize("name", ["calorimeter_cut", "tracker_cut"])
def test_impossible_cuts_are_refused(name: str, cut: float):
    with pytest.raises(DataError, match="between 0 and pi/2"):
        connect_layers(make_hits([]), **{name: cut})


def test_the_beam_angle_of_known_directions():
    direction = torch.tensor([[0, 0, 1], [3, 4, 5], [1, 0, 0], [0, 0, -2], [0, 0, 0]]).double()
    angle = [0, math.pi / 4, math.pi / 2, math.pi, 0]
    assert beam_angle(direction).tolist() == pytest.approx(angle, abs=1e-15)
