"""Both networks against plain formulations, their symmetries, and graphs with next to nothing."""

import contextlib
import copy
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from trackscape.data import EdgeScores, HitGraph, Hits, LineGraph
from trackscape.graph_construction import connect_layers, line_graph
from trackscape.scoring import HitGraphNetwork, LineGraphNetwork, Scorer, build_network
from trackscape.scoring.line_graph.network import (
    hit_features,
    segment_features,
    spherical_features,
)

KINDS = ["line_graph", "hit_graph"]
TOLERANCE = {"rtol": 1e-8, "atol": 1e-8}


@pytest.fixture(scope="module")
def graph(random_hits: Callable[..., Hits]) -> HitGraph:
    """A crowded graph in float64: 40 hits, some of them without any edge."""
    return connect_layers(random_hits(3, n_hits=40, n_layers=7, width=12.0).to(torch.float64))


@pytest.fixture
def trained() -> Callable[[str, HitGraph], Scorer]:
    """Makes a network whose weights and running statistics are not those it starts with."""

    def make(kind: str, graph: HitGraph) -> Scorer:
        generator = torch.Generator().manual_seed(11)
        network = build_network(kind).to(graph.hits.position.dtype)
        with torch.no_grad():
            for parameter in network.parameters():
                noise = torch.randn(parameter.shape, generator=generator)
                parameter += 0.1 * noise.to(parameter.dtype)
        for _ in range(5):
            network.train()(network.prepare(graph))
        return network.eval()

    return make


def maximum(message: Tensor, *, target: list[int], n_nodes: int) -> Tensor:
    """Maximum over the messages of each node by a loop; 0 where none arrives."""
    rows: list[Tensor] = []
    for node in range(n_nodes):
        arriving = [number for number, end in enumerate(target) if end == node]
        none = message.new_zeros(message.shape[1])
        rows.append(message[arriving].amax(dim=0) if arriving else none)
    return torch.stack(rows)


def plain_line_graph(network: LineGraphNetwork, lines: LineGraph) -> Tensor:
    """Logits with every message written out."""
    graph = lines.hit_graph
    position, energy = graph.hits.position, graph.hits.energy
    x = torch.stack(
        [
            torch.cat([energy[[down, up]], position[down], position[up]])
            for down, up in graph.edge_index.T.tolist()
        ]
    )
    first, second = lines.pairs.tolist()
    target, source = second + first, first + second
    frequency = [math.exp(2 * k * -math.log(0.001) / 128) for k in range(64)]
    phase = lines.angle.sqrt()[:, None] * torch.tensor(frequency, dtype=torch.float64)
    encoded = torch.stack([phase.sin(), phase.cos()], dim=2).flatten(start_dim=1)
    message = network.R1(torch.cat([x[target], x[source], encoded.repeat(2, 1)], dim=1))
    strongest = maximum(message, target=target, n_nodes=len(x))
    return network.R2(network.O(torch.cat([x, strongest], dim=1)))[:, 0]


def plain_hit_graph(network: HitGraphNetwork, graph: HitGraph) -> Tensor:
    """Logits with every message written out."""
    hits = graph.hits
    rows: list[list[float]] = []
    for (px, py, pz), energy in zip(hits.position.tolist(), hits.energy.tolist(), strict=True):
        size = math.floor(4.2267 * (1000 * energy / 25) ** 0.65 + 0.5)
        rows.append([size / (4.2267 * (60 / 25) ** 0.65 + 0.5), px / 1000, py / 1000, pz])
    x = torch.tensor(rows, dtype=torch.float64)
    source, target = graph.edge_index.tolist()
    edges: list[list[float]] = []
    for down, up in zip(source, target, strict=True):
        dx, dy, dz = (hits.position[down] - hits.position[up]).tolist()
        length = math.sqrt(dx**2 + dy**2 + dz**2)
        edges.append([length, math.atan2(dy, dx), math.acos(dz / length)])
    e = torch.tensor(edges, dtype=torch.float64)
    message = network.R1(torch.cat([x[target], x[source], e], dim=1))
    x = network.O(torch.cat([x, maximum(message, target=target, n_nodes=len(x))], dim=1))
    return network.R2(torch.cat([x[target], x[source], message], dim=1))[:, 0]


def plain_logits(network: Scorer, graph: HitGraph) -> Tensor:
    if isinstance(network, LineGraphNetwork):
        return plain_line_graph(network, line_graph(graph))
    assert isinstance(network, HitGraphNetwork)
    return plain_hit_graph(network, graph)


@pytest.mark.parametrize(("kind", "number"), [("line_graph", 4_961), ("hit_graph", 39_839)])
def test_the_networks_have_the_published_numbers_of_parameters(kind: str, number: int):
    assert sum(weight.numel() for weight in build_network(kind).parameters()) == number


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("training", [True, False])
def test_logits_and_gradients_equal_the_plain_formulation(
    kind: str, training: bool, graph: HitGraph, trained: Callable[[str, HitGraph], Scorer]
):
    network = trained(kind, graph).train(training)
    plain = copy.deepcopy(network)
    logit = network(network.prepare(graph)).logit
    expected = plain_logits(plain, graph)
    assert torch.allclose(logit, expected, **TOLERANCE)
    (logit.tanh().sum() + (logit**2).mean()).backward()
    (expected.tanh().sum() + (expected**2).mean()).backward()
    for (name, parameter), other in zip(
        network.named_parameters(), plain.parameters(), strict=True
    ):
        assert parameter.grad is not None
        assert other.grad is not None
        assert torch.allclose(parameter.grad, other.grad, **TOLERANCE), name
    for name, value in plain.state_dict().items():
        assert torch.allclose(network.state_dict()[name], value, **TOLERANCE), name


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_is_good_enough(
    kind: str, graph: HitGraph, trained: Callable[[str, HitGraph], Scorer]
):
    network = trained(kind, graph)
    exact = network(network.prepare(graph)).logit
    single = network.float()(network.prepare(graph.to(torch.float32))).logit
    assert torch.allclose(single.double(), exact, rtol=0, atol=2e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_renaming_hits_inside_a_layer_renames_the_logits(
    kind: str, graph: HitGraph, trained: Callable[[str, HitGraph], Scorer]
):
    network = trained(kind, graph)
    order = torch.randperm(len(graph.hits), generator=torch.Generator().manual_seed(4))
    renamed = connect_layers(graph.hits.select(order))
    # Sorting by layer is stable, so this is where each hit has gone.
    name = order[torch.argsort(graph.hits.layer[order], stable=True)]
    assert not torch.equal(name, torch.arange(len(name)))

    def by_edge(graph: HitGraph, name: Tensor) -> dict[tuple[int, int], float]:
        scores: EdgeScores = network(network.prepare(graph))
        edges = name[graph.edge_index].T.tolist()
        return {(a, b): x for (a, b), x in zip(edges, scores.logit.tolist(), strict=True)}

    before = by_edge(graph, torch.arange(len(name)))
    assert by_edge(renamed, name) == pytest.approx(before, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_spot_is_subtracted(
    kind: str, graph: HitGraph, trained: Callable[[str, HitGraph], Scorer]
):
    network = trained(kind, graph)
    hits = graph.hits
    spot = torch.tensor([[30.0, -50.0]]).double().expand(len(hits), 2)
    shift = torch.cat([spot, spot.new_zeros(len(hits), 1)], dim=1)
    moved = Hits(position=hits.position + shift, energy=hits.energy, layer=hits.layer, spot=spot)
    logit = network(network.prepare(graph)).logit
    moved_logit = network(network.prepare(connect_layers(moved))).logit
    assert torch.allclose(moved_logit, logit, rtol=0, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_prepared_graph_scores_the_edges_of_the_hit_graph(kind: str, graph: HitGraph):
    network = build_network(kind).double().eval()
    prepared = network.prepare(graph)
    scores = network(prepared)
    assert scores.graph is graph
    assert torch.equal(network(prepared).logit, scores.logit)


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_can_be_trained_after_inference(kind: str, graph: HitGraph):
    # As Lightning does: validation runs in inference mode, whose tensors have no gradients.
    network = build_network(kind).double().eval()
    with torch.inference_mode():
        network(network.prepare(graph))
    network.train()(network.prepare(graph)).logit.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


NEXT_TO_NOTHING = {
    "no hit": ([], 0),
    "one hit": ([5], 0),
    "two hits of one track": ([5, 6], 1),
    "one layer": ([5, 5, 5], 0),
    "a gap": ([5, 7], 0),
    "one pair": ([5, 6, 7], 2),
    "edges without pairs": ([5, 5, 6, 6], 4),
}


def few_hits(layers: list[int]) -> Hits:
    position = [[0.3 * number, 0.0, 5.5 * layer] for number, layer in enumerate(layers)]
    return Hits(
        position=torch.tensor(position).float().view(-1, 3),
        energy=torch.full((len(layers),), 0.1),
        layer=torch.tensor(layers, dtype=torch.int64),
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", NEXT_TO_NOTHING)
def test_graphs_with_next_to_nothing_are_scored(kind: str, case: str):
    layers, n_edges = NEXT_TO_NOTHING[case]
    network = build_network(kind).eval()
    scores = network(network.prepare(connect_layers(few_hits(layers))))
    assert scores.logit.shape == (n_edges,)
    assert bool(scores.logit.isfinite().all())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", NEXT_TO_NOTHING)
def test_graphs_with_next_to_nothing_do_not_poison_a_training(kind: str, case: str):
    layers, _ = NEXT_TO_NOTHING[case]
    network = build_network(kind).train()
    with contextlib.suppress(ValueError):  # BatchNorm refuses a single row
        network(network.prepare(connect_layers(few_hits(layers))))
    spoilt = [name for name, x in network.state_dict().items() if not bool(x.isfinite().all())]
    assert spoilt == []


def test_features_of_one_segment():
    hits = Hits(
        position=torch.tensor([[1.0, 2, 30], [4, 6, 42]]),
        energy=torch.tensor([0.025, 0.06]),
        layer=torch.tensor([7, 8]),
    )
    graph = HitGraph(hits=hits, edge_index=torch.tensor([[1], [0]]))
    features = [0.06, 0.025, 4, 6, 42, 1, 2, 30]
    assert segment_features(graph)[0].tolist() == pytest.approx(features)
    # 25 keV are 4 pixels, 60 keV 7.
    normal = 4.2267 * 2.4**0.65 + 0.5
    assert hit_features(graph)[0].tolist() == pytest.approx([4 / normal, 0.001, 0.002, 30])
    assert hit_features(graph)[1].tolist() == pytest.approx([7 / normal, 0.004, 0.006, 42])
    spherical = [13, math.atan2(4, 3), math.acos(12 / 13)]
    assert spherical_features(graph)[0].tolist() == pytest.approx(spherical)
