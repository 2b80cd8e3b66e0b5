"""The likelihood of tracks against its definition, and its gradient against the beliefs."""

import dataclasses

import pytest
import torch
from torch import Tensor

from trackscape.data import EdgeScores, Hits
from trackscape.errors import AssignmentError
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, split_frames
from trackscape.graph_construction.labels import link_labels
from trackscape.samples import VALIDATION
from trackscape.scoring import TrackModel, likelihood_loss
from trackscape.scoring.track_model.propagation import run_bp


def test_true_links_are_chains() -> None:
    graph = connect_layers(split_frames(read_hits(VALIDATION), per_frame=50)[0])
    for ends in graph.edge_index[:, link_labels(graph)]:
        assert len(ends.unique()) == len(ends)


def test_gradient_is_that_of_finite_differences() -> None:
    graph = connect_layers(split_frames(read_hits(VALIDATION), per_frame=20)[0])
    torch.manual_seed(0)
    network = TrackModel(rounds=20).double()
    scores = network(network.prepare(graph.to(torch.float64)))
    links = link_labels(graph)

    def loss(potentials: Tensor) -> Tensor:
        _, log_partition = run_bp(potentials, graph=scores.triplets, n_iterations=20)
        changed = {"log_partition": log_partition, "potentials": potentials}
        return likelihood_loss(dataclasses.replace(scores, **changed), links)

    potentials = scores.potentials.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(potentials), potentials)
    generator = torch.Generator().manual_seed(1)
    direction = torch.randn(potentials.shape, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        step = 1e-4 * direction
        difference = (loss(potentials + step) - loss(potentials - step)) / 2e-4
    torch.testing.assert_close((gradient * direction).sum(), difference, rtol=1e-4, atol=1e-6)


def test_probabilities_of_all_sets_of_tracks_add_up_to_one() -> None:
    # Three hits one behind the other, so that messages are exact.
    hits = Hits(
        position=torch.tensor([[0.0, 0, 0], [0, 0, 5.5], [0.1, 0, 11]]).double(),
        energy=torch.full((3,), 0.03).double(),
        layer=torch.tensor([5, 6, 7]),
    )
    torch.manual_seed(0)
    network = TrackModel().double()
    scores = network(network.prepare(connect_layers(hits)))
    total = torch.zeros((), dtype=torch.float64)
    for chosen in ([False, False], [True, False], [False, True], [True, True]):
        loss = likelihood_loss(scores, torch.tensor(chosen)).detach()
        total += torch.exp(-loss * max(sum(chosen), 1))
    assert float(total) == pytest.approx(1.0, abs=1e-9)


def test_other_networks_have_no_likelihood() -> None:
    graph = connect_layers(split_frames(read_hits(VALIDATION), per_frame=20)[0])
    scores = EdgeScores(graph=graph, logit=torch.zeros(graph.n_edges))
    with pytest.raises(AssignmentError, match="belief"):
        likelihood_loss(scores, link_labels(graph))
