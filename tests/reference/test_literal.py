"""Checks of the literal implementation itself against numbers worked out by hand."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from reference import literal_assignment as assignment
from reference import literal_graph as graph
from reference import literal_hits as hits_of
from reference import literal_network as network
from reference import literal_tracks as tracking
from reference.literal_hits import Hit

FIELDS = [
    *[(name, "f4") for name in ("posX", "posY", "posZ", "edep")],
    *[(name, "i4") for name in ("eventID", "trackID", "parentID", "level1ID", "level2ID")],
]
COST = st.floats(0.0, 1.0) | st.sampled_from([0.0, 0.25, 0.5, 1.0])
PROBLEM = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), COST, max_size=14)


def straight_track(
    event: int, *, x: float, layers: range, slope: float = 0.0, edep: float = 0.1, track: int = 1
) -> list[Hit]:
    """Hits of one particle, 10 mm apart along the beam; secondaries have track > 1."""
    return [
        Hit(
            event=event,
            track=track,
            parent=track - 1,
            layer=layer,
            edep=edep,
            x=x + slope * layer,
            y=0.0,
            z=10.0 * layer,
        )
        for layer in layers
    ]


def make_rows(*values: tuple[float, ...], spots: bool = False) -> NDArray[np.void]:
    extra = [("spotX", "f4"), ("spotY", "f4")] if spots else []
    return np.array(list(values), dtype=FIELDS + extra)


# rows -> frames


@pytest.mark.parametrize(
    ("edep", "size"), [(0.0, 0), (0.0025, 1), (0.0055, 2), (0.025, 4), (0.060, 7), (1.0, 46)]
)
def test_cluster_sizes(edep: float, size: int):
    # 25 keV fire 4.2267 pixels; 2.5 keV 4.2267 * 0.1^0.65 = 0.946; 60 keV 4.2267 * 2.4^0.65 = 7.467
    assert hits_of.cluster_size(edep) == size


def test_rows_of_one_particle_in_one_layer_merge():
    rows = make_rows(
        (0, 2, 330, 0.02, 7, 1, 0, 0, 0),
        (4, 4, 332, 0.03, 7, 1, 0, 0, 0),
        (9, 9, 330, 0.01, 7, 2, 1, 0, 0),
        (9, 9, 225, 0.01, 7, 1, 0, 0, -1),
    )
    first, second, third = hits_of.merge_rows(rows)
    assert (first.x, first.y, first.z, first.layer) == (2, 3, 331, 2)
    assert first.edep == pytest.approx(0.05)
    assert (second.track, second.primary, second.layer) == (2, False, 2)
    assert third.layer == 0


def test_frames_count_events_with_a_row_and_leave_the_rest_out():
    # Event 1 left nothing, event 2 only a cluster that is too small, event 9 is one too many.
    rows = make_rows(
        *[(0, 0, 225, edep, event, 1, 0, 0, -1) for event, edep in
          ((5, 0.1), (0, 0.1), (2, 0.001), (3, 0.1), (9, 0.1))]
    )  # fmt: skip
    frames = hits_of.make_frames(rows, 2)
    assert [[hit.event for hit in frame] for frame in frames] == [[0], [3, 5]]


def test_frames_stay_within_a_beam_spot():
    values = [(spot + 0.5, 0, 225, 0.1, event, 1, 0, 0, -1, spot, 0)
              for event, spot in enumerate((0, 10, 0, 10, 10))]  # fmt: skip
    frames = hits_of.make_frames(make_rows(*values, spots=True), 2)
    assert [[hit.event for hit in frame] for frame in frames] == [[0, 2], [1, 3]]
    assert {hit.x for frame in frames for hit in frame} == {0.5}


@pytest.mark.parametrize(
    ("layers", "kept", "kept_by_published_code"),
    [
        ((0, 1, 2, 4, 5), [0, 1, 2], [0, 1]),
        ((0, 1, 2), [0, 1, 2], [0, 1, 2]),
        ((1, 2, 5), [1, 2], [1]),
    ],
)
def test_hits_behind_a_gap_are_dropped(
    layers: tuple[int, ...], kept: list[int], kept_by_published_code: list[int]
):
    hits = [straight_track(0, x=0.0, layers=range(layer, layer + 1))[0] for layer in layers]
    assert [hit.layer for hit in hits_of.drop_behind_gap(hits)] == kept
    published = hits_of.drop_behind_gap(hits, drop_last_connected=True)
    assert [hit.layer for hit in published] == kept_by_published_code


# hits -> graphs


def test_two_crossing_tracks_give_all_edges_and_pairs():
    hits = hits_of.sort_hits(
        straight_track(0, x=-1.0, slope=1.0, layers=range(3))
        + straight_track(1, x=1.0, slope=-1.0, layers=range(3))
    )
    edges = graph.make_edges(hits)
    assert edges == [(2, 0), (2, 1), (3, 0), (3, 1), (4, 2), (4, 3), (5, 2), (5, 3)]
    assert graph.label_edges(hits, edges) == [1, 0, 0, 1, 1, 0, 0, 1]
    pairs = graph.make_pairs(edges)
    assert pairs == [(4, 0), (4, 1), (5, 2), (5, 3), (6, 0), (6, 1), (7, 2), (7, 3)]
    angles = graph.pair_angles(hits, edges, pairs)
    assert angles[0] == 0.0  # 0 -> 0 -> 0 is straight
    assert angles[1] == pytest.approx(2 * math.atan(0.1))  # bends from slope -1/10 to +1/10
    assert graph.ceiling(hits) == {
        "tracker": 1.0,
        "calorimeter": pytest.approx(math.nan, nan_ok=True),
    }


def test_cuts_are_sharper_up_to_the_first_calorimeter_layer():
    # tan 0.3 rad = 0.309: the tracker gaps 0-1 and 1-2 lose the segments, 2-3 and 3-4 keep them.
    hits = straight_track(0, x=0.0, slope=3.09, layers=range(5))
    assert graph.make_edges(hits) == [(3, 2), (4, 3)]
    assert graph.count_true_segments(hits) == {"tracker": (0, 2), "calorimeter": (2, 2)}
    steep = straight_track(0, x=0.0, slope=10 * math.tan(0.4001), layers=range(5))
    assert graph.make_edges(steep) == []
    assert graph.ceiling(steep) == {"tracker": 0.0, "calorimeter": 0.0}


def test_encoding_of_a_quarter_turn():
    angle = graph.angle_between((1.0, 0.0, 0.0), (0.0, 2.0, 0.0))
    row = graph.encode_angles([angle])[0]
    root = math.sqrt(math.pi / 2)
    assert row[:2] == pytest.approx([math.sin(root), math.cos(root)])
    fastest = 0.001 ** (-126 / 128)  # w_63 = 897.7
    assert row[126:] == pytest.approx([math.sin(root * fastest), math.cos(root * fastest)])


def test_features_are_in_the_published_order():
    hits = [
        Hit(event=0, track=1, parent=0, layer=2, edep=0.06, x=100.0, y=-50.0, z=330.0),
        Hit(event=0, track=1, parent=0, layer=3, edep=0.1, x=103.0, y=-46.0, z=342.0),
    ]
    edges = graph.make_edges(hits)
    assert graph.line_graph_features(hits, edges).tolist() == [
        [0.1, 0.06, 103.0, -46.0, 342.0, 100.0, -50.0, 330.0]
    ]
    assert graph.hit_features(hits)[0] == pytest.approx([7 / 7.966873, 0.1, -0.05, 330.0])
    assert graph.edge_features(hits, edges)[0] == pytest.approx(
        [13.0, math.atan2(4, 3), math.acos(12 / 13)]
    )


# graphs -> scores


@pytest.mark.parametrize(
    ("widths", "parameters"),
    [(network.LINE_GRAPH_WIDTHS, 4_961), (network.HIT_GRAPH_WIDTHS, 39_839)],
)
def test_networks_have_the_published_number_of_parameters(
    widths: dict[str, tuple[int, ...]], parameters: int
):
    drawn = network.random_network(widths, np.random.default_rng(0))
    assert network.count_parameters(drawn) == parameters


def test_layers_by_hand():
    x = np.array([[1.0], [3.0]])
    norm = ("batchnorm", np.array([2.0]), np.array([1.0]), np.array([5.0]), np.array([4.0]), 0.0)
    stored = network.run_block([norm, ("leakyrelu", 0.01)], x, training=False)
    assert stored.tolist() == [[-0.03], [-0.01]]
    assert network.run_block([norm], x, training=True).tolist() == [[-1.0], [3.0]]


def test_line_graph_messages_go_both_ways_and_the_largest_counts():
    # R1 passes x_source - encoding, O passes the message, R2 multiplies by 10.
    blocks: network.Network = {
        "R1": [("linear", np.array([[0.0, 1.0, -1.0]]), np.zeros(1))],
        "O": [("linear", np.array([[0.0, 1.0]]), np.zeros(1))],
        "R2": [("linear", np.array([[10.0]]), np.zeros(1))],
    }
    x = np.array([[1.0], [2.0], [4.0], [8.0]])
    encoding = np.array([[0.5], [7.0]])
    logits = network.score_line_graph(blocks, x, [(0, 1), (0, 2)], encoding)
    # Node 0 hears 2 - 0.5 and 4 - 7; node 1 hears 1 - 0.5; node 2 hears 1 - 7; node 3 nothing.
    assert logits.tolist() == [15.0, 5.0, -60.0, 0.0]


def test_hit_graph_messages_go_upstream():
    # R1 passes x_source + e, O adds x and message, R2 takes 100 target + 10 source + message.
    blocks: network.Network = {
        "R1": [("linear", np.array([[0.0, 1.0, 1.0]]), np.zeros(1))],
        "O": [("linear", np.array([[1.0, 1.0]]), np.zeros(1))],
        "R2": [("linear", np.array([[100.0, 10.0, 1.0]]), np.zeros(1))],
    }
    x = np.array([[1.0], [2.0], [4.0]])
    logits = network.score_hit_graph(blocks, x, [(1, 0), (2, 0)], np.array([[0.5], [0.25]]))
    # Hit 0 hears 2.5 and 4.25 and becomes 5.25; hits 1 and 2 hear nothing and stay 2 and 4.
    assert logits.tolist() == [525 + 20 + 2.5, 525 + 40 + 4.25]


# scores -> assignment


def test_most_pairs_come_before_the_smallest_cost():
    costs = {(0, 0): 0.0, (0, 1): 0.9, (1, 0): 0.9}
    crossed = {(0, 1), (1, 0)}
    assert assignment.solve(costs) == crossed
    assert assignment.enumerate_most_then_cheapest(costs) == crossed
    # Two pairs cost 1.8; one pair and one row left over cost 0 + reject.
    assert assignment.solve(costs, reject=1.7) == {(0, 0)}
    assert assignment.enumerate_reject(costs, 1.7, n_rows=2) == {(0, 0)}
    assert assignment.solve(costs, reject=1.9) == crossed
    assert assignment.enumerate_full(costs, n_rows=2, n_columns=2) == crossed
    assert assignment.enumerate_full(costs, n_rows=3, n_columns=3) is None


def test_there_are_34_matchings_of_three_rows_and_columns():
    costs = {(row, column): 0.0 for row in range(3) for column in range(3)}
    matchings = list(assignment.enumerate_matchings(costs))
    assert len(matchings) == len(set(matchings)) == 1 + 9 + 18 + 6


@settings(deadline=None)
@given(costs=PROBLEM)
def test_augmenting_paths_find_what_enumeration_and_big_m_find(costs: assignment.Costs):
    found = assignment.solve(costs)
    best = assignment.enumerate_most_then_cheapest(costs)
    dense = np.full((5, 5), 100.0)
    for pair, cost in costs.items():
        dense[pair] = cost
    rows, columns = linear_sum_assignment(dense)
    big_m = [pair for pair in zip(rows, columns, strict=True) if pair in costs]
    assert len(found) == len(best) == len(big_m)
    total = pytest.approx(assignment.total_cost(costs, best))
    assert assignment.total_cost(costs, found) == total
    assert assignment.total_cost(costs, frozenset(big_m)) == total


@settings(deadline=None)
@given(costs=PROBLEM, reject=COST)
def test_augmenting_paths_reject_as_enumeration_does(costs: assignment.Costs, reject: float):
    found = assignment.solve(costs, reject=reject)
    best = assignment.enumerate_reject(costs, reject, n_rows=5)
    price = assignment.total_cost(costs, found) - reject * len(found)
    assert price == pytest.approx(assignment.total_cost(costs, best) - reject * len(best))


def test_layers_of_a_frame_are_assigned_on_their_own():
    hits = hits_of.sort_hits(
        straight_track(0, x=0.0, layers=range(3)) + straight_track(1, x=1.0, layers=range(3))
    )
    edges = graph.make_edges(hits)
    labels = graph.label_edges(hits, edges)
    costs = [0.2 if label else 0.9 for label in labels]
    assert assignment.assign_frame(hits, edges, costs) == [bool(label) for label in labels]
    assert not any(assignment.assign_frame(hits, edges, costs, reject=0.1))


# assignment -> tracks -> metrics


def test_chains_run_from_the_first_layer_and_keep_single_hits():
    edges = [(3, 0), (4, 1), (5, 3), (4, 0)]
    assert tracking.chain(6, edges, [True, True, True, False]) == [[0, 3, 5], [1, 4], [2]]


def test_filter_wants_five_hits_and_a_large_last_deposit():
    hits = straight_track(0, x=0.0, layers=range(6))
    hits += straight_track(1, x=9.0, layers=range(5), edep=0.0625)
    all_six, four, small = [0, 1, 2, 3, 4, 5], [0, 1, 2, 3], [6, 7, 8, 9, 10]
    assert tracking.accept(hits, [all_six, four, small]) == [all_six]


def test_metrics_of_a_frame_with_every_kind_of_track():
    hits = straight_track(0, x=0.0, layers=range(6))  # 0-5: found but for its last hit
    hits += straight_track(1, x=1.0, layers=range(6))  # 6-11: found whole
    hits += straight_track(1, x=1.0, layers=range(5), track=2)  # 12-16: its secondary, found
    hits += straight_track(2, x=2.0, layers=range(5))  # 17-21: joined with hits of event 3
    hits += straight_track(3, x=3.0, layers=range(5))  # 22-26
    hits += straight_track(4, x=4.0, layers=range(3))  # 27-29: too short to be found
    tracks = [list(range(5)), list(range(6, 12)), list(range(12, 17)), [17, 18, 24, 25, 26]]
    metrics = tracking.measure(hits, tracks)
    assert metrics == tracking.Metrics(
        purity=2 / 3,  # the secondary does not count
        efficiency=2 / 4,  # events 0, 2, 3 and 4 are all primary
        reconstructable_efficiency=2 / 4,  # events 0 to 3 left enough
        complete_efficiency=1 / 4,  # only event 1
        accepted_purity=2 / 4,
    )
    assert tracking.measure([], []) == tracking.Metrics(
        purity=0, efficiency=0, reconstructable_efficiency=0, complete_efficiency=0,
        accepted_purity=0,
    )  # fmt: skip


def test_the_truth_reconstructs_the_truth():
    hits = hits_of.sort_hits(
        straight_track(0, x=-3.0, slope=1.0, layers=range(7))
        + straight_track(1, x=3.0, slope=-1.0, layers=range(7))
    )
    edges = graph.make_edges(hits)
    costs = [1.0 - label for label in graph.label_edges(hits, edges)]
    tracks = tracking.chain(len(hits), edges, assignment.assign_frame(hits, edges, costs))
    metrics = tracking.measure(hits, tracking.accept(hits, tracks))
    assert metrics == tracking.Metrics(
        purity=1, efficiency=1, reconstructable_efficiency=1, complete_efficiency=1,
        accepted_purity=1,
    )  # fmt: skip


# real frames


def read_frames(shared_data: Path, thickness: int) -> list[list[Hit]]:
    path = shared_data / "geant4" / f"water_{thickness}_val.npz"
    with np.load(path, allow_pickle=False) as file:
        return hits_of.make_frames(file["arr_0"], 100)


@pytest.mark.data
@pytest.mark.slow
def test_frames_have_the_known_sizes(shared_data: Path):
    # 2087 hits and 10444 edges on average behind 150 mm, spread over frames 53 and 1015.
    frames = read_frames(shared_data, 150)[:10]
    assert np.mean([len(hits) for hits in frames]) == pytest.approx(2087, abs=50)
    assert np.mean([len(graph.make_edges(hits)) for hits in frames]) == pytest.approx(
        10444, abs=960
    )


@pytest.mark.data
@pytest.mark.slow
def test_cuts_remove_the_known_share_of_true_segments(shared_data: Path):
    # Mean of the three files: 3.5 % at 0.2 rad in the trackers, 2.2 % at 0.4 rad behind them.
    lost: dict[str, list[float]] = {"tracker": [], "calorimeter": []}
    for thickness in (100, 150, 200):
        frames = [graph.count_true_segments(f) for f in read_frames(shared_data, thickness)]
        for region, shares in lost.items():
            kept, total = np.sum([frame[region] for frame in frames], axis=0)
            shares.append(1 - kept / total)
    assert np.mean(lost["tracker"]) == pytest.approx(0.035, abs=0.0005)
    assert np.mean(lost["calorimeter"]) == pytest.approx(0.022, abs=0.0005)
