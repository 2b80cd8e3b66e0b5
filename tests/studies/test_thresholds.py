"""The tuned cost of a track's end against a search by hand."""

import pytest
import torch

from studies.thresholds import tune_reject
from trackscape.assignment import Assigner
from trackscape.data import EdgeScores
from trackscape.errors import AssignmentError
from trackscape.graph_construction import connect_layers


@pytest.fixture
def frames(straight_tracks):
    """Lone tracks whose true edges cost 0.2; half of the frames' edges are false and cost 0.6."""
    graphs = [connect_layers(straight_tracks(n, n_layers=8, spacing=100.0)) for n in (2, 3)]
    labels = [(torch.arange(graph.n_edges) % 2 == 0).float() for graph in graphs]
    scores = [
        EdgeScores(graph=graph, logit=-torch.logit(0.6 - 0.4 * label))
        for graph, label in zip(graphs, labels, strict=True)
    ]
    return scores, labels


def test_the_cost_lies_between_true_and_false_edges(frames):
    scores, labels = frames
    reject = tune_reject(scores, labels)
    assert 0.2 < reject <= 0.6
    for each, label in zip(scores, labels, strict=True):
        chosen = Assigner(semantics="with_unmatched", unmatched_cost=reject)(each).selected
        assert torch.equal(chosen, label > 0)


def test_it_is_the_best_f1_of_all_edges(random_hits):
    graph = connect_layers(random_hits(7, n_hits=60, width=8.0))
    generator = torch.Generator().manual_seed(3)
    label = (torch.rand(graph.n_edges, generator=generator) < 0.3).float()
    logit = 1.5 * label - 1 + torch.randn(graph.n_edges, generator=generator)
    scores = EdgeScores(graph=graph, logit=logit)

    def f1(reject: float) -> float:
        chosen = Assigner(semantics="with_unmatched", unmatched_cost=reject)(scores).selected
        precision = float(label[chosen].mean())
        recall = float(chosen[label > 0].float().mean())
        return 2 * precision * recall / (precision + recall)

    candidates = (0.3, 0.5, 0.7, 0.9)
    best = tune_reject([scores], [label], candidates=candidates)
    assert f1(best) == pytest.approx(max(map(f1, candidates)))
    assert min(map(f1, candidates)) < f1(best)


def test_there_must_be_something_to_choose_from(frames):
    scores, labels = frames
    with pytest.raises(AssignmentError, match="0 candidates"):
        tune_reject(scores, labels, candidates=())
    with pytest.raises(AssignmentError, match="labels of 1 frames"):
        tune_reject(scores, labels[:1])
