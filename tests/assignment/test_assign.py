"""The assigner: one partner on each side, each pair of layers on its own."""

from collections.abc import Callable
from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.assignment import Assigner, Backend, solve
from trackscape.data import EdgeScores, HitGraph, Hits
from trackscape.errors import AssignmentError
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, split_frames
from trackscape.graph_construction.labels import edge_labels
from trackscape.samples import VALIDATION
from trackscape.scoring import load_method

SEED = st.integers(0, 2**31)


def random_scores(graph: HitGraph, seed: int, *, spread: float = 3.0) -> EdgeScores:
    generator = torch.Generator().manual_seed(seed)
    return EdgeScores(graph=graph, logit=spread * torch.randn(graph.n_edges, generator=generator))


@pytest.mark.parametrize("backend", get_args(Backend))
@given(seed=SEED, n_hits=st.integers(0, 50), unmatched_cost=st.none() | st.floats(0.01, 2))
def test_no_hit_has_two_partners_on_one_side(
    backend: Backend,
    random_hits: Callable[..., Hits],
    seed: int,
    n_hits: int,
    unmatched_cost: float | None,
):
    graph = connect_layers(random_hits(seed, n_hits=n_hits, width=10.0))
    semantics = "max_cardinality" if unmatched_cost is None else "with_unmatched"
    assigner = Assigner(semantics=semantics, unmatched_cost=unmatched_cost, backend=backend)
    assignment = assigner(random_scores(graph, seed))
    assert assignment.graph is graph
    assert assignment.selected.shape == (graph.n_edges,)
    downstream, upstream = graph.edge_index[:, assignment.selected]
    assert len(downstream.unique()) == len(downstream)
    assert len(upstream.unique()) == len(upstream)


@given(seed=SEED, unmatched_cost=st.floats(0.05, 1))
def test_each_pair_of_layers_is_solved_on_its_own(
    random_hits: Callable[..., Hits], seed: int, unmatched_cost: float
):
    graph = connect_layers(random_hits(seed, n_hits=40, width=8.0))
    scores = random_scores(graph, seed)
    cost = scores.to(torch.float64).cost.numpy()
    downstream, upstream = graph.edge_index
    layer = graph.hits.layer[downstream]
    for options in (
        {"semantics": "max_cardinality"},
        {"semantics": "with_unmatched", "unmatched_cost": unmatched_cost},
    ):
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
        Assigner(semantics="perfect"),
        Assigner(semantics="with_unmatched", unmatched_cost=0.5),
    ):
        assert torch.equal(assigner(scores).selected, label > 0)


@given(seed=SEED)
def test_a_reject_cost_of_one_half_takes_likely_edges_only(
    random_hits: Callable[..., Hits], seed: int
):
    graph = connect_layers(random_hits(seed, n_hits=30, width=8.0))
    scores = random_scores(graph, seed)
    selected = Assigner(semantics="with_unmatched", unmatched_cost=0.5)(scores).selected
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
    with pytest.raises(AssignmentError, match="unmatched_cost belongs"):
        Assigner(semantics="with_unmatched")
    with pytest.raises(AssignmentError, match="unmatched_cost belongs"):
        Assigner(unmatched_cost=0.5)


@pytest.fixture(scope="module")
def real_scores() -> EdgeScores:
    """Scores of a frame of 50 protons that Geant4 simulated."""
    graph = connect_layers(split_frames(read_hits(VALIDATION), per_frame=50)[0])
    network = load_method("line-graph-ptt")
    with torch.no_grad():
        return network(network.prepare(graph))


@pytest.mark.parametrize(
    "options",
    [
        {"semantics": "max_cardinality"},
        {"semantics": "with_unmatched", "unmatched_cost": 0.5},
        {"semantics": "with_unmatched", "unmatched_cost": 0.02},
    ],
)
@pytest.mark.parametrize("blur", [0.0, 5.0, 50.0])
def test_all_backends_agree_on_a_real_frame(real_scores: EdgeScores, options, blur: float):
    graph = real_scores.graph
    noise = random_scores(graph, 5, spread=blur).logit
    cost = EdgeScores(graph=graph, logit=real_scores.logit + noise).cost

    def objective(backend: Backend) -> tuple[int, float]:
        selected = Assigner(**options, backend=backend).choose(cost, graph=graph)
        matches = int(selected.sum())
        saved = matches * options.get("unmatched_cost", 0)
        return matches * (options["semantics"] == "max_cardinality"), float(
            cost[selected].sum()
        ) - saved

    matches, value = objective("scipy")
    for backend in get_args(Backend):
        assert objective(backend) == (matches, pytest.approx(value, abs=1e-9))


@given(
    seed=SEED,
    shift=st.sampled_from([1e-4, 0.1, 10.0]),
    unmatched_cost=st.none() | st.floats(0.05, 1),
)
def test_the_start_changes_no_solution(
    random_hits: Callable[..., Hits], seed: int, shift: float, unmatched_cost: float | None
):
    graph = connect_layers(random_hits(seed, n_hits=40, width=8.0))
    assigner = Assigner(
        semantics="max_cardinality" if unmatched_cost is None else "with_unmatched",
        unmatched_cost=unmatched_cost,
    )
    cost = random_scores(graph, seed).cost
    earlier = cost + shift * random_scores(graph, seed + 1).logit
    start = assigner.solve(earlier, graph=graph)
    selected = assigner.solve(cost, graph=graph, start=start).selected
    assert torch.equal(selected, assigner.choose(cost, graph=graph))


@given(seed=SEED, unmatched_cost=st.none() | st.floats(0.05, 1))
def test_margins_are_zero_where_edges_are_chosen_and_never_negative(
    random_hits: Callable[..., Hits], seed: int, unmatched_cost: float | None
):
    graph = connect_layers(random_hits(seed, n_hits=40, width=8.0))
    cost = random_scores(graph, seed).cost
    assigner = Assigner(
        semantics="max_cardinality" if unmatched_cost is None else "with_unmatched",
        unmatched_cost=unmatched_cost,
    )
    solution = assigner.solve(cost, graph=graph)
    assert solution.upstream_dual is not None
    assert solution.downstream_dual is not None
    downstream, upstream = graph.edge_index
    margin = cost - solution.upstream_dual[upstream] - solution.downstream_dual[downstream]
    assert bool((margin > -1e-9).all())
    assert bool((margin[solution.selected].abs() < 1e-9).all())


def test_the_duals_of_reject_add_up_to_its_objective(real_scores: EdgeScores):
    cost, graph = real_scores.cost, real_scores.graph
    solution = Assigner(semantics="with_unmatched", unmatched_cost=0.3).solve(cost, graph=graph)
    assert solution.upstream_dual is not None
    assert solution.downstream_dual is not None
    chosen = solution.selected
    ends = len(graph.edge_index[1].unique()) - int(chosen.sum())
    total = float(solution.upstream_dual.sum() + solution.downstream_dual.sum())
    assert total == pytest.approx(float(cost[chosen].sum()) + 0.3 * ends, abs=1e-9)


def test_other_backends_tell_no_duals_and_ignore_the_start(straight_tracks: Callable[..., Hits]):
    graph = connect_layers(straight_tracks(3))
    cost = random_scores(graph, 3).cost
    start = Assigner().solve(cost, graph=graph)
    solution = Assigner(backend="scipy").solve(cost, graph=graph, start=start)
    assert solution.upstream_dual is solution.downstream_dual is None
    assert torch.equal(solution.selected, start.selected)
    # Nor can they be started from.
    again = Assigner().solve(cost, graph=graph, start=solution)
    assert torch.equal(again.selected, start.selected)


@given(seed=SEED, n_hits=st.integers(1, 30))
def test_full_is_refused_for_the_first_layers_that_it_cannot_match(
    random_hits: Callable[..., Hits], seed: int, n_hits: int
):
    graph = connect_layers(random_hits(seed, n_hits=n_hits, width=6.0))
    scores = random_scores(graph, seed)
    try:
        expected = Assigner(semantics="perfect", backend="scipy")(scores)
    except AssignmentError as error:
        with pytest.raises(AssignmentError, match=str(error)):
            Assigner(semantics="perfect", backend="sparse")(scores)
    else:
        selected = Assigner(semantics="perfect", backend="sparse")(scores).selected
        assert torch.equal(selected, expected.selected)


@pytest.mark.parametrize("backend", get_args(Backend))
def test_costs_and_starts_of_another_graph_are_refused(
    backend: Backend, straight_tracks: Callable[..., Hits]
):
    graph, other = connect_layers(straight_tracks(3)), connect_layers(straight_tracks(4))
    cost = torch.zeros(graph.n_edges)
    with pytest.raises(AssignmentError, match=f"each of {graph.n_edges} edges"):
        Assigner(backend=backend).choose(cost[1:], graph=graph)
    with pytest.raises(AssignmentError, match="edge 1 costs nan"):
        Assigner(backend=backend).choose(
            cost.index_fill(0, torch.tensor([1]), torch.nan), graph=graph
        )
    start = Assigner().solve(torch.zeros(other.n_edges), graph=other)
    with pytest.raises(AssignmentError, match=r"24 hits, to start from, got one with 32"):
        Assigner().solve(cost, graph=graph, start=start)


@pytest.mark.parametrize("backend", get_args(Backend))
def test_the_layout_of_the_costs_in_memory_does_not_matter(
    backend: Backend, straight_tracks: Callable[..., Hits]
):
    graph = connect_layers(straight_tracks(5, spacing=1.0))
    cost = random_scores(graph, 8).cost
    every_second = torch.stack([cost, cost], dim=1)[:, 0]
    assigner = Assigner(backend=backend)
    selected = assigner.choose(cost, graph=graph)
    assert torch.equal(assigner.choose(every_second, graph=graph), selected)
