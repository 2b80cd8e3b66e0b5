"""Beliefs against all sets of tracks, written out; compiled messages against plain ones."""

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from trackscape.data import Hits, TripletGraph
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, split_frames
from trackscape.samples import VALIDATION
from trackscape.scoring import TrackModel
from trackscape.scoring.track_model import follow_potential
from trackscape.scoring.track_model.potentials import END, POTENTIALS, START
from trackscape.scoring.track_model.propagation import run_bp, run_bp_plain

Make = Callable[..., TripletGraph]


def potentials_of(graph: TripletGraph, *, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    n_edges = graph.hit_graph.n_edges
    return torch.randn(n_edges, POTENTIALS, generator=generator, dtype=torch.float64)


def all_sets_of_tracks(graph: TripletGraph, potentials: Tensor) -> tuple[Tensor, Tensor]:
    """Log weights (N,) and chosen edges (N, E) of all sets of tracks, by brute force."""
    downstream, upstream = graph.hit_graph.edge_index.tolist()
    owner = torch.repeat_interleave(graph.triplet_ptr.diff())
    follow = follow_potential(
        potentials, downstream=owner, upstream=graph.upstream, slope_change_sq=graph.slope_change_sq
    )
    pair = {
        (a, b): float(value)
        for a, b, value in zip(graph.upstream.tolist(), owner.tolist(), follow, strict=True)
    }
    weights, chosen = [], []
    for bits in itertools.product((False, True), repeat=len(downstream)):
        edges = [edge for edge, bit in enumerate(bits) if bit]
        above, below = [downstream[e] for e in edges], [upstream[e] for e in edges]
        if len(set(above)) < len(edges) or len(set(below)) < len(edges):
            continue
        weight = 0.0
        for edge in edges:
            before = [a for a in edges if downstream[a] == upstream[edge]]
            behind = [b for b in edges if upstream[b] == downstream[edge]]
            weight += pair.get((before[0], edge), -math.inf) if before else 0.0
            weight += 0.0 if before else float(potentials[edge, START])
            weight += 0.0 if behind else float(potentials[edge, END])
        weights.append(weight)
        chosen.append(bits)
    return torch.tensor(weights, dtype=torch.float64), torch.tensor(chosen)


def test_beliefs_are_exact_where_no_two_tracks_compete(crossing: Make) -> None:
    graph = crossing(n_lines=1, n_layers=8)
    potentials = potentials_of(graph)
    weight, chosen = all_sets_of_tracks(graph, potentials)
    share = (torch.softmax(weight, dim=0)[:, None] * chosen).sum(dim=0)
    logit, log_partition = run_bp(potentials, graph=graph, n_iterations=1)
    torch.testing.assert_close(torch.sigmoid(logit), share, rtol=0, atol=1e-12)
    torch.testing.assert_close(log_partition, weight.logsumexp(dim=0), rtol=1e-12, atol=0)


def test_beliefs_are_close_to_those_of_all_sets_of_competing_tracks(crossing: Make) -> None:
    graph = crossing(n_lines=2, n_layers=5)
    assert graph.hit_graph.n_edges == 16
    potentials = potentials_of(graph)
    weight, chosen = all_sets_of_tracks(graph, potentials)
    share = (torch.softmax(weight, dim=0)[:, None] * chosen).sum(dim=0)
    logit, log_partition = run_bp(potentials, graph=graph, n_iterations=50)
    assert (torch.sigmoid(logit) - share).abs().max() < 0.1
    assert abs(float(log_partition - weight.logsumexp(dim=0))) < 0.5


@pytest.mark.parametrize("n_iterations", [1, 2, 5])
def test_compiled_messages_are_the_plain_ones(crossing: Make, n_iterations: int) -> None:
    graph = crossing(n_lines=6, n_layers=7)
    potentials = potentials_of(graph)
    for ours, theirs in zip(
        run_bp(potentials, graph=graph, n_iterations=n_iterations),
        run_bp_plain(potentials, graph=graph, n_iterations=n_iterations),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


def test_gradient_of_the_log_partition_is_that_of_the_messages(crossing: Make) -> None:
    graph = crossing(n_lines=4, n_layers=6)
    potentials = potentials_of(graph).requires_grad_()
    run_bp(potentials, graph=graph, n_iterations=200)[1].backward()
    ours, potentials.grad = potentials.grad, None
    run_bp_plain(potentials, graph=graph, n_iterations=200)[1].backward()
    assert ours is not None
    assert potentials.grad is not None
    torch.testing.assert_close(ours, potentials.grad, rtol=1e-6, atol=1e-8)


def test_plain_beliefs_pass_a_second_derivative(crossing: Make) -> None:
    graph = crossing(n_lines=2, n_layers=4)
    potentials = potentials_of(graph).requires_grad_()

    def values(potentials: Tensor) -> tuple[Tensor, Tensor]:
        return run_bp_plain(potentials, graph=graph, n_iterations=2)

    assert torch.autograd.gradcheck(values, (potentials,))
    assert torch.autograd.gradgradcheck(lambda p: values(p)[1], (potentials,))


def test_real_frame_gives_the_same_beliefs_on_both_paths() -> None:
    frame = split_frames(read_hits(VALIDATION), per_frame=20)[0]
    torch.manual_seed(0)
    network = TrackModel().double()
    graph = network.prepare(connect_layers(frame.to(torch.float64)))
    scores = network(graph)
    logit, log_partition = run_bp_plain(scores.potentials, graph=graph, n_iterations=2)
    torch.testing.assert_close(scores.logit, logit, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(scores.log_partition, log_partition, rtol=1e-9, atol=0)


def test_scores_do_not_depend_on_where_the_spot_is_or_how_the_detector_is_turned() -> None:
    frame = split_frames(read_hits(VALIDATION), per_frame=20)[0].to(torch.float64)
    angle = torch.tensor(0.7, dtype=torch.float64)
    turn = torch.eye(3, dtype=torch.float64)
    turn[:2, :2] = torch.stack(
        [torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])]
    )
    position = frame.position @ turn.T + torch.tensor([30.0, -12.0, 0.0], dtype=torch.float64)
    moved = Hits(position=position, energy=frame.energy, layer=frame.layer)
    torch.manual_seed(0)
    network = TrackModel().double()
    here, there = (network(network.prepare(connect_layers(hits))) for hits in (frame, moved))
    torch.testing.assert_close(here.logit, there.logit, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("n_hits", [0, 1, 2])
def test_next_to_nothing_gives_no_segments(n_hits: int) -> None:
    hits = Hits(
        position=torch.zeros(n_hits, 3),
        energy=torch.ones(n_hits),
        layer=torch.zeros(n_hits, dtype=torch.int64),
    )
    network = TrackModel()
    graph = network.prepare(connect_layers(hits))
    assert len(network(graph).logit) == 0
    assert len(run_bp_plain(torch.zeros(0, POTENTIALS), graph=graph, n_iterations=2)[0]) == 0


def test_pairs_are_those_with_a_small_change_of_the_slope(crossing: Make) -> None:
    graph = crossing(n_lines=5, n_layers=4)
    downstream, upstream = graph.hit_graph.edge_index
    direction = graph.hit_graph.direction
    slope = direction[:, :2] / direction[:, 2:]
    expected = [
        (b, a)
        for b in range(len(upstream))
        for a in range(len(upstream))
        if downstream[a] == upstream[b] and float((slope[b] - slope[a]).norm()) < 0.5
    ]
    owner = torch.repeat_interleave(graph.triplet_ptr.diff())
    assert list(zip(owner.tolist(), graph.upstream.tolist(), strict=True)) == expected
    square = (slope[owner] - slope[graph.upstream]).square().sum(dim=1)
    torch.testing.assert_close(graph.slope_change_sq, square)
