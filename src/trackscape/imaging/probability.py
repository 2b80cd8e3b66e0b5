"""How sure a tracker is of its tracks: the probability of their least certain segment."""

import torch
from torch import Tensor

from trackscape.data import EdgeScores, Hits, Tracks, TrackScores
from trackscape.tracking import MINIMUM_LAST_ENERGY, NetworkTracker, Tracker, accept
from trackscape.tracking.follow import canonical_order, in_canonical_order


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
    found: list[EdgeScores] = []

    def find(ordered: Hits) -> Tracks:
        scores = tracker.scorer.score(ordered)
        found.append(scores)
        return tracker.chains(scores)

    tracks = accept(in_canonical_order(find, hits), min_last_deposit=min_last_deposit)
    if not isinstance(found[0], TrackScores):
        return tracks, torch.full((len(tracks),), torch.nan, dtype=torch.float64)
    order = canonical_order(hits.sorted_by_layer())
    return tracks, _least(tracks, found[0], order)


def _least(tracks: Tracks, scores: EdgeScores, order: Tensor) -> Tensor:
    """Looks up the segments of the tracks among those that were scored; holes have none."""
    n = len(order)
    place = torch.empty_like(order)
    place[order] = torch.arange(n)
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
