"""The whole reconstruction: perfect scores give perfect tracks, and small frames do no harm."""

from collections.abc import Callable
from typing import final

import pytest
import torch

from trackscape.assignment import Assigner
from trackscape.data import EdgeScores, HitGraph, Hits, LineGraph
from trackscape.graph_construction.labels import edge_labels
from trackscape.scoring import Scorer, build_network
from trackscape.tracking import assign_hits, reconstruct

ASSIGNERS = [Assigner(), Assigner(semantics="with_unmatched", unmatched_cost=0.5)]


@final
class Oracle(Scorer):
    """Knows the truth."""

    def prepare(self, graph: HitGraph) -> HitGraph:
        return graph

    def forward(self, graph: HitGraph | LineGraph) -> EdgeScores:
        assert isinstance(graph, HitGraph)
        return EdgeScores(graph=graph, logit=40 * edge_labels(graph) - 20)


@pytest.mark.parametrize("assigner", ASSIGNERS, ids=["card", "reject"])
@pytest.mark.parametrize("spacing", [10.0, 40.0])
def test_perfect_scores_give_all_tracks_back(
    straight_tracks: Callable[..., Hits], assigner: Assigner, spacing: float
):
    hits = straight_tracks(12, n_layers=9, spacing=spacing)
    order = torch.randperm(len(hits), generator=torch.Generator().manual_seed(8))
    tracks = reconstruct(hits.select(order), scorer=Oracle(), assigner=assigner)
    assert len(tracks) == 12
    assert tracks.length.tolist() == [9] * 12
    event = tracks.hits.known_truth.event
    assert sorted(event[tracks.first].tolist()) == list(range(12))
    assert all(len(event[chain].unique()) == 1 for chain in tracks)
    assert all(tracks.hits.layer[chain].tolist() == list(range(9)) for chain in tracks)


def test_tracks_that_end_are_cut_off_by_a_reject_cost(straight_tracks: Callable[..., Hits]):
    # Track 0 stops in layer 6, where a foreign hit waits behind it: card goes on, reject does not.
    hits = straight_tracks(1, n_layers=7)
    foreign = straight_tracks(1, n_layers=1, first_layer=7)
    foreign.known_truth.event[:] = 5
    x = hits.position[-1:, :1]
    both = Hits(
        position=torch.cat([hits.position, torch.cat([x, foreign.position[:, 1:]], dim=1)]),
        energy=torch.cat([hits.energy, foreign.energy]),
        layer=torch.cat([hits.layer, foreign.layer]),
        truth=type(hits.known_truth)(
            event=torch.cat([hits.known_truth.event, foreign.known_truth.event]),
            track=torch.ones(8).long(),
            parent=torch.zeros(8).long(),
        ),
    )
    lengths = [
        reconstruct(both, scorer=Oracle(), assigner=assigner).length.tolist()
        for assigner in ASSIGNERS
    ]
    assert lengths == [[8], [7]]


def points(*positions: tuple[float, float, float, int]) -> Hits:
    """Measured hits (x, y, z, layer), without truth."""
    return Hits(
        position=torch.tensor([point[:3] for point in positions]).float().view(-1, 3),
        energy=torch.full((len(positions),), 0.1),
        layer=torch.tensor([point[3] for point in positions], dtype=torch.int64),
    )


SMALL_FRAMES = {
    "no hit": points(),
    "one hit": points((1, 2, 300, 0)),
    "one layer": points((0, 0, 340, 3), (5, 5, 340, 3), (9, 0, 340, 3)),
    "two identical hits": points((1, 2, 340, 3), (1, 2, 340, 3)),
    "two identical hits in two layers": points((1, 2, 340, 3), (1, 2, 340, 4)),
    "a gap": points((0, 0, 340, 3), (0, 0, 351, 5)),
}


@pytest.mark.parametrize("kind", ["line_graph", "hit_graph"])
@pytest.mark.parametrize("assigner", ASSIGNERS, ids=["card", "reject"])
@pytest.mark.parametrize("case", SMALL_FRAMES)
def test_small_frames_have_no_tracks(kind: str, assigner: Assigner, case: str):
    hits = SMALL_FRAMES[case]
    tracks = reconstruct(hits, scorer=build_network(kind).eval(), assigner=assigner)
    assert len(tracks) == 0
    assert len(tracks.hits) == len(hits)


@pytest.mark.parametrize("kind", ["line_graph", "hit_graph"])
def test_measured_hits_need_no_truth(kind: str, straight_tracks: Callable[..., Hits]):
    hits = straight_tracks(3, spacing=100.0)
    measured = Hits(position=hits.position, energy=hits.energy, layer=hits.layer)
    network = build_network(kind).eval()
    # Lone tracks have one candidate for each hit, which card takes whatever the network says.
    assert len(reconstruct(measured, scorer=network, assigner=Assigner())) == 3
    assignment = assign_hits(measured, scorer=network, assigner=Assigner())
    assert bool(assignment.selected.all())
