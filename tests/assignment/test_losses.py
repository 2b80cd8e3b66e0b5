"""Losses against the means that one writes down by hand."""

import math
from collections.abc import Callable

import pytest
import torch

from trackscape.assignment import by_region, cross_entropy_loss, hamming_loss
from trackscape.data import HitGraph, Hits
from trackscape.graph_construction import connect_layers


@pytest.fixture
def graph(straight_tracks: Callable[..., Hits]) -> HitGraph:
    """Two lone tracks: edges upstream from layers 0, 0, 1, 1, 2, 2, 3, 3."""
    return connect_layers(straight_tracks(2, n_layers=5, spacing=100.0))


def test_the_hamming_loss_counts_wrong_decisions():
    chosen, label = torch.tensor([1.0, 1, 0, 0, 1]), torch.tensor([1.0, 0, 1, 0, 1])
    assert hamming_loss(chosen, label).item() == pytest.approx(2 / 5)
    assert hamming_loss(label, label).item() == 0
    assert hamming_loss(torch.full((5,), 0.3), label).item() == pytest.approx(
        (0.7 * 3 + 0.3 * 2) / 5
    )


def test_the_cross_entropy_is_its_formula():
    logit, label = torch.tensor([0.0, 2.0, -3.0]), torch.tensor([1.0, 0.0, 0.0])
    p = [1 / (1 + math.exp(-value)) for value in logit.tolist()]
    expected = -(math.log(p[0]) + math.log(1 - p[1]) + math.log(1 - p[2])) / 3
    assert cross_entropy_loss(logit, label).item() == pytest.approx(expected, rel=1e-6)


def test_regions_weigh_the_same(graph: HitGraph):
    prediction = torch.tensor([1.0, 1, 1, 0, 0, 0, 1, 0])
    label = torch.tensor([1.0, 0, 1, 1, 0, 1, 0, 0])
    assert graph.touches_tracker.tolist() == [True] * 6 + [False] * 2
    loss = by_region(hamming_loss, prediction, label, graph=graph)
    assert loss.item() == pytest.approx(3 / 6 + 1 / 2)


def test_gradients_are_those_of_the_two_means(graph: HitGraph):
    prediction = torch.zeros(8, requires_grad=True)
    by_region(hamming_loss, prediction, torch.zeros(8), graph=graph).backward()
    assert prediction.grad is not None
    assert prediction.grad.tolist() == pytest.approx([1 / 6] * 6 + [1 / 2] * 2)


@pytest.mark.parametrize(("first_layer", "n_layers"), [(0, 3), (5, 6), (5, 1)])
def test_a_region_without_edges_adds_nothing(
    first_layer: int, n_layers: int, straight_tracks: Callable[..., Hits]
):
    hits = straight_tracks(2, first_layer=first_layer, n_layers=n_layers, spacing=100.0)
    graph = connect_layers(hits)
    prediction = torch.full((graph.n_edges,), 0.25, requires_grad=True)
    loss = by_region(hamming_loss, prediction, torch.zeros(graph.n_edges), graph=graph)
    assert loss.item() == pytest.approx(0.25 if graph.n_edges else 0.0)
    loss.backward()  # a frame without edges must not stop a training
    assert prediction.grad is not None
