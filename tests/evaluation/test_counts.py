"""Counts: against a slow count by hand, under relabelling, and in cases done in the head."""

import dataclasses
import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.data import Assignment, HitGraph
from trackscape.errors import DataError
from trackscape.evaluation.counts import HIT_BINS, count_frame

seeds = st.integers(0, 2**32 - 1)
at_leisure = settings(deadline=None, max_examples=50)  # a busy machine is no failure


def counts_by_hand(frame) -> dict:
    """Every count with loops over hits, tracks and events, from the definitions."""
    rows, count = frame.rows, Counter()
    particles = {}
    for row, (event, track, *_) in enumerate(rows):
        particles.setdefault((event, track), []).append(row)
    events = {event for event, *_ in rows}
    count["primary_events"] = sum(
        all(track == 1 for other, track, *_ in rows if other == event) for event in events
    )
    wanted = {
        particle
        for particle, own in particles.items()
        if particle[1] == 1
        and len(own) >= 5
        and rows[max(own, key=lambda r: rows[r][2])][3] > 0.0625
    }
    scored = {particle for particle, own in particles.items() if len(own) > 3}
    found, complete, majority = set(), set(), set()
    for chain in frame.tracks:
        owners = Counter(rows[row][:2] for row in chain)
        primary = all(track == 1 for _, track in owners)
        count["primary_tracks"] += primary
        count["correct_tracks"] += primary and len({event for event, _ in owners}) == 1
        particle, shared = owners.most_common(1)[0]
        n_hits = len(particles[particle])
        count["fake_tracks"] += shared / len(chain) <= 0.5
        if len(owners) == 1:
            found.add(particle)
            if shared == n_hits:
                complete.add(particle)
        if shared / len(chain) > 0.5 and shared / n_hits > 0.5:
            majority.add(particle)
            count["matched_hits"] += shared if particle in scored else 0
    bins = [*HIT_BINS, 1000]

    def histogram(some):
        return tuple(
            sum(low <= len(particles[particle]) < high for particle in some)
            for low, high in itertools.pairwise(bins)
        )

    for (a, b), selected in zip(frame.edges, frame.selected, strict=True):
        kind = "true_edges" if rows[a][0] == rows[b][0] else "false_edges"
        count[kind] += 1
        count[f"selected_{kind}"] += selected
    return dict(count) | {
        "tracks": len(frame.tracks),
        "reconstructable": len(wanted),
        "found": len(found & wanted),
        "found_complete": len(complete & wanted),
        "found_by_majority": len(majority & wanted),
        "reconstructable_by_hits": histogram(wanted),
        "found_by_hits": histogram(found & wanted),
        "scored_hits": sum(len(particles[particle]) for particle in scored),
    }


@at_leisure
@given(seed=seeds)
def test_agrees_with_a_count_by_hand(random_frame, seed):
    frame = random_frame(seed)
    expected = counts_by_hand(frame)
    for name, value in dataclasses.asdict(frame.count()).items():
        assert value == expected.get(name, 0), name


@at_leisure
@given(seed=seeds)
def test_is_blind_to_the_names_of_the_events(random_frame, seed):
    frame = random_frame(seed)
    names = np.random.default_rng(seed).permutation(1000)[:10].tolist()
    renamed = [(names[event], *rest) for event, *rest in frame.rows]
    assert dataclasses.replace(frame, rows=renamed).count() == frame.count()


@at_leisure
@given(seed=seeds)
def test_is_blind_to_the_order_of_hits_tracks_and_edges(random_frame, Frame, seed):
    frame, random = random_frame(seed), np.random.default_rng(seed)
    rows, tracks, edges = (
        random.permutation(len(part)).tolist() for part in (frame.rows, frame.tracks, frame.edges)
    )
    new = {old: number for number, old in enumerate(rows)}
    shuffled = Frame(
        rows=[frame.rows[row] for row in rows],
        tracks=[[new[row] for row in frame.tracks[track]] for track in tracks],
        edges=[(new[frame.edges[edge][0]], new[frame.edges[edge][1]]) for edge in edges],
        selected=[frame.selected[edge] for edge in edges],
    )
    assert shuffled.count() == frame.count()


@at_leisure
@given(seed=seeds)
def test_a_stricter_demand_is_met_by_fewer(random_frame, seed):
    count = random_frame(seed).count()
    assert count.correct_tracks <= count.primary_tracks <= count.tracks
    assert count.found_complete <= count.found <= count.reconstructable
    assert count.found_complete <= count.found_by_majority <= count.reconstructable
    assert count.matched_hits <= count.scored_hits
    assert sum(count.reconstructable_by_hits) == count.reconstructable
    assert sum(count.found_by_hits) == count.found


@at_leisure
@given(seeds=st.tuples(seeds, seeds))
def test_two_frames_side_by_side_count_as_their_sum(random_frame, Frame, seeds):
    one, two = (random_frame(seed) for seed in seeds)
    shift = len(one.rows)
    both = Frame(
        rows=one.rows + [(event + 100, *rest) for event, *rest in two.rows],
        tracks=one.tracks + [[row + shift for row in chain] for chain in two.tracks],
        edges=one.edges + [(a + shift, b + shift) for a, b in two.edges],
        selected=one.selected + two.selected,
    )
    assert both.count() == one.count() + two.count()


def test_a_hit_of_a_secondary_takes_a_track_out_of_the_published_purity(Frame, proton):
    count = Frame(proton(0, 6) + proton(0, 1, track=2), [[0, 1, 2, 3, 4, 5, 6]]).count()
    assert (count.tracks, count.primary_tracks, count.correct_tracks) == (1, 0, 0)
    assert (count.primary_events, count.reconstructable) == (0, 1)
    assert (count.found, count.found_by_majority, count.fake_tracks) == (0, 1, 0)


def test_two_protons_in_one_track_are_one_fake(Frame, proton):
    count = Frame(proton(0, 6) + proton(1, 6), [list(range(12))]).count()
    assert (count.primary_tracks, count.correct_tracks, count.fake_tracks) == (1, 0, 1)
    assert (count.reconstructable, count.found, count.found_by_majority) == (2, 0, 0)
    assert (count.scored_hits, count.matched_hits) == (12, 0)


def test_a_proton_in_two_halves_is_two_correct_tracks_but_found_once(Frame, proton):
    count = Frame(proton(0, 12), [list(range(6)), list(range(6, 12))]).count()
    assert (count.correct_tracks, count.primary_events) == (2, 1)
    assert (count.found, count.found_complete, count.reconstructable) == (1, 0, 1)
    assert (count.found_by_majority, count.matched_hits, count.fake_tracks) == (0, 0, 0)


def test_needs_five_hits_and_a_bright_end_to_be_reconstructable(Frame, proton):
    short, dim, just = proton(0, 4), proton(1, 9, last=0.0625), proton(2, 5, last=0.0626)
    count = Frame(short + dim + just, []).count()
    assert count.reconstructable == 1
    assert count.reconstructable_by_hits == (1, 0, 0, 0, 0, 0, 0, 0)


def test_only_the_deepest_hit_must_be_bright(Frame, proton):
    bright_end = proton(0, 6)
    assert Frame(bright_end[::-1], []).count().reconstructable == 1
    assert Frame([*bright_end, (0, 1, 6, 0.01)], []).count().reconstructable == 0


def test_long_tracks_fall_in_the_last_bin(Frame, proton):
    count = Frame(proton(0, 10) + proton(1, 43), [list(range(10))]).count()
    assert count.reconstructable_by_hits == (0, 1, 0, 0, 0, 0, 0, 1)
    assert count.found_by_hits == (0, 1, 0, 0, 0, 0, 0, 0)


def test_particles_with_three_hits_have_no_weight_and_those_with_four_have(Frame, proton):
    rows = proton(0, 3) + proton(1, 4)
    count = Frame(rows, [[0, 1, 2], [3, 4, 5]]).count()
    assert (count.scored_hits, count.matched_hits) == (4, 3)


def test_an_edge_to_a_secondary_of_the_same_event_is_true(Frame, proton):
    rows = proton(0, 2) + proton(0, 2, track=2) + proton(1, 2)
    count = Frame(rows, [], edges=[(1, 2), (1, 4), (5, 4)], selected=[True, True, False]).count()
    assert (count.true_edges, count.selected_true_edges) == (2, 1)
    assert (count.false_edges, count.selected_false_edges) == (1, 1)


def test_an_empty_frame_counts_nothing(Frame):
    count = dataclasses.asdict(Frame([], []).count())
    assert all(not value or not any(value) for value in count.values())


def test_refuses_hits_without_truth(Frame, proton):
    tracks, assignment = Frame(proton(0, 5), [list(range(5))]).nouns()
    hits = dataclasses.replace(tracks.hits, truth=None)
    graph = HitGraph(hits=hits, edge_index=assignment.graph.edge_index)
    with pytest.raises(DataError, match="no truth"):
        count_frame(
            dataclasses.replace(tracks, hits=hits),
            Assignment(graph=graph, selected=assignment.selected),
        )


def test_refuses_tracks_and_assignment_of_different_frames(Frame, proton):
    tracks, _ = Frame(proton(0, 5), [list(range(5))]).nouns()
    _, assignment = Frame(proton(0, 6), []).nouns()
    with pytest.raises(DataError, match=r"5 hits.*6"):
        count_frame(tracks, assignment)


def test_counts_do_not_depend_on_the_precision_of_the_hits(Frame, proton):
    tracks, assignment = Frame(proton(0, 7), [list(range(7))]).nouns()
    assert count_frame(tracks.to(torch.float64), assignment) == count_frame(tracks, assignment)
