"""Graphs, scores and assignments: order, shapes, costs and the way to torch_geometric."""

import math
from collections.abc import Callable

import pytest
import torch

from trackscape.data import EdgeScores, HitGraph, Hits, LineGraph
from trackscape.errors import DataError


def make_graph(*layers: int) -> HitGraph:
    """Hits in the given layers, each joined with all hits of the layer before."""
    n = len(layers)
    hits = Hits(
        position=torch.arange(3.0 * n).view(n, 3) ** 2,
        energy=torch.ones(n),
        layer=torch.tensor(layers, dtype=torch.int64),
    )
    edges = [(a, b) for a in range(n) for b in range(n) if layers[a] == layers[b] + 1]
    return HitGraph(hits=hits, edge_index=torch.tensor(edges, dtype=torch.int64).view(-1, 2).T)


def make_scores(*logits: float, dtype: torch.dtype = torch.float32) -> EdgeScores:
    graph = make_graph(*range(len(logits) + 1))
    return EdgeScores(graph=graph, logit=torch.tensor(logits, dtype=dtype))


def test_unordered_hits_are_refused_by_name():
    with pytest.raises(DataError, match=r"hit 2 \(layer 0\) follows hit 1 \(layer 1\)"):
        make_graph(0, 1, 0, 2)


@pytest.mark.parametrize("layers", [(), (4,), (4, 4), (0, 2, 2, 9)])
def test_ordered_hits_are_accepted(layers: tuple[int, ...]):
    assert make_graph(*layers).n_edges == 0


def test_a_direction_points_downstream():
    graph = make_graph(3, 4)
    assert graph.edge_index.tolist() == [[1], [0]]
    assert graph.direction.tolist() == [[9.0 - 0, 16.0 - 1, 25.0 - 4]]


def test_tracker_edges_have_a_hit_in_the_first_three_layers():
    graph = make_graph(0, 1, 2, 3, 4)
    touching = [min(graph.hits.layer[edge].tolist()) < 3 for edge in graph.edge_index.T]
    assert graph.touches_tracker.tolist() == touching == [True, True, True, False]


def test_moving_a_line_graph_moves_all_that_it_holds():
    lines = LineGraph(
        hit_graph=make_graph(0, 1, 2), pairs=torch.tensor([[1], [0]]), angle=torch.zeros(1)
    )
    moved = lines.to(torch.float64)
    assert isinstance(moved, LineGraph)
    assert moved.angle.dtype == moved.hit_graph.hits.position.dtype == torch.float64
    assert moved.pairs.dtype == moved.hit_graph.edge_index.dtype == torch.int64


def test_the_number_of_logits_is_checked():
    with pytest.raises(DataError, match=r"each of 2 edges, got shape \(3,\)"):
        EdgeScores(graph=make_graph(0, 1, 2), logit=torch.zeros(3))
    with pytest.raises(DataError, match=r"got shape \(2, 1\)"):
        EdgeScores(graph=make_graph(0, 1, 2), logit=torch.zeros(2, 1))


def test_cost_and_probability_add_up_to_one():
    scores = make_scores(-30.0, -3.0, 0.0, 0.7, 12.0, dtype=torch.float64)
    assert torch.allclose(scores.cost, 1 - scores.probability, rtol=0, atol=1e-15)
    assert scores.probability[2] == 0.5


@pytest.mark.parametrize("logit", [17.0, 25.0, 40.0, 80.0])
def test_a_confident_edge_keeps_a_cost_in_single_precision(logit: float):
    more, less = make_scores(logit, logit - 0.5).cost.tolist()
    assert more == pytest.approx(1 / (1 + math.exp(logit)), rel=1e-5)
    assert 0 < more < less


def test_torch_geometric_gets_every_field(straight_tracks: Callable[..., Hits]):
    hits = straight_tracks(2, n_layers=3)
    edge_index = torch.tensor([[2, 2, 3], [0, 1, 1]])
    data = HitGraph(hits=hits, edge_index=edge_index).to_pyg()
    assert data.num_nodes == 6
    assert data.num_edges == 3
    assert torch.equal(data.pos, hits.position)
    assert torch.equal(data.edep, hits.energy)
    assert torch.equal(data.layer, hits.layer)
    assert torch.equal(data.edge_index, edge_index)
    assert torch.equal(data.event, hits.known_truth.event)
    assert torch.equal(data.primary, hits.known_truth.primary)
    assert data.y.tolist() == [1, 0, 1]  # hits 0, 2 are of event 0, hits 1, 3 of event 1


def test_torch_geometric_gets_no_truth_that_is_not_there():
    assert sorted(make_graph(0, 1).to_pyg().keys()) == ["edep", "edge_index", "layer", "pos"]
