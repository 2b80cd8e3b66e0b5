"""Labels and the ceiling of a graph by counting."""

import dataclasses
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.data import Hits
from trackscape.errors import DataError
from trackscape.graph_construction import connect_layers
from trackscape.graph_construction.labels import Ceiling, edge_labels, graph_ceiling


def count_ceiling(hits: Hits, edges: set[tuple[int, int]]) -> Ceiling:
    """Counts by a loop over all pairs of hits."""
    event, layer = hits.known_truth.event.tolist(), hits.layer.tolist()
    count = {"tracker_true": 0, "tracker_kept": 0, "calorimeter_true": 0, "calorimeter_kept": 0}
    for a in range(len(hits)):
        for b in range(len(hits)):
            if event[a] == event[b] and layer[a] == layer[b] + 1:
                region = "tracker" if layer[b] < hits.n_trackers else "calorimeter"
                count[f"{region}_true"] += 1
                count[f"{region}_kept"] += (a, b) in edges
    return Ceiling(**count)


@given(
    seed=st.integers(0, 2**31),
    n_hits=st.integers(0, 40),
    first_layer=st.integers(0, 3),
    cut=st.floats(0.05, 1.2),
    n_trackers=st.integers(0, 3),
)
def test_labels_and_ceiling_are_those_of_all_pairs(
    random_hits: Callable[..., Hits],
    seed: int,
    n_hits: int,
    first_layer: int,
    cut: float,
    n_trackers: int,
):
    hits = random_hits(seed, n_hits=n_hits, first_layer=first_layer)
    hits = dataclasses.replace(hits, n_trackers=n_trackers)
    graph = connect_layers(hits, calorimeter_cut=cut, tracker_cut=cut)
    edges = {(a, b) for a, b in graph.edge_index.T.tolist()}
    assert graph_ceiling(graph) == count_ceiling(graph.hits, edges)
    event = graph.hits.known_truth.event.tolist()
    label = edge_labels(graph)
    assert label.dtype == torch.float32
    assert label.tolist() == [event[a] == event[b] for a, b in graph.edge_index.T.tolist()]


def test_the_ceiling_is_one_where_nothing_is_cut(straight_tracks: Callable[..., Hits]):
    ceiling = graph_ceiling(connect_layers(straight_tracks(5, n_layers=8)))
    assert (ceiling.tracker_true, ceiling.calorimeter_true) == (5 * 2, 5 * 5)
    assert (ceiling.tracker_kept, ceiling.calorimeter_kept) == (5 * 2, 5 * 5)
    assert ceiling.total == 1.0


def test_the_ceiling_is_one_where_nothing_is_true(straight_tracks: Callable[..., Hits]):
    ceiling = graph_ceiling(connect_layers(straight_tracks(1, n_layers=0)))
    assert ceiling == Ceiling(
        tracker_true=0, tracker_kept=0, calorimeter_true=0, calorimeter_kept=0
    )
    assert ceiling.total == 1.0


def test_ceilings_add_up():
    first = Ceiling(tracker_true=4, tracker_kept=3, calorimeter_true=10, calorimeter_kept=8)
    second = Ceiling(tracker_true=6, tracker_kept=6, calorimeter_true=0, calorimeter_kept=0)
    total = first + second
    assert total == Ceiling(
        tracker_true=10, tracker_kept=9, calorimeter_true=10, calorimeter_kept=8
    )
    assert total.total == 17 / 20


def test_a_secondary_counts_as_its_primary(straight_tracks: Callable[..., Hits]):
    hits = straight_tracks(1, n_layers=4)
    truth = hits.known_truth
    truth.track[2:], truth.parent[2:] = 2, 1
    assert edge_labels(connect_layers(hits)).tolist() == [1, 1, 1]


def test_measured_hits_have_no_labels(straight_tracks: Callable[..., Hits]):
    hits = straight_tracks(1)
    measured = Hits(position=hits.position, energy=hits.energy, layer=hits.layer)
    with pytest.raises(DataError, match="no truth"):
        edge_labels(connect_layers(measured))
