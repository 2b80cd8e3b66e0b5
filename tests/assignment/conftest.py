"""Graphs, labels and scores for the tests of decisions and losses."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from trackscape.assignment import Assigner
from trackscape.data import EdgeScores, HitGraph, Hits
from trackscape.graph_construction import connect_layers


class Task(NamedTuple):
    """A graph, what is right, and where the costs are. Axis: E edges."""

    graph: HitGraph
    label: Tensor
    """(E,) float64. An assignment of the assigner's kind."""
    cost: Tensor
    """(E,) float64, between 0 and 1."""
    gradient: Tensor
    """(E,) float64. Any numbers."""


def scores_at(cost: Tensor, graph: HitGraph) -> EdgeScores:
    """Scores with these costs, which may be differentiated for them."""
    return EdgeScores(graph=graph, logit=-torch.logit(cost))


def per_edge(graph: HitGraph) -> Tensor:
    """(E,) Weight of each edge in a mean over the tracker + a mean over the calorimeter."""
    tracker = graph.touches_tracker.double()
    return sum(part / part.sum().clamp(min=1) for part in (tracker, 1 - tracker))


def cost_gradient(function: Callable[[EdgeScores], Tensor], *, cost: Tensor, graph: HitGraph):
    """Value of a function of scores, and its gradient for the costs."""
    cost = cost.clone().requires_grad_()
    value = function(scores_at(cost, graph))
    (gradient,) = torch.autograd.grad(value, cost)
    return value.detach(), gradient


@pytest.fixture(scope="session")
def crowd(random_hits: Callable[..., Hits]) -> Callable[[int], HitGraph]:
    """Graphs in which most hits have several candidates, with edges of both regions."""

    def make(seed: int) -> HitGraph:
        hits = random_hits(seed, n_hits=40, n_layers=6, width=8.0)
        return connect_layers(hits.to(torch.float64))

    return make


@pytest.fixture(scope="session")
def task(crowd: Callable[[int], HitGraph]) -> Callable[[int, Assigner], Task]:
    def make(seed: int, assigner: Assigner) -> Task:
        graph = crowd(seed)
        generator = torch.Generator().manual_seed(seed)

        def numbers() -> Tensor:
            return torch.rand(graph.n_edges, generator=generator, dtype=torch.float64)

        label = assigner.choose(numbers(), graph=graph).double()
        return Task(graph, label, 0.05 + 0.9 * numbers(), 2 * numbers() - 1)

    return make


def all_connected(n_layers: int) -> HitGraph:
    """Three hits in each layer, each of them connected with all of the layer before."""
    layer = torch.arange(n_layers).repeat_interleave(3)
    position = torch.stack([torch.arange(3).repeat(n_layers), 0 * layer, layer], dim=1).double()
    hits = Hits(position=position, energy=torch.ones(len(layer)).double(), layer=6 + layer)
    downstream = torch.arange(3, 3 * n_layers).repeat_interleave(3)
    upstream = 3 * (downstream // 3 - 1) + torch.arange(3).repeat(3 * (n_layers - 1))
    return HitGraph(hits=hits, edge_index=torch.stack([downstream, upstream]))


@pytest.fixture(scope="session")
def square() -> HitGraph:
    """Nine edges of one pair of layers, with six full assignments."""
    return all_connected(2)


@pytest.fixture(scope="session")
def two_squares() -> HitGraph:
    """Nine edges in each of two pairs of layers, which share hits but no decision."""
    return all_connected(3)


@pytest.fixture(scope="session")
def matchings(square: HitGraph) -> Tensor:
    """(34, 9) All choices of edges of the square in which no hit has two partners."""
    downstream, upstream = square.edge_index
    every = (torch.arange(512)[:, None] >> torch.arange(9)) & 1
    ends = torch.cat([torch.eye(6)[:, downstream], torch.eye(6)[:, upstream]])
    return every[(every.float() @ ends.T <= 1).all(dim=1)].double()


@pytest.fixture(scope="session")
def at_costs() -> Callable[..., EdgeScores]:
    return scores_at


@pytest.fixture(scope="session")
def edge_weight() -> Callable[[HitGraph], Tensor]:
    return per_edge


@pytest.fixture(scope="session")
def differentiate() -> Callable[..., tuple[Tensor, Tensor]]:
    return cost_gradient
