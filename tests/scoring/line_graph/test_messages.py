"""The fast messages against the plain ones: values, gradients, statistics, a whole training."""

import copy
from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from trackscape import samples
from trackscape.assignment import by_region, cross_entropy_loss
from trackscape.data import CompressedLineGraph, Hits, LineGraph
from trackscape.formats import read_hits
from trackscape.graph_construction import (
    compressed_line_graph,
    connect_layers,
    line_graph,
    split_frames,
)
from trackscape.graph_construction.labels import edge_labels
from trackscape.scoring import LineGraphNetwork, build_network
from trackscape.scoring.line_graph.encoding import STEPS

STRICT = {"rtol": 1e-9, "atol": 1e-9}


def network_of(seed: int) -> LineGraphNetwork:
    """In float64, with weights and statistics that are not those a network starts with."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():  # whatever ran before
        torch.manual_seed(seed)
        network = build_network("line_graph").double()
    assert isinstance(network, LineGraphNetwork)
    for tensor in [*network.parameters(), *network.buffers()]:
        if tensor.is_floating_point():
            tensor.data += 0.2 * torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype)
    return network


def neighbours(lines: CompressedLineGraph) -> list[list[int]]:
    """Senders to each segment, in the order in which their messages are numbered."""
    senders: list[list[int]] = []
    in_ptr, out_ptr, out_edge = lines.adjacency.arrays()
    for down, up in lines.hit_graph.edge_index.T.tolist():
        upstream = range(int(in_ptr[up]), int(in_ptr[up + 1]))
        downstream = out_edge[out_ptr[down] : out_ptr[down + 1]]
        senders.append([*upstream, *downstream.tolist()])
    return senders


GRAPH = {
    "seed": st.integers(0, 2**31),
    "n_hits": st.integers(2, 60),
    "n_layers": st.integers(2, 6),
}


@settings(max_examples=30)
@given(**GRAPH)
def test_the_compressed_line_graph_has_the_pairs_of_the_line_graph(
    random_hits: Callable[..., Hits], seed: int, n_hits: int, n_layers: int
):
    graph = connect_layers(random_hits(seed, n_hits=n_hits, n_layers=n_layers, width=6.0))
    pairs: set[tuple[int, int]] = set()
    lines, plain = compressed_line_graph(graph), line_graph(graph)
    for target, senders in enumerate(neighbours(lines)):
        n_messages = int(lines.message_ptr[target + 1] - lines.message_ptr[target])
        assert len(senders) == len(set(senders)) == n_messages
        pairs.update((target, source) for source in senders)
    expected = {(a, b) for a, b in plain.pairs.T.tolist()}
    assert pairs == expected | {(b, a) for a, b in expected}


@pytest.fixture(scope="module", autouse=True)
def coarse_table() -> Iterator[None]:
    """A small table, for speed: both paths interpolate in the same one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STEPS, torch.float64, 1 << 10)
        yield


@settings(max_examples=30)
@given(**GRAPH)
def test_values_gradients_and_statistics_are_those_of_the_plain_path(
    random_hits: Callable[..., Hits], seed: int, n_hits: int, n_layers: int
):
    hits = random_hits(seed, n_hits=n_hits, n_layers=n_layers, width=6.0).to(torch.float64)
    graph = connect_layers(hits)
    if line_graph(graph).pairs.shape[1] == 0:
        return
    for training in (True, False):
        fast = network_of(seed).train(training)
        plain = copy.deepcopy(fast)
        logits = fast(fast.prepare(graph)).logit, plain(line_graph(graph)).logit
        for logit in logits:
            (logit.tanh().sum() + (logit**2).mean()).backward()
        assert torch.allclose(*logits, **STRICT)
        for (name, one), other in zip(fast.named_parameters(), plain.parameters(), strict=True):
            assert one.grad is not None
            assert other.grad is not None
            assert torch.allclose(one.grad, other.grad, rtol=1e-6, atol=1e-7), name
        for (name, one), other in zip(fast.named_buffers(), plain.buffers(), strict=True):
            assert torch.allclose(one, other, **STRICT), name


def test_gradients_are_finite_differences(random_hits: Callable[..., Hits]):
    graph = connect_layers(random_hits(5, n_hits=25, width=6.0).to(torch.float64))
    network = network_of(5).train()
    prepared = network.prepare(graph)
    parameters = list(network.parameters())
    generator = torch.Generator().manual_seed(6)
    direction = [torch.randn(p.shape, generator=generator, dtype=p.dtype) for p in parameters]

    def loss(step: float) -> Tensor:
        moved = copy.deepcopy(network)
        for parameter, way in zip(moved.parameters(), direction, strict=True):
            parameter.data += step * way
        return moved(prepared).logit.tanh().sum()

    gradients = torch.autograd.grad(network(prepared).logit.tanh().sum(), parameters)
    slope = sum(float((g * way).sum()) for g, way in zip(gradients, direction, strict=True))
    h = 1e-6
    assert float((loss(h) - loss(-h)).detach()) / (2 * h) == pytest.approx(slope, rel=1e-5)


def test_weights_that_change_are_folded_again(random_hits: Callable[..., Hits]):
    graph = connect_layers(random_hits(8, n_hits=30, width=6.0).to(torch.float64))
    network = network_of(1).eval()
    with torch.no_grad():
        for seed in (2, 3):
            network.load_state_dict(network_of(seed).state_dict())
            logit = network(network.prepare(graph)).logit
            assert torch.allclose(logit, network(line_graph(graph)).logit, **STRICT)


def test_two_hundred_steps_follow_the_plain_path():
    # Rounding differs, and a training makes differences grow: in float64 too little to see.
    frames = split_frames(read_hits(samples.TRAIN), per_frame=10)[:20]
    graphs = [connect_layers(frame.to(torch.float64)) for frame in frames]
    losses: list[list[float]] = []
    fast = network_of(4).train()
    for network, prepare in ((copy.deepcopy(fast), line_graph), (fast, fast.prepare)):
        optimiser = torch.optim.RMSprop(network.parameters(), lr=1e-3)
        losses.append([])
        for step in range(200):
            graph = graphs[step % len(graphs)]
            loss = by_region(
                cross_entropy_loss, network(prepare(graph)).logit, edge_labels(graph), graph=graph
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses[-1].append(float(loss.detach()))
    assert losses[0][-1] < losses[0][0]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_other_sizes_take_the_plain_path(random_hits: Callable[..., Hits]):
    graph = connect_layers(random_hits(9, n_hits=20, width=6.0))
    assert isinstance(build_network("line_graph").prepare(graph), CompressedLineGraph)
    assert isinstance(build_network("line_graph", hidden=8).prepare(graph), LineGraph)
