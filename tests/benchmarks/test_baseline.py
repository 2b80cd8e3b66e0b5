"""The baseline of the benchmarks does the same work as the library: equal results, real frames."""

import pytest
import torch

from benchmarks import baseline
from trackscape import samples
from trackscape.assignment import (
    Assigner,
    blackbox_assignment,
    by_region,
    cross_entropy_loss,
    hamming_loss,
)
from trackscape.data import HitGraph, Hits
from trackscape.evaluation import count_frame
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, line_graph, split_frames
from trackscape.graph_construction.labels import edge_labels
from trackscape.scoring import Scorer, load_method
from trackscape.tracking import accept, assign_hits, follow, reconstruct

PER_FRAME = 50


@pytest.fixture(scope="module", params=range(2))
def hits(request: pytest.FixtureRequest) -> Hits:
    return split_frames(read_hits(samples.VALIDATION), per_frame=PER_FRAME)[request.param]


@pytest.fixture(scope="module")
def graph(hits: Hits) -> HitGraph:
    return connect_layers(hits)


@pytest.fixture
def scorer() -> Scorer:
    return load_method("line-graph-ptt")


@pytest.fixture
def network(scorer: Scorer) -> baseline.PlainNetwork:
    network = baseline.PlainNetwork()
    network.load_state_dict(scorer.state_dict())
    return network.eval()


def test_graphs_are_the_same(hits, graph):
    assert torch.equal(baseline.connect(hits).edge_index, graph.edge_index)
    assert torch.equal(baseline.label_edges(graph), edge_labels(graph))
    pairs = line_graph(graph).pairs
    both_ways = torch.cat([pairs, pairs.flip(0)], dim=1)
    order = torch.argsort(both_ways[0] * graph.n_edges + both_ways[1])
    assert torch.equal(baseline.make_line_graph(graph).edge_index, both_ways[:, order])


@torch.no_grad()
def test_logits_are_the_same(graph, scorer, network):
    logit = network(baseline.make_line_graph(graph))
    torch.testing.assert_close(logit, scorer(scorer.prepare(graph)).logit, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_assignments_cost_the_same(graph, scorer):
    scores = scorer(scorer.prepare(graph))
    selected = baseline.assign(scores.cost, graph)
    expected = Assigner()(scores).selected
    assert int(selected.sum()) == int(expected.sum())
    torch.testing.assert_close(
        scores.cost[selected].sum(), scores.cost[expected].sum(), rtol=0, atol=1e-9
    )


def test_tracks_and_metrics_are_the_same(hits, scorer, network):
    assigner = Assigner()
    tracks = reconstruct(hits, scorer=scorer, assigner=assigner)
    found = baseline.reconstruct(hits, network)
    assert sorted(found) == sorted(tracks[n].tolist() for n in range(len(tracks)))
    assignment = assign_hits(hits, scorer=scorer, assigner=assigner)
    counts = count_frame(accept(follow(assignment)), assignment)
    expected = (counts.correct_tracks, counts.primary_tracks, counts.primary_events)
    assert baseline.count_tracks(assignment.graph.hits, found) == expected


def test_gradients_of_the_cross_entropy_are_the_same(hits, scorer, network):
    hits, scorer, network = hits.to(torch.float64), scorer.double(), network.double()
    graph = connect_layers(hits)
    scores = scorer.train()(scorer.prepare(graph))
    loss = by_region(cross_entropy_loss, scores.logit, edge_labels(graph), graph=graph)
    loss.backward()
    torch.testing.assert_close(
        baseline.predict_then_track(hits, network.train()), loss, rtol=1e-6, atol=0
    )
    for name, parameter in network.named_parameters():
        expected = scorer.get_parameter(name).grad
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-5, atol=1e-8)


def test_gradients_through_the_assignment_are_the_same(graph, scorer):
    label = edge_labels(graph)
    with torch.no_grad():
        scores = scorer(scorer.prepare(graph))
    logit = scores.logit.requires_grad_()
    chosen = blackbox_assignment(
        scores, assigner=Assigner(), strength=baseline.STRENGTH, convention="published"
    )
    by_region(hamming_loss, chosen, label, graph=graph).backward()
    expected, logit.grad = logit.grad, None
    baseline.track_loss(logit, graph, label)
    torch.testing.assert_close(logit.grad, expected)
