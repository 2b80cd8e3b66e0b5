"""Soft tracks: expectations against all sets of tracks, decisions where there is no doubt."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from trackscape.data import Hits, Tracks
from trackscape.errors import DataError
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.imaging import (
    Recipe,
    beliefs_of,
    expectations,
    read_calibration,
    read_track_table,
    soft_rows,
    track_rows,
    track_scan,
    tracks_with_probability,
)
from trackscape.imaging.truth import true_tracks
from trackscape.samples import VALIDATION
from trackscape.scoring import TrackModel
from trackscape.scoring.track_model import follow_potential
from trackscape.scoring.track_model.potentials import END, START
from trackscape.simulation import load_scan_settings, read_scan, simulate_scan
from trackscape.tracking import accept, load_tracker, network_tracker

CALIBRATION = read_calibration()
DEPTH = [225.2, 277.6, *(333.4 + 5.5 * np.arange(6))]
# Hits (x in mm, layer, deposit in MeV) whose segments make a tree.
TREES = [
    [(0, 0, 0.01), (0, 1, 0.01), (0, 2, 0.02), (0, 3, 0.03), (-1, 4, 0.1), (1, 4, 0.3)],
    [(-5, 0, 0.01), (5, 0, 0.02), (0, 1, 0.01), (0, 2, 0.02), (0, 3, 0.07), (0, 4, 0.12)],
    [
        *((0, 0, 0.01), (0, 1, 0.01), (0, 2, 0.02), (0, 3, 0.03), (0, 4, 0.09)),
        *((-2, 5, 0.2), (2, 5, 0.05), (-4, 6, 0.15)),
    ],
]


def tree(hits: list[tuple[float, int, float]]) -> Hits:
    x, layer, energy = (torch.tensor(column) for column in zip(*hits, strict=True))
    z = torch.tensor(DEPTH)[layer]
    position = torch.stack([x.double(), torch.zeros(len(hits)), z], dim=1)
    return Hits(position=position, energy=energy.double(), layer=layer)


def model(seed: int) -> TrackModel:
    torch.manual_seed(seed)
    network = TrackModel(hidden=8, rounds=8).double().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.7 * torch.randn_like(parameter)
        network.potentials[-1].bias[2] += 9.0  # tracks are about as likely as none
    return network


def enumerated(scores, first: int) -> dict[str, float]:
    """Probability and moments of the accepted tracks that begin with a segment, over all sets."""
    graph, hits = scores.triplets, scores.graph.hits
    downstream, upstream = scores.graph.edge_index.tolist()
    owner = torch.repeat_interleave(graph.triplet_ptr.diff())
    values = follow_potential(
        scores.potentials,
        downstream=owner,
        upstream=graph.upstream,
        slope_change_sq=graph.slope_change_sq,
    )
    both = zip(graph.upstream.tolist(), owner.tolist(), strict=True)
    pairs = dict(zip(both, values.tolist(), strict=True))
    total = with_first = 0.0
    sums = np.zeros(3)
    for bits in itertools.product((False, True), repeat=len(downstream)):
        edges = [edge for edge, bit in enumerate(bits) if bit]
        ends, begins = [downstream[e] for e in edges], [upstream[e] for e in edges]
        if len(set(ends)) < len(edges) or len(set(begins)) < len(edges):
            continue
        weight, behind = 1.0, {}
        for edge in edges:
            before = [other for other in edges if downstream[other] == upstream[edge]]
            if before:
                behind[before[0]] = edge
                weight *= math.exp(pairs.get((before[0], edge), -math.inf))
            else:
                weight *= math.exp(float(scores.potentials[edge, START]))
        for edge in set(edges) - set(behind):
            weight *= math.exp(float(scores.potentials[edge, END]))
        total += weight
        if first not in edges:
            continue
        with_first += weight
        chain, edge = [upstream[first], downstream[first]], first
        while edge in behind:
            edge = behind[edge]
            chain.append(downstream[edge])
        offset = torch.tensor([0, len(chain)])
        track = accept(Tracks(hits=hits, index=torch.tensor(chain), offset=offset))
        if len(track):
            row = track_rows(track, calibration=CALIBRATION)[0]
            wepl, sd = float(row["wepl"]), float(row["wepl_sd"])
            sums += weight * np.array([1.0, wepl, wepl**2 + sd**2])
    accepted, mean, square = sums / np.array([with_first, sums[0], sums[0]])
    sd = math.sqrt(square - mean**2)
    return {"belief": with_first / total, "accepted": accepted, "wepl": mean, "wepl_sd": sd}


@pytest.mark.parametrize("hits", TREES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_expectations_on_a_tree_are_those_over_all_sets_of_tracks(hits, seed) -> None:
    network = model(seed)
    with torch.no_grad():
        scores = network(network.prepare(network.connect(tree(hits))))
    assert scores.graph.n_edges == len(hits) - 1
    beliefs = beliefs_of(network_tracker(network), scores)
    found = expectations(scores, beliefs, calibration=CALIBRATION)
    _, upstream = scores.graph.edge_index
    for first in (scores.graph.hits.layer[upstream] == 0).nonzero()[:, 0].tolist():
        exact = enumerated(scores, first)
        assert beliefs.segment[first] == pytest.approx(exact.pop("belief"), abs=1e-10)
        for name, value in exact.items():
            assert found[name][first] == pytest.approx(value, rel=1e-10), name
        assert 1e-6 < exact["accepted"] < 1


def test_tracks_that_go_on_are_shared_out_completely() -> None:
    frame = split_frames(read_hits(VALIDATION), per_frame=100)[0].sorted_by_layer()
    tracker = load_tracker()
    scores = tracker.scorer.score(frame)
    beliefs = beliefs_of(tracker, scores)
    upstream = scores.triplets.upstream.numpy()
    shared = np.bincount(upstream, beliefs.follow, minlength=scores.graph.n_edges)
    assert beliefs.end + shared == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("missing", [(), (3, 9), (1, 6, 14)])
def test_without_doubt_rows_are_those_of_decided_tracks(straight_tracks, missing) -> None:
    hits = straight_tracks(6, n_layers=20, spacing=15.0)
    if missing:  # holes in one track, over which the tracker goes on
        track, *layers = missing
        gone = (hits.truth.event == track) & torch.isin(hits.layer, torch.tensor(layers))
        hits = hits.select(~gone)
    tracker = load_tracker()
    tracks, probability = tracks_with_probability(tracker, hits)
    decided = track_rows(tracks, calibration=CALIBRATION, frame=3, angle=40.0)
    soft = soft_rows(tracker, hits, calibration=CALIBRATION, frame=3, angle=40.0)
    assert probability.min() > 0.9
    assert len(soft) == len(decided) == 6
    soft, decided = (np.sort(rows, order="posX") for rows in (soft, decided))
    decided["hits"] = 20  # holes count
    for name in set(decided.dtype.names) - {"track", "probability", "right"}:
        assert soft[name] == pytest.approx(decided[name], rel=1e-3, abs=1e-3), name


def test_there_are_as_many_soft_tracks_as_true_ones() -> None:
    hits, tracker = read_hits(VALIDATION), load_tracker()
    frames = split_frames(hits, per_frame=200)[:2]
    found = [soft_rows(tracker, frame, calibration=CALIBRATION) for frame in frames]
    true = track_rows(true_tracks(hits), calibration=CALIBRATION)
    events = np.concatenate([frame.known_truth.event.numpy() for frame in frames])
    number = (np.isfinite(true["slopeX"]) & np.isin(true["event"], events)).sum()
    soft = np.concatenate(found)
    assert soft["probability"].sum() == pytest.approx(number, rel=0.03)
    assert soft["probability"].max() <= 1.0
    # A hit is on one track at most.
    for rows in found:
        _, hit = np.unique(rows["posX"], return_inverse=True)
        assert np.bincount(hit, rows["probability"]).max() < 1 + 1e-6


def test_what_has_no_beliefs_is_refused(straight_tracks) -> None:
    for name in ("track-follower", "line-graph-ptt"):
        with pytest.raises(DataError, match=r"such as trackscape, got .*; take that one"):
            soft_rows(load_tracker(name), straight_tracks(3), calibration=CALIBRATION)


def test_no_hits_give_no_rows() -> None:
    hits = Hits(position=torch.zeros(0, 3), energy=torch.zeros(0), layer=torch.zeros(0).long())
    assert len(soft_rows(load_tracker(), hits, calibration=CALIBRATION)) == 0


def test_tables_of_soft_and_of_decided_tracks_are_never_mixed(tmp_path: Path) -> None:
    (tmp_path / "scan.yaml").write_text(
        "phantom: ctp404\nangles: {step: 120, number: 3}\nspots: {columns: 3, pitch: 40}\n"
        "primaries: 60\n"
    )
    simulate_scan(load_scan_settings(tmp_path / "scan.yaml"), tmp_path / "scan")
    scan = read_scan(tmp_path / "scan")
    decided = Recipe("mine", network_tracker(model(0).float()), 10, CALIBRATION)
    for recipe in (decided, decided._replace(soft=True), decided):
        tables = track_scan(scan, recipe, tmp_path / "tables")
        _, about = read_track_table(tables.paths[0])
        assert about.get("soft", False) == recipe.soft
    truth = decided._replace(tracker=None, soft=True)
    with pytest.raises(DataError, match=r"such as trackscape, got .*; take that one"):
        track_scan(scan, truth, tmp_path / "others")
    assert not (tmp_path / "others").exists()
