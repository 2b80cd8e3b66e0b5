"""Every way to find tracks behind one interface: hits of a frame in, all its chains out."""

import dataclasses
from collections.abc import Callable

from trackscape.assignment import Assigner
from trackscape.data import Hits, Tracks
from trackscape.errors import WeightsError
from trackscape.scoring import METHODS, Scorer, load_method
from trackscape.tracking.baselines import BASELINES
from trackscape.tracking.follow import follow, in_canonical_order, recover_holes
from trackscape.tracking.reconstruct import assign_hits

Tracker = Callable[[Hits], Tracks]
"""Returns all chains of a frame; `accept` keeps those that are good enough."""
TUNED_ENDS = {"line-graph-ptt-tuned-end": ("line-graph-ptt", 0.9991)}
"""A method with shipped weights whose tracks may end, and what an end costs: the best on training
frames, found by ``python -m studies.tune_baselines``."""
TRACKERS = (*BASELINES, *TUNED_ENDS, *METHODS)
"""Names of all that `load_tracker` knows: the classical baselines, then the networks."""
DEFAULT_TRACKER = "trackscape"


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkTracker:
    """A network that scores segments, and what decides between them."""

    scorer: Scorer
    """In evaluation mode."""
    assigner: Assigner
    bridges: bool = False
    """Whether chains are joined over an empty layer; see `trackscape.tracking.recover_holes`."""

    def __call__(self, hits: Hits) -> Tracks:
        """Returns all chains of the hits of one frame."""
        return in_canonical_order(self._find, hits)

    def _find(self, hits: Hits) -> Tracks:
        chains = follow(assign_hits(hits, scorer=self.scorer, assigner=self.assigner))
        return recover_holes(chains) if self.bridges else chains


def network_tracker(scorer: Scorer) -> NetworkTracker:
    """Returns a network with the assignment that belongs to it."""
    assigner = Assigner()
    if scorer.default_reject is not None:
        assigner = Assigner(semantics="with_unmatched", unmatched_cost=scorer.default_reject)
    return NetworkTracker(scorer=scorer, assigner=assigner, bridges=scorer.bridges_gaps)


def load_tracker(name: str = DEFAULT_TRACKER) -> Tracker:
    """Returns a tracker by its name, networks with the shipped weights.

    Raises:
        WeightsError: If there is no such tracker.
    """
    if name in BASELINES:
        return BASELINES[name]
    if name in TUNED_ENDS:
        method, reject = TUNED_ENDS[name]
        assigner = Assigner(semantics="with_unmatched", unmatched_cost=reject)
        return NetworkTracker(scorer=load_method(method), assigner=assigner)
    if name not in METHODS:
        raise WeightsError(f"Expected a method of {', '.join(TRACKERS)}, got {name!r}.")
    return network_tracker(load_method(name))
