"""How sure the default tracker is of a track: that it is one proton, complete, and did not react.

The beliefs say how probable a whole chain is, as a Markov chain of its segments. They know nothing
of protons that react inside of the detector, whose tracks end early; that is seen beside the other
tracks of the frame. Both together, by a map of three numbers, are a calibrated probability.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from trackscape.compiled import Floats, Integers, compiled
from trackscape.data import BeliefScores, EdgeScores, Hits, Tracks
from trackscape.tracking.acceptance import MINIMUM_LAST_ENERGY, accept
from trackscape.tracking.trackers import NetworkTracker, Tracker, find_with_scores

CONSTANT, OF_CHAIN, OF_LAYER = 0.723, 0.472, 1.700
"""Of the log odds: for nothing, for those of the chain, and for each layer that a track is short;
by maximum likelihood on Geant4 training files (`studies/confidence.py`)."""
_LARGEST = 8.0  # log odds of a chain, which the beliefs mean no more than so far


class Rated(NamedTuple):
    """Tracks of a frame, and what their probability follows from."""

    chains: Tracks
    """All chains."""
    tracks: Tracks
    """Those that are accepted."""
    log_odds: Float64[Tensor, " tracks"]
    """Log odds of the whole chain by the beliefs; NaN if the tracker has none."""
    short: Float64[Tensor, " tracks"]
    """Layers that a track ends before the median of the frame; 0 and below."""

    def at_least(self, probability: float) -> "Rated":
        """Returns the same with those tracks only whose probability is so large, or not known."""
        kept = ~(self.probability < probability)
        tracks, log_odds, short = self.tracks.select(kept), self.log_odds[kept], self.short[kept]
        return Rated(self.chains, tracks, log_odds, short)

    @property
    def probability(self) -> Float64[Tensor, " tracks"]:
        """How probably each track is right; see `rate_tracks`."""
        return torch.sigmoid(CONSTANT + OF_CHAIN * self.log_odds + OF_LAYER * self.short)


def rate_tracks(
    tracker: Tracker, hits: Hits, *, min_last_deposit: float = MINIMUM_LAST_ENERGY
) -> Rated:
    """Finds the tracks of a frame, and how probably each is right.

    Right is what holds exactly the hits of one primary that stopped. NaN for trackers that know no
    probability: all but `trackscape` and networks of its class.

    Arguments:
        tracker: Finds the chains.
        hits: Hits of one readout frame; of one beam spot, since a track counts as short beside the
            median of its frame.
        min_last_deposit: In MeV; see `accept`.
    """
    if isinstance(tracker, NetworkTracker):
        found = find_with_scores(tracker, hits, tracker.scores)
        return rate_chains(*found, min_last_deposit=min_last_deposit)
    return rate_chains(tracker(hits), min_last_deposit=min_last_deposit)


def rate_chains(
    chains: Tracks,
    scores: EdgeScores | None = None,
    place: Tensor | None = None,
    *,
    min_last_deposit: float = MINIMUM_LAST_ENERGY,
) -> Rated:
    """Returns the tracks among the chains of a frame, and how probably each is right.

    Arguments:
        chains: All chains.
        scores: What decided for them, where it is known.
        place: Number of each hit of the chains among those of the scores, (H,).
        min_last_deposit: In MeV; see `accept`.
    """
    tracks = accept(chains, min_last_deposit=min_last_deposit)
    last = tracks.hits.layer[tracks.last].double()
    short = (last - last.median()).clamp(max=0.0) if len(tracks) else last
    if len(tracks) == 0 or place is None or not isinstance(scores, BeliefScores):
        return Rated(chains, tracks, torch.full_like(short, torch.nan), short)
    log_odds = torch.from_numpy(log_odds_of_chains(tracks, scores, place=place))
    return Rated(chains, tracks, log_odds, short)


def log_odds_of_chains(tracks: Tracks, scores: BeliefScores, *, place: Tensor) -> Floats:
    r"""Returns log odds of the probability of whole chains by the beliefs, (N,).

    .. math:: P = s_1 \prod_i \frac{p_{i, i+1}}{b_i} \; \frac{e_n}{b_n}

    with the probabilities s, b, e that a segment begins a track, is on one and ends one, and p of
    both of a pair. Steps over an empty layer are left out, as the beliefs do not know them.

    Arguments:
        tracks: Tracks of the frame.
        scores: Beliefs of its segments.
        place: Number of each hit of the tracks among those of the scores, (H,).
    """
    edges = scores.graph.edge_index.contiguous().numpy()
    logarithm = _log_probability(
        place[tracks.index].numpy(),
        tracks.offset.numpy(),
        np.searchsorted(edges[0], np.arange(len(place) + 1)),
        edges,
        torch.sigmoid(scores.logit.double()).numpy(),
        scores.start.numpy(),
        scores.end.numpy(),
        scores.triplet_ptr.numpy(),
        scores.upstream.numpy(),
        scores.follow.numpy(),
    )
    logarithm = np.clip(logarithm, -25.0, -1e-9)
    return np.clip(logarithm - np.log(-np.expm1(logarithm)), -_LARGEST, _LARGEST)


@compiled
def _log_probability(
    index: Integers,
    offset: Integers,
    first: Integers,
    edges: Integers,
    belief: Floats,
    start: Floats,
    end: Floats,
    triplet_ptr: Integers,
    upstream: Integers,
    follow: Floats,
) -> Floats:
    logarithm, least = np.empty(len(offset) - 1), 1e-12
    for track in range(len(logarithm)):
        total, before, any_ = 0.0, -1, -1
        for step in range(offset[track] + 1, offset[track + 1]):
            here, there, edge = index[step], index[step - 1], -1
            for candidate in range(first[here], first[here + 1]):
                if edges[1, candidate] == there:
                    edge = candidate
            if edge >= 0 and any_ < 0:
                total += np.log(max(start[edge], least))
            if edge >= 0 and before >= 0:
                both = least
                for pair in range(triplet_ptr[edge], triplet_ptr[edge + 1]):
                    if upstream[pair] == before:
                        both = max(follow[pair], least)
                total += np.log(both) - np.log(max(belief[before], least))
            before = edge
            any_ = edge if edge >= 0 else any_
        if any_ >= 0:
            total += np.log(max(end[any_], least)) - np.log(max(belief[any_], least))
        logarithm[track] = total
    return logarithm
