"""Soft tracks: what the tracker expects of a proton, where a decision takes its likeliest track.

A network that gives a probability to sets of tracks says of each segment e with which next one it
may go on, b(e, e') / b(e), and how likely it is the last one. From the deepest layer up follows
what is to be expected of the proton that left it, in a time proportional to the number of pairs:

    v(e, e') = end(e') w(e, e') + c(e'),   c(e) = sum over e' of b(e, e') / b(e) v(e, e')

w is the water-equivalent path length (WEPL) if the proton stopped behind the segment e': its last
three deposits, which a pair holds, tell it. The same sums, of its square and of 1 in place of w,
give variance and probability. Where the graph of a frame is a tree, beliefs are exact, and so is
this.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from trackscape.compiled import Floats, Integers, compiled
from trackscape.data import HitGraph, Hits, Tracks, TrackScores
from trackscape.errors import DataError
from trackscape.imaging.calibration import Calibration
from trackscape.imaging.track_table import N_DEPOSITS, track_rows
from trackscape.scoring.track_model import pair_beliefs
from trackscape.tracking import MINIMUM_LAST_ENERGY, NetworkTracker, Tracker
from trackscape.tracking.acceptance import MINIMUM_HITS
from trackscape.tracking.follow import canonical_order

LEAST_BELIEF = 0.2
"""Probability that a segment between the trackers needs to count as a proton."""
_NEGLIGIBLE = 1e-15  # probability of a pair or an end that changes nothing
_DEPOSITS = tuple(f"deposit{step}" for step in range(N_DEPOSITS))
_UNSURE = ("range", "wepl")
_EXPECTED = ("hits", "range", "range_sd", "log_likelihood", "wepl", "wepl_sd", *_DEPOSITS)
_COLUMNS = ("accepted", *_EXPECTED)


class Beliefs(NamedTuple):
    """What a tracker believes of a frame. Axes: E segments, P pairs of them."""

    segment: Floats
    """Probability that the segment is on a track, (E,): the less of what its two hits say, as each
    is on one track only, and belief propagation makes that sure for one of them."""
    end: Floats
    """Probability that a track with the segment ends there, (E,)."""
    follow: Floats
    """Probability that a track with the upstream segment of a pair goes on with the other, (P,)."""
    over: Integers
    """Segment that a track with the segment goes on with behind a missing hit, (E,); -1: none."""


def beliefs_of(tracker: NetworkTracker, scores: TrackScores) -> Beliefs:
    """Returns what a tracker says of segments and of how tracks go on.

    Arguments:
        tracker: One with a `trackscape.scoring.TrackModel`.
        scores: Those of that network for a frame.
    """
    rounds = tracker.scorer.sizes["rounds"]
    graph = scores.triplets
    start, end, follow = pair_beliefs(scores.potentials, graph=graph, n_iterations=rounds)
    upstream = graph.upstream.numpy()
    downstream = torch.repeat_interleave(graph.triplet_ptr.diff()).numpy()
    come = start + np.bincount(downstream, follow, minlength=len(end))
    gone = end + np.bincount(upstream, follow, minlength=len(end))
    return Beliefs(
        np.minimum(come, gone),
        end / gone,
        follow / gone[upstream],
        _over_holes(tracker.chains(scores), scores.graph),
    )


def _over_holes(chains: Tracks, graph: HitGraph) -> Integers:
    """Finds where chains were joined over an empty layer, (E,)."""
    over = np.full(graph.n_edges, -1)
    hole = (chains.hits.layer[chains.index].diff() > 1) & (chains.number.diff() == 0)
    # Chains that are joined have three hits or more.
    before, hit, behind, further = (
        chains.index[hole.nonzero()[:, 0] + step].numpy() for step in (-1, 0, 1, 2)
    )
    downstream, upstream = graph.edge_index.numpy()
    key = downstream * len(graph.hits) + upstream
    end, begin = (
        np.searchsorted(key, b * len(graph.hits) + a) for a, b in ((before, hit), (behind, further))
    )
    over[end] = begin
    return over


def check_beliefs(
    tracker: Tracker | None, calibration: Calibration, *, name: str = "another"
) -> NetworkTracker:
    """Returns a tracker if it gives probabilities to sets of tracks, and refuses others.

    Raises:
        DataError: It does not, or the ranges need more than the last deposits.
    """
    is_network = isinstance(tracker, NetworkTracker)
    if not is_network or tracker.scorer.default_objective != "track_likelihood":
        raise DataError(
            "Expected a tracker that gives probabilities to sets of tracks for soft tracks, such "
            f"as trackscape, got {name}; take that one, or decided tracks."
        )
    if calibration.estimator == "bragg":
        raise DataError(
            "Expected ranges from the last deposits for soft tracks, got the estimator bragg; take "
            "a calibration of posterior or midpoint."
        )
    return tracker


def soft_rows(
    tracker: Tracker,
    hits: Hits,
    *,
    calibration: Calibration,
    frame: int = 0,
    angle: float = float("nan"),
    min_last_deposit: float = MINIMUM_LAST_ENERGY,
) -> np.ndarray:
    """Returns a row for each segment between the trackers that a proton may have left, (N,).

    The columns of `TRACK` hold what is to be expected if the track is accepted; `range_sd` and
    `wepl_sd` contain what the tracker does not know, `probability` is that of an accepted track
    with the segment, and `right` is -1. Tracks go on over a missing hit where the tracker decides
    so.

    Arguments:
        tracker: A network whose scores are those of a `trackscape.scoring.TrackModel`.
        hits: Hits of one readout frame.
        calibration: That of the detector and the beam.
        frame: Number of the frame.
        angle: Rotation of the object in degrees.
        min_last_deposit: In MeV; see `trackscape.tracking.accept`.

    Raises:
        DataError: The tracker has no such beliefs, or the estimator of the calibration needs more
            than the last deposits.
    """
    network = check_beliefs(tracker, calibration)
    hits = hits.sorted_by_layer()
    graph = network.scorer.connect(hits.select(canonical_order(hits)))
    with torch.no_grad():
        scores = network.scorer(network.scorer.prepare(graph))
    beliefs = beliefs_of(network, scores)
    expected = expectations(
        scores, beliefs, calibration=calibration, min_last_deposit=min_last_deposit
    )
    downstream, upstream = graph.edge_index
    first = (graph.hits.layer[upstream] == 0) & (graph.hits.layer[downstream] == 1)
    belief = beliefs.segment * expected["accepted"]
    chosen = np.flatnonzero(first.numpy() & (belief > LEAST_BELIEF))
    segments = _chains(graph.hits, torch.stack([upstream[chosen], downstream[chosen]], dim=1))
    rows = track_rows(segments, calibration=calibration, frame=frame, angle=angle)
    for name in _EXPECTED:
        rows[name] = expected[name][chosen]
    rows["hits"], rows["right"] = np.rint(expected["hits"][chosen]), -1
    rows["probability"] = belief[chosen]
    return rows


def expectations(
    scores: TrackScores,
    beliefs: Beliefs,
    *,
    calibration: Calibration,
    min_last_deposit: float = MINIMUM_LAST_ENERGY,
) -> dict[str, Floats]:
    """Returns what is to be expected of a track with each segment behind it, (E,) each.

    "accepted" is the probability that the track ends where `accept` keeps it if it began in the
    first layer; the others are columns of `TRACK`, given that, and NaN where it is impossible.

    Arguments:
        scores: Those of a `trackscape.scoring.TrackModel`.
        beliefs: What they say.
        calibration: That of the detector and the beam.
        min_last_deposit: In MeV; see `trackscape.tracking.accept`.
    """
    graph = scores.triplets
    ended, rows = _ends(scores, beliefs, calibration, min_last_deposit)
    value = np.column_stack([np.ones(len(rows)), *(rows[name] for name in _EXPECTED)])
    for name in _UNSURE:
        mean, sd = (_COLUMNS.index(column) for column in (name, f"{name}_sd"))
        value[:, sd] = value[:, sd] ** 2 + value[:, mean] ** 2
    place = np.full(len(graph.upstream), -1)
    place[ended] = np.arange(len(ended))
    sums = np.zeros((graph.hit_graph.n_edges, value.shape[1]))
    _recursion(
        graph.triplet_ptr.numpy(),
        graph.upstream.numpy(),
        *beliefs[1:],
        place,
        value,
        sums,
    )
    accepted = sums[:, 0]
    means = sums[:, 1:] / np.where(accepted > 0, accepted, np.nan)[:, None]
    found = {"accepted": accepted, **dict(zip(_EXPECTED, means.T, strict=True))}
    for name in _UNSURE:
        variance = found[f"{name}_sd"] - found[name] ** 2
        found[f"{name}_sd"] = np.sqrt(np.maximum(variance, 0.0))
    return found


def _ends(
    scores: TrackScores, beliefs: Beliefs, calibration: Calibration, min_last_deposit: float
) -> tuple[Integers, np.ndarray]:
    """Returns the pairs that an accepted track may end with, (K,), and rows of their three hits."""
    graph, hits = scores.triplets, scores.graph.hits
    downstream, upstream = scores.graph.edge_index
    edge = torch.repeat_interleave(graph.triplet_ptr.diff())
    last = downstream[edge]
    # A track that began in the first layer has a hit in each layer, but for holes.
    accepted = (hits.layer[last] >= MINIMUM_HITS - 1) & (hits.energy[last] > min_last_deposit)
    accepted &= torch.from_numpy(beliefs.over < 0)[edge]
    belief = beliefs.segment[graph.upstream] * beliefs.follow * beliefs.end[edge]
    ended = (accepted & torch.from_numpy(belief > _NEGLIGIBLE)).nonzero()[:, 0]
    before = graph.upstream[ended]
    chains = torch.stack([upstream[before], downstream[before], last[ended]], dim=1)
    rows = track_rows(_chains(hits, chains), calibration=calibration)
    rows["hits"] = hits.layer[last[ended]].numpy() + 1
    return ended.numpy(), rows


def _chains(hits: Hits, index: Tensor) -> Tracks:
    """Turns hits (N, n) of N chains of the same length into tracks."""
    n, length = index.shape
    return Tracks(hits=hits, index=index.ravel(), offset=length * torch.arange(n + 1))


@compiled
def _recursion(
    triplet_ptr: Integers,
    upstream: Integers,
    end: Floats,
    follow: Floats,
    over: Integers,
    place: Integers,
    value: Floats,
    sums: Floats,
) -> None:
    """Adds up expectations from the deepest segment on, (E, columns).

    Pair p is worth `value` (K, columns) at ``place[p]`` if a track ends with it; nothing at -1.
    """
    for edge in range(len(sums) - 1, -1, -1):
        if over[edge] >= 0:
            sums[edge] += end[edge] * sums[over[edge]]
        for pair in range(triplet_ptr[edge], triplet_ptr[edge + 1]):
            share, at = follow[pair], place[pair]
            if share > _NEGLIGIBLE:
                sums[upstream[pair]] += share * sums[edge]
                if at >= 0:
                    sums[upstream[pair]] += share * end[edge] * value[at]
