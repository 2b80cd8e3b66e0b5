"""What a watched assigner tells is what happened."""

import pytest
import torch

from trackscape.assignment import Assigner, blackbox_assignment, hamming_loss
from trackscape.data import EdgeScores
from trackscape.graph_construction import connect_layers
from trackscape.training.modules import WatchedAssigner


def test_it_decides_as_the_assigner_does_and_counts(random_hits):
    graph = connect_layers(random_hits(3, n_hits=40, width=8.0))
    assigner = Assigner(semantics="with_unmatched", unmatched_cost=0.4)
    watched = WatchedAssigner(assigner)
    assert (watched.semantics, watched.unmatched_cost) == ("with_unmatched", 0.4)
    costs = torch.rand(3, graph.n_edges, generator=torch.Generator().manual_seed(1)).double()
    chosen = torch.stack([watched.solve(cost, graph=graph).selected for cost in costs])
    assert torch.equal(chosen[1], assigner.choose(costs[1], graph=graph))
    differ = (chosen.any(dim=0) & ~chosen.all(dim=0)).double().mean().item()
    gradient = (torch.arange(graph.n_edges) % 4 == 0).float()
    found = watched.diagnose(gradient)
    assert found.solves == 3
    assert found.changed == pytest.approx(differ)
    assert found.moved == pytest.approx(gradient.mean().item())
    assert watched.diagnose(gradient)[:2] == (0, 0.0)  # it has forgotten


def test_blackbox_moves_the_edges_that_change(random_hits):
    graph = connect_layers(random_hits(5, n_hits=40, width=8.0))
    watched = WatchedAssigner(Assigner())
    logit = torch.randn(graph.n_edges, generator=torch.Generator().manual_seed(2))
    scores = EdgeScores(graph=graph, logit=logit.requires_grad_())
    chosen = blackbox_assignment(scores, assigner=watched, strength=0.3, convention="corrected")
    hamming_loss(chosen, (torch.arange(graph.n_edges) % 5 == 0).double()).backward()
    assert logit.grad is not None
    found = watched.diagnose(logit.grad)
    assert found.solves == 2
    assert 0 < found.changed == found.moved < 1


def test_a_graph_without_edges_has_no_shares(random_hits):
    graph = connect_layers(random_hits(1, n_hits=3, n_layers=1))
    watched = WatchedAssigner(Assigner())
    watched.solve(torch.zeros(0), graph=graph)
    assert watched.diagnose(torch.zeros(0)) == (1, 0.0, 0.0)
