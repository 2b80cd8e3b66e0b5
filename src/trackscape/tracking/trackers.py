"""Hits -> Tracks: the whole reconstruction of a frame, and every way behind one interface."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import torch
from jaxtyping import Int64
from torch import Tensor

from trackscape.assignment import Assigner
from trackscape.data import Assignment, EdgeScores, Hits, Tracks
from trackscape.errors import WeightsError
from trackscape.scoring import METHODS, Scorer, load_method, load_network
from trackscape.text import shown
from trackscape.tracking.acceptance import MINIMUM_LAST_ENERGY, accept
from trackscape.tracking.baselines import BASELINES
from trackscape.tracking.follow import (
    canonical_order,
    follow,
    in_canonical_order,
    in_own_order,
    recover_holes,
)

Tracker = Callable[[Hits], Tracks]
"""Returns all chains of a frame; `accept` keeps those that are good enough."""
TUNED_ENDS = {"line-graph-ptt-tuned-end": ("line-graph-ptt", 0.9991)}
"""Methods whose tracks may end, their weights, and the cost that `studies.tune_baselines` found."""
TRACKERS = (*BASELINES, *TUNED_ENDS, *METHODS)
"""Names that `load_tracker` knows: the classical baselines, then the networks."""
DEFAULT_TRACKER = "trackscape"
"""The method that `load_tracker` and the verbs take if none is named."""


def reconstruct(
    hits: Hits, *, scorer: Scorer, assigner: Assigner, min_last_deposit: float = MINIMUM_LAST_ENERGY
) -> Tracks:
    """Returns the accepted tracks of one readout frame.

    The network is a trained one in evaluation mode; the cut is in MeV, as in `accept`.
    """
    chains = NetworkTracker(scorer=scorer, assigner=assigner)(hits)
    return accept(chains, min_last_deposit=min_last_deposit)


@torch.no_grad()
def assign_hits(hits: Hits, *, scorer: Scorer, assigner: Assigner) -> Assignment:
    """Returns the chosen segments of one frame, before they are chained and filtered."""
    return assigner(scorer.score(hits))


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkTracker:
    """A network that scores segments, and what decides between them."""

    scorer: Scorer
    assigner: Assigner
    bridges: bool = False
    """Whether chains are joined over an empty layer; see `trackscape.tracking.recover_holes`."""

    def __call__(self, hits: Hits) -> Tracks:
        """Returns all chains of the hits of one frame."""
        return in_canonical_order(self._find, hits)

    def _find(self, hits: Hits) -> Tracks:
        return self.chains(self.scores(hits))

    @torch.no_grad()
    def scores(self, hits: Hits) -> EdgeScores:
        """Returns the scores of the segments that may be chosen."""
        # Segments that cost more than an end are never chosen, so unlikely ones need no score.
        end = self.assigner.unmatched_cost
        score = self.scorer.score if end is None or end > 0.9 else self.scorer.score_likely
        return score(hits)

    def chains(self, scores: EdgeScores) -> Tracks:
        """Returns the chains that the scores of a frame decide for."""
        chains = follow(self.assigner(scores))
        return recover_holes(chains) if self.bridges else chains


def find_with_scores(
    tracker: NetworkTracker, hits: Hits, score: Callable[[Hits], EdgeScores]
) -> tuple[Tracks, EdgeScores, Int64[Tensor, " hits"]]:
    """Returns the chains of a frame, and the scores that decided for them.

    Returns:
        All chains; their scores; and the place of each hit of the chains among those of the scores.
    """
    hits = hits.sorted_by_layer()
    order = canonical_order(hits)
    scores = score(hits.select(order))
    return in_own_order(tracker.chains(scores), hits, order), scores, torch.argsort(order)


def network_tracker(scorer: Scorer) -> NetworkTracker:
    """Returns a network with the assignment that belongs to it."""
    assigner = Assigner()
    if scorer.default_reject is not None:
        assigner = Assigner(semantics="with_unmatched", unmatched_cost=scorer.default_reject)
    return NetworkTracker(scorer=scorer, assigner=assigner, bridges=scorer.bridges_gaps)


def load_tracker(name: str | Path = DEFAULT_TRACKER) -> Tracker:
    """Returns a tracker by its name, networks with the shipped weights, or one of your own weights.

    These are a file, the run folder of a training, or a folder of `save_pretrained`; of a network
    of your own, `network_tracker(load_network(path, network=...))` makes a tracker. A name of
    `TRACKERS` comes before a file of that name, which ``./name`` means.

    Raises:
        WeightsError: If there is no such tracker, or the weights are damaged.
    """
    if isinstance(name, Path):
        return network_tracker(load_network(name))
    if name in BASELINES:
        return BASELINES[name]
    if name in TUNED_ENDS:
        method, reject = TUNED_ENDS[name]
        assigner = Assigner(semantics="with_unmatched", unmatched_cost=reject)
        return NetworkTracker(scorer=load_method(method), assigner=assigner)
    if name in METHODS:
        return network_tracker(load_method(name))
    if not os.path.exists(name):
        raise WeightsError(
            f"Expected a method of {', '.join(TRACKERS)}, or a file or folder of weights, got "
            f"{shown(name)!r}."
        )
    return network_tracker(load_network(name))
