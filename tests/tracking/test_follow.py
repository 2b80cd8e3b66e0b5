"""Chains of segments against a literal walk from hit to hit."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.data import Assignment, HitGraph, Hits
from trackscape.errors import DataError
from trackscape.graph_construction import connect_layers
from trackscape.tracking import follow

SEED = st.integers(0, 2**31)


def random_matching(graph: HitGraph, seed: int, *, share: float) -> Assignment:
    """Takes edges in random order wherever both ends are free; leaves some of them out."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(graph.n_edges, generator=generator)
    wanted = torch.rand(graph.n_edges, generator=generator) < share
    selected = torch.zeros(graph.n_edges, dtype=torch.bool)
    taken: set[tuple[str, int]] = set()
    for edge in order[wanted].tolist():
        down, up = graph.edge_index[:, edge].tolist()
        ends = {("upstream of", down), ("downstream of", up)}
        if not ends & taken:
            taken |= ends
            selected[edge] = True
    return Assignment(graph=graph, selected=selected)


def walk(assignment: Assignment) -> list[list[int]]:
    """Chains from every hit that nothing leads to, one step after the other."""
    edges = assignment.graph.edge_index[:, assignment.selected].T.tolist()
    behind = {up: down for down, up in edges}
    chains: list[list[int]] = []
    for hit in range(len(assignment.graph.hits)):
        if hit not in behind.values():
            chains.append([hit])
            while chains[-1][-1] in behind:
                chains[-1].append(behind[chains[-1][-1]])
    return chains


@given(
    seed=SEED, n_hits=st.integers(0, 50), share=st.sampled_from([0.0, 0.5, 1.0]), deep=st.booleans()
)
def test_chains_are_those_of_a_literal_walk(
    random_hits: Callable[..., Hits], seed: int, n_hits: int, share: float, deep: bool
):
    # Many hits of few layers, or few hits of many layers: long chains.
    width, n_layers = (1.0, 17) if deep else (8.0, 5)
    hits = random_hits(seed, n_hits=n_hits, n_layers=n_layers, width=width)
    assignment = random_matching(connect_layers(hits), seed, share=share)
    tracks = follow(assignment)
    assert [chain.tolist() for chain in tracks] == walk(assignment)
    assert sorted(tracks.index.tolist()) == list(range(n_hits))
    layer = tracks.hits.layer
    assert all(layer[chain].tolist() == sorted(set(layer[chain].tolist())) for chain in tracks)
    assert tracks.hits is assignment.graph.hits


@pytest.mark.parametrize("n_layers", [1, 2, 3, 4, 5, 8, 9, 16, 17, 43])
def test_chains_of_any_length_are_followed_to_their_end(
    straight_tracks: Callable[..., Hits], n_layers: int
):
    graph = connect_layers(straight_tracks(3, n_layers=n_layers, spacing=100.0))
    everything = Assignment(graph=graph, selected=torch.ones(graph.n_edges, dtype=torch.bool))
    tracks = follow(everything)
    assert [chain.tolist() for chain in tracks] == [
        [3 * layer + track for layer in range(n_layers)] for track in range(3)
    ]


@pytest.mark.parametrize("n_hits", [0, 1, 4])
def test_hits_without_segments_are_tracks_of_their_own(
    random_hits: Callable[..., Hits], n_hits: int
):
    graph = connect_layers(random_hits(2, n_hits=n_hits, n_layers=1))
    tracks = follow(Assignment(graph=graph, selected=torch.zeros(0, dtype=torch.bool)))
    assert [chain.tolist() for chain in tracks] == [[hit] for hit in range(n_hits)]


@pytest.mark.parametrize("layers", [[4, 4, 5], [4, 5, 5]])
def test_two_partners_on_one_side_are_refused(layers: list[int]):
    hits = Hits(position=torch.zeros(3, 3), energy=torch.ones(3), layer=torch.tensor(layers))
    graph = connect_layers(hits)
    assert graph.n_edges == 2
    with pytest.raises(DataError, match=r"at most one on each side .* segment 1, from hit"):
        follow(Assignment(graph=graph, selected=torch.ones(2, dtype=torch.bool)))


@pytest.mark.parametrize("edge", [(0, 1), (1, 1), (2, 0), (1, -1)])
def test_segments_that_do_not_lead_downstream_are_refused(edge: tuple[int, int]):
    hits = Hits(position=torch.zeros(2, 3), energy=torch.ones(2), layer=torch.tensor([4, 5]))
    graph = HitGraph(hits=hits, edge_index=torch.tensor(edge)[:, None])
    with pytest.raises(DataError, match=f"from hit {edge[1]} to hit {edge[0]}, does not fit"):
        follow(Assignment(graph=graph, selected=torch.ones(1, dtype=torch.bool)))
