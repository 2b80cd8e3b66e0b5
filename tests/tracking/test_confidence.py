"""Probabilities of tracks: those of whole chains by the beliefs, and what is made of them."""

import itertools

import numpy as np
import pytest
import torch

from trackscape import samples
from trackscape.data import BeliefScores, Hits
from trackscape.evaluation import read_frames
from trackscape.scoring.track_model import pair_beliefs
from trackscape.tracking import NetworkTracker, accept, load_tracker, rate_tracks
from trackscape.tracking.confidence import log_odds_of_chains


@pytest.fixture(scope="module")
def frame() -> Hits:
    return read_frames(samples.VALIDATION, per_frame=50)[0].sorted_by_layer()


@pytest.fixture(scope="module")
def tracker() -> NetworkTracker:
    found = load_tracker("trackscape")
    assert isinstance(found, NetworkTracker)
    return found


def test_the_log_odds_of_a_chain_are_those_of_a_markov_chain(frame, tracker):
    scores = tracker.scores(frame)
    assert isinstance(scores, BeliefScores)
    tracks = accept(tracker.chains(scores))
    place = torch.arange(len(frame))
    found = log_odds_of_chains(tracks, scores, place=place)

    graph = tracker.scorer.prepare(tracker.scorer.connect(frame))
    with torch.no_grad():
        plain = tracker.scorer(graph)
    rounds = tracker.scorer.sizes["rounds"]
    start, end, follow = pair_beliefs(plain.potentials, graph=graph, n_iterations=rounds)
    belief = torch.sigmoid(plain.logit.double()).numpy()
    edges = {
        tuple(pair): number for number, pair in enumerate(graph.hit_graph.edge_index.T.tolist())
    }
    first, upstream = graph.triplet_ptr.tolist(), graph.upstream.tolist()
    n_checked = 0
    for number in range(len(tracks)):
        chain = tracks[number].tolist()
        steps = [edges.get(step) for step in zip(chain[1:], chain[:-1], strict=True)]
        if None in steps:
            continue
        total = np.log(start[steps[0]]) + np.log(end[steps[-1]]) - np.log(belief[steps[-1]])
        for before, behind in itertools.pairwise(steps):
            pair = upstream.index(before, first[behind], first[behind + 1])
            total += np.log(follow[pair]) - np.log(belief[before])
        expected = np.clip(total - np.log(-np.expm1(min(total, -1e-9))), -8, 8)
        assert found[number] == pytest.approx(expected, abs=1e-2)
        n_checked += 1
    assert n_checked > 30


def test_what_is_believed_less_is_less_often_right(tracker):
    frames = read_frames(samples.VALIDATION, per_frame=100)
    right, said = [], []
    for hits in frames:
        found = rate_tracks(tracker, hits)
        assert len(found.chains) >= len(found.tracks) == len(found.probability)
        truth = found.tracks.hits.known_truth
        size = truth.event.bincount()
        for number, value in enumerate(found.probability.tolist()):
            events = truth.event[found.tracks[number]]
            whole = len(events) >= int(size[events[0]])
            right.append(whole and bool((events == events[0]).all()))
            said.append(value)
    order = np.argsort(said)
    doubtful, sure = np.array(right)[order[: len(order) // 5]], np.array(right)[order[-400:]]
    assert ((np.array(said) > 0) & (np.array(said) < 1)).all()
    assert sure.mean() > doubtful.mean() + 0.1


def test_the_tracks_are_those_of_the_tracker(frame, tracker):
    plain = accept(tracker(frame))
    found = rate_tracks(tracker, frame).tracks
    assert torch.equal(plain.index, found.index)
    assert torch.equal(plain.offset, found.offset)


def test_trackers_without_beliefs_say_nothing(frame):
    for name in ("greedy", "line-graph-ptt"):
        assert rate_tracks(load_tracker(name), frame).probability.isnan().all()
