"""The fast messages of real frames, with the table that is used, against the formula."""

import copy

import pytest
import torch
from torch import Tensor

from trackscape import samples
from trackscape.assignment import by_region, cross_entropy_loss
from trackscape.data import HitGraph
from trackscape.formats import read_hits
from trackscape.graph_construction import (
    compressed_line_graph,
    connect_layers,
    line_graph,
    split_frames,
)
from trackscape.graph_construction.labels import edge_labels
from trackscape.scoring import LineGraphNetwork, load_method
from trackscape.scoring.line_graph.kernels import strongest_messages
from trackscape.scoring.line_graph.kernels.segments import MESSAGES_PER_BLOCK
from trackscape.scoring.line_graph.network import max_incoming, segment_features


@pytest.fixture(scope="module")
def sample() -> HitGraph:
    """A frame of 100 protons: segments with more senders than there are in a block."""
    graph = connect_layers(split_frames(read_hits(samples.VALIDATION), per_frame=100)[0])
    assert int(compressed_line_graph(graph).message_ptr.diff().max()) > MESSAGES_PER_BLOCK
    return graph


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
@pytest.mark.parametrize("method", ["line-graph-ptt", "line-graph-pat"])
def test_logits_of_real_hits_are_those_of_the_formula(
    sample: HitGraph, method: str, dtype: torch.dtype, error: float
):
    # Relative to the largest logit: of numbers that reach 20, float32 keeps fewer decimals.
    network = load_method(method).to(dtype)
    assert isinstance(network, LineGraphNetwork)
    graph = sample.to(dtype)
    lines = line_graph(graph)
    with torch.inference_mode():
        logit = network(network.prepare(graph)).logit
        x = segment_features(graph)
        target, source = lines.pairs.flip(0).flatten(), lines.pairs.flatten()
        encoded = network.encode(lines.angle).repeat(2, 1)
        messages = network.R1(torch.cat([x[target], x[source], encoded], dim=1))
        strongest = max_incoming(messages, target=target, n_nodes=len(x))
        expected = network.R2(network.O(torch.cat([x, strongest], dim=1)))[:, 0]
    assert torch.allclose(logit, expected, rtol=0, atol=error * float(expected.abs().max()))


def gradients(network: LineGraphNetwork, graph: HitGraph, *, fast: bool) -> dict[str, Tensor]:
    """Of the cross-entropy, in training mode and in the type of the graph's positions."""
    copied = copy.deepcopy(network).to(graph.hits.position.dtype).train()
    logit = copied(copied.prepare(graph) if fast else line_graph(graph)).logit
    loss = by_region(cross_entropy_loss, logit, edge_labels(graph), graph=graph)
    parameters = dict(copied.named_parameters())
    found = torch.autograd.grad(loss, list(parameters.values()))
    return dict(zip(parameters, found, strict=True))


def test_gradients_of_a_real_frame_are_exact(sample: HitGraph):
    network = load_method("line-graph-ptt")
    assert isinstance(network, LineGraphNetwork)
    graph = sample.to(torch.float64)
    fast, plain = (gradients(network, graph, fast=fast) for fast in (True, False))
    for name, exact in plain.items():
        # Biases in front of a normalisation have no gradient but for rounding.
        if float(exact.norm()) > 1e-6:
            assert float((fast[name] - exact).norm() / exact.norm()) < 1e-7, name


@pytest.mark.parametrize("seed", [0, 1])
def test_float32_gradients_are_nearer_to_the_exact_ones_than_those_of_the_formula(
    sample: HitGraph, seed: int
):
    """Rounding lets other messages be the strongest: no path in float32 is within 1e-4."""
    torch.manual_seed(seed)
    network = LineGraphNetwork()
    exact = gradients(network, sample.to(torch.float64), fast=False)

    def error(*, fast: bool) -> float:
        found = gradients(network, sample, fast=fast)
        return sum(float((found[name] - exact[name]).square().sum()) for name in exact) ** 0.5

    scale = sum(float(each.square().sum()) for each in exact.values()) ** 0.5
    assert error(fast=True) < min(error(fast=False), 0.05 * scale)


def test_results_do_not_depend_on_the_number_of_threads(sample: HitGraph):
    results: list[list[Tensor]] = []
    before = torch.get_num_threads()
    try:
        for n_threads in (1, 2):
            torch.set_num_threads(n_threads)
            # In single precision rounding, which threads change, makes other messages strongest.
            network, graph = load_method("line-graph-ptt").double(), sample.to(torch.float64)
            block, x = network.R1.train(), segment_features(graph)  # pyright: ignore
            lines = compressed_line_graph(graph)
            out = strongest_messages(block, network.encode, lines, x)  # pyright: ignore
            results.append([out, *torch.autograd.grad(out.sum(), list(block.parameters())[2:])])
    finally:
        torch.set_num_threads(before)
    for one, two in zip(*results, strict=True):
        assert torch.allclose(one, two, rtol=1e-6, atol=1e-6)
