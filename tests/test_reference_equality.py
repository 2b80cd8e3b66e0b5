"""The library against the literal implementation of the paper, on real Geant4 frames.

Graphs, features, networks, assignment, tracks and metrics agree to 1e-5 relative and mostly to
rounding, in float64; float32, in which everything normally runs, is held to looser bounds.
"""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from reference import (
    literal_assignment,
    literal_graph,
    literal_hits,
    literal_network,
    literal_tracks,
)
from torch import nn

from trackscape import samples
from trackscape.assignment import Assigner
from trackscape.data import Assignment, EdgeScores, Hits
from trackscape.evaluation import METRICS, count_frame
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, line_graph, split_frames
from trackscape.graph_construction.labels import edge_labels, graph_ceiling
from trackscape.scoring import HitGraphNetwork, LineGraphNetwork, Scorer
from trackscape.scoring.line_graph.network import (
    hit_features,
    segment_features,
    spherical_features,
)
from trackscape.tracking import accept, follow

PER_FRAME = 50
N_FRAMES = 3


@pytest.fixture(scope="module")
def frames() -> list[Hits]:
    return split_frames(read_hits(samples.VALIDATION), per_frame=PER_FRAME)[:N_FRAMES]


@pytest.fixture(scope="module")
def literal_frames() -> list[list[literal_hits.Hit]]:
    rows = np.load(samples.VALIDATION, allow_pickle=False)["arr_0"]
    rows = rows[rows["eventID"] < 2 * N_FRAMES * PER_FRAME]
    return literal_hits.make_frames(rows, PER_FRAME)[:N_FRAMES]


@pytest.fixture(params=range(N_FRAMES))
def pair(
    request: pytest.FixtureRequest, frames: list[Hits], literal_frames: list[list[literal_hits.Hit]]
) -> tuple[Hits, list[literal_hits.Hit]]:
    """The same frame, ours (in float64) and literally; hits in the same order."""
    return frames[request.param].to(torch.float64), literal_frames[request.param]


def load(network: Scorer, literal: literal_network.Network) -> Scorer:
    """Puts the weights of a literal network into ours, in float64."""
    network = network.double()
    for name, block in literal.items():
        layers = [layer for layer in getattr(network, name) if not isinstance(layer, nn.LeakyReLU)]
        values = [layer for layer in block if layer[0] != "leakyrelu"]
        assert len(layers) == len(values)
        for layer, (_, weight, bias, *statistics) in zip(layers, values, strict=True):
            layer.weight.data.copy_(torch.from_numpy(weight))
            layer.bias.data.copy_(torch.from_numpy(bias))
            if isinstance(layer, nn.BatchNorm1d):
                layer.running_mean.copy_(torch.from_numpy(statistics[0]))
                layer.running_var.copy_(torch.from_numpy(statistics[1]))
                assert layer.eps == statistics[2]
    return network


def close(actual: torch.Tensor, expected: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(actual.detach().numpy(), expected, rtol=1e-5, atol=1e-9)


def test_frames_hold_the_same_hits(pair):
    hits, literal = pair
    truth = hits.known_truth
    assert len(hits) == len(literal)
    assert truth.event.tolist() == [hit.event for hit in literal]
    assert truth.track.tolist() == [hit.track for hit in literal]
    assert truth.parent.tolist() == [hit.parent for hit in literal]
    assert hits.layer.tolist() == [hit.layer for hit in literal]
    # The file holds float32; so does a mean or sum of a few of them in our hits.
    np.testing.assert_allclose(hits.energy, [hit.edep for hit in literal], rtol=1e-6)
    np.testing.assert_allclose(
        hits.position, [(hit.x, hit.y, hit.z) for hit in literal], rtol=1e-6, atol=1e-5
    )


def test_graphs_have_the_same_edges_labels_and_ceiling(pair):
    hits, literal = pair
    graph = connect_layers(hits)
    edges = literal_graph.make_edges(literal)
    assert graph.edge_index.T.tolist() == [list(edge) for edge in sorted(edges)]
    assert edge_labels(graph).tolist() == literal_graph.label_edges(literal, sorted(edges))
    ceiling = literal_graph.ceiling(literal)
    found = graph_ceiling(graph)
    share = {
        "tracker": found.tracker_kept / found.tracker_true,
        "calorimeter": found.calorimeter_kept / found.calorimeter_true,
    }
    assert {region: ceiling[region] for region in share} == pytest.approx(share, rel=1e-12)


def test_line_graphs_have_the_same_pairs_angles_and_features(pair):
    hits, literal = pair
    lines = line_graph(connect_layers(hits))
    edges = sorted(literal_graph.make_edges(literal))
    pairs = sorted(literal_graph.make_pairs(edges))
    assert sorted(map(tuple, lines.pairs.T.tolist())) == pairs
    order = np.lexsort(lines.pairs.numpy()[::-1])
    close(lines.angle[order], np.array(literal_graph.pair_angles(literal, edges, pairs)))
    close(segment_features(lines.hit_graph), literal_graph.line_graph_features(literal, edges))
    close(hit_features(lines.hit_graph), literal_graph.hit_features(literal))
    close(
        spherical_features(lines.hit_graph),
        np.array(literal_graph.edge_features(literal, edges)),
    )


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_line_graph_networks_give_the_same_logits(pair, training):
    hits, literal = pair
    graph = connect_layers(hits)
    edges = [tuple(edge) for edge in graph.edge_index.T.tolist()]
    lines = line_graph(graph)
    pairs = [tuple(each) for each in lines.pairs.T.tolist()]
    weights = literal_network.random_network(
        literal_network.LINE_GRAPH_WIDTHS, np.random.default_rng(1)
    )
    expected = literal_network.score_line_graph(
        weights,
        literal_graph.line_graph_features(literal, edges),
        pairs,
        literal_graph.encode_angles(literal_graph.pair_angles(literal, edges, pairs)),
        training=training,
    )
    network = load(LineGraphNetwork(), weights).train(training)
    close(network(lines).logit, expected)


def test_float32_changes_logits_by_little(frames, literal_frames):
    weights = literal_network.random_network(
        literal_network.LINE_GRAPH_WIDTHS, np.random.default_rng(1)
    )
    network = load(LineGraphNetwork(), weights).eval()
    double = network(network.prepare(connect_layers(frames[0].to(torch.float64)))).logit
    single = network.float()(network.prepare(connect_layers(frames[0]))).logit
    scale = double.abs().mean()
    assert ((single - double).abs().max() / scale).item() < 1e-3


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_hit_graph_networks_give_the_same_logits(pair, training):
    hits, literal = pair
    graph = connect_layers(hits)
    edges = [tuple(edge) for edge in graph.edge_index.T.tolist()]
    weights = literal_network.random_network(
        literal_network.HIT_GRAPH_WIDTHS, np.random.default_rng(2)
    )
    expected = literal_network.score_hit_graph(
        weights,
        literal_graph.hit_features(literal),
        edges,
        np.array(literal_graph.edge_features(literal, edges)),
        training=training,
    )
    network = load(HitGraphNetwork(), weights).train(training)
    close(network(graph).logit, expected)


@pytest.fixture
def decided(pair, rng) -> tuple[Assignment, list[literal_hits.Hit], list[bool]]:
    """Both assignments for scores that are often right and never tied."""
    hits, literal = pair
    graph = connect_layers(hits)
    noise = torch.randn(graph.n_edges, generator=rng, dtype=torch.float64)
    scores = EdgeScores(graph=graph, logit=4 * edge_labels(graph) - 2 + 1.5 * noise)
    edges = [tuple(edge) for edge in graph.edge_index.T.tolist()]
    chosen = literal_assignment.assign_frame(literal, edges, scores.cost.tolist())
    return Assigner()(scores), literal, chosen


def test_assignments_choose_the_same_edges(decided):
    assignment, _, chosen = decided
    assert assignment.selected.tolist() == list(chosen)


def test_tracks_and_metrics_are_the_same(decided):
    assignment, literal, chosen = decided
    edges = [tuple(edge) for edge in assignment.graph.edge_index.T.tolist()]
    expected = literal_tracks.accept(
        literal, literal_tracks.chain(len(literal), edges, list(chosen))
    )
    tracks = accept(follow(assignment))
    assert sorted(tracks[n].tolist() for n in range(len(tracks))) == sorted(map(list, expected))
    metrics = literal_tracks.measure(literal, expected)
    counts = [count_frame(tracks, assignment)]
    assert 0 < metrics.purity < 1
    for name in ("purity", "efficiency"):
        assert METRICS[name](counts).value == pytest.approx(getattr(metrics, name), rel=1e-5)
    # The literal numerators count tracks; ours count each primary once.
    assert METRICS["reconstructable_efficiency"](counts).value <= metrics.reconstructable_efficiency
    assert METRICS["complete_efficiency"](counts).value <= metrics.complete_efficiency
    assert METRICS["strict_purity"](counts).value == pytest.approx(
        metrics.accepted_purity, rel=1e-5
    )
