"""The assigner: one partner on each side, each pair of layers on its own."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.assignment import Assigner, Backend, available_backends, solve
from trackscape.data import EdgeScores, HitGraph, Hits
from trackscape.errors import AssignmentError
from trackscape.graph_construction import connect_layers
from trackscape.graph_construction.labels import edge_labels

SEED = st.integers(0, 2**31)


def random_scores(graph: HitGraph, seed: int, *, spread: float = 3.0) -> EdgeScores:
    generator = torch.Generator().manual_seed(seed)
    return EdgeScores(graph=graph, logit=spread * torch.randn(graph.n_edges, generator=generator))


@pytest.mark.parametrize("backend", available_backends())
@given(seed=SEED, n_hits=st.integers(0, 50), reject=st.none() | st.floats(0.01, 2))
def test_no_hit_has_two_partners_on_one_side(
    backend: Backend,
    random_hits: Callable[..., Hits],
    seed: int,
    n_hits: int,
    reject: float | None,
):
    graph = connect_layers(random_hits(seed, n_hits=n_hits, width=10.0))
    semantics = "card" if reject is None else "reject"
    assigner = Assigner(semantics=semantics, reject=reject, backend=backend)
    assignment = assigner(random_scores(graph, seed))
    assert assignment.graph is graph
    assert assignment.selected.shape == (graph.n_edges,)
    downstream, upstream = graph.edge_index[:, assignment.selected]
    assert len(downstream.unique()) == len(downstream)
    assert len(upstream.unique()) == len(upstream)


@given(seed=SEED, reject=st.floats(0.05, 1))
def test_each_pair_of_layers_is_solved_on_its_own(
    random_hits: Callable[..., Hits], seed: int, reject: float
):
    graph = connect_layers(random_hits(seed, n_hits=40, width=8.0))
    scores = random_scores(graph, seed)
    cost = scores.to(torch.float64).cost.numpy()
    downstream, upstream = graph.edge_index
    layer = graph.hits.layer[downstream]
    for options in ({"semantics": "card"}, {"semantics": "reject", "reject": reject}):
        selected = Assigner(**options)(scores).selected
        for number in layer.unique():
            part = layer == number
            alone = solve(
                cost[part.numpy()],
                row=upstream[part].numpy(),  # a track that ends leaves its upstream hit alone
                column=downstream[part].numpy(),
                **options,
            )
            assert selected[part].tolist() == alone.tolist()


def test_perfect_scores_give_the_labels(straight_tracks: Callable[..., Hits]):
    graph = connect_layers(straight_tracks(6))
    label = edge_labels(graph)
    assert graph.n_edges > int(label.sum())  # there is something to choose
    scores = EdgeScores(graph=graph, logit=40 * label - 20)
    for assigner in (
        Assigner(),
        Assigner(semantics="full"),
        Assigner(semantics="reject", reject=0.5),
    ):
        assert torch.equal(assigner(scores).selected, label > 0)


@given(seed=SEED)
def test_a_reject_cost_of_one_half_takes_likely_edges_only(
    random_hits: Callable[..., Hits], seed: int
):
    graph = connect_layers(random_hits(seed, n_hits=30, width=8.0))
    scores = random_scores(graph, seed)
    selected = Assigner(semantics="reject", reject=0.5)(scores).selected
    assert bool((scores.logit[selected] > 0).all())


@pytest.mark.parametrize("n_hits", [0, 1, 3])
def test_a_graph_without_edges_has_nothing_to_choose(random_hits: Callable[..., Hits], n_hits: int):
    graph = connect_layers(random_hits(1, n_hits=n_hits, n_layers=1))
    chosen = Assigner().choose(torch.zeros(0), graph=graph)
    assert chosen.shape == (0,)
    assert chosen.dtype == torch.bool


def test_single_precision_ties_do_not_decide(straight_tracks: Callable[..., Hits]):
    # Both costs are 1 in float32, and still one of the two pairings is the likelier one.
    graph = connect_layers(straight_tracks(2, n_layers=2, first_layer=6, spacing=1.0))
    label = edge_labels(graph)
    assert graph.n_edges == 4
    for likely in (label, 1 - label):
        scores = EdgeScores(graph=graph, logit=3 * likely - 21)
        assert torch.equal(Assigner()(scores).selected, likely > 0)


def test_a_reject_cost_belongs_to_reject_only():
    with pytest.raises(AssignmentError, match="reject cost belongs"):
        Assigner(semantics="reject")
    with pytest.raises(AssignmentError, match="reject cost belongs"):
        Assigner(reject=0.5)
