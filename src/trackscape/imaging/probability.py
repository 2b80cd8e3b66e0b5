"""How sure a tracker is of its tracks, alone and given the WEPL of their neighbours."""

import numpy as np
import torch
from torch import Tensor

from trackscape.compiled import Floats
from trackscape.data import BeliefScores, EdgeScores, Hits, Tracks, TrackScores
from trackscape.tracking import MINIMUM_LAST_ENERGY, NetworkTracker, Tracker, accept
from trackscape.tracking.trackers import find_with_scores

WRONG_SPREAD = 20.0
"""Standard deviation in mm of the WEPL of wrong tracks around that of their neighbours."""


def probability_given_wepl(probability: Floats, distance: Floats, spread: Floats) -> Floats:
    r"""Returns how probable tracks are when their WEPL is known, (N,).

    .. math:: p' = \frac{p \, n(d; s)}{p \, n(d; s) + (1 - p) \, n(d; 20\,\text{mm})}

    with the normal density n: a track is right and as its neighbours, or wrong and anywhere. What
    is certain stays so, wherever it is.

    Arguments:
        probability: What the tracker says, p, (N,).
        distance: Difference d of the WEPL to that of the neighbours in mm, (N,).
        spread: Standard deviation s of right tracks in mm, (N,).
    """
    exponent = 0.5 * distance**2 * (1 / spread**2 - 1 / WRONG_SPREAD**2)
    wrong = spread / WRONG_SPREAD * np.exp(np.minimum(exponent, 500.0))  # over the density if right
    return probability / (probability + (1 - probability) * wrong)


@torch.no_grad()
def tracks_with_probability(
    tracker: Tracker, hits: Hits, *, min_last_deposit: float = MINIMUM_LAST_ENERGY
) -> tuple[Tracks, Tensor]:
    """Returns the accepted tracks of a frame and the probability of each, (N,).

    NaN for trackers that know none: all but networks whose scores are log odds of marginal
    probabilities, as those of `trackscape.scoring.TrackModel` are.

    A track is right if all of its segments are, and these are right or wrong together: where one
    is, its neighbours are, too. So the least probable one decides, and not their product.

    Arguments:
        tracker: Finds the chains of a frame.
        hits: Hits of one readout frame.
        min_last_deposit: In MeV; see `accept`.
    """
    if not isinstance(tracker, NetworkTracker):
        tracks = accept(tracker(hits), min_last_deposit=min_last_deposit)
        return tracks, torch.full((len(tracks),), torch.nan, dtype=torch.float64)
    chains, scores, place = find_with_scores(tracker, hits, tracker.scores)
    tracks = accept(chains, min_last_deposit=min_last_deposit)
    if not isinstance(scores, (BeliefScores, TrackScores)):
        return tracks, torch.full((len(tracks),), torch.nan, dtype=torch.float64)
    return tracks, _least(tracks, scores, place)


def _least(tracks: Tracks, scores: EdgeScores, place: Tensor) -> Tensor:
    """Looks up the segments of the tracks among those that were scored; holes have none."""
    n = len(place)
    at = place[tracks.index]
    inside = tracks.number[1:] == tracks.number[:-1]
    step = (at[1:] * n + at[:-1])[inside]
    downstream, upstream = scores.graph.edge_index
    keys, by_key = torch.sort(downstream * n + upstream)
    where = torch.searchsorted(keys, step).clamp(max=len(keys) - 1)
    probability = torch.sigmoid(scores.logit[by_key[where]].double())
    probability = torch.where(keys[where] == step, probability, 1.0)
    least = probability.new_ones(len(tracks))
    return least.scatter_reduce_(0, tracks.number[1:][inside], probability, reduce="amin")
