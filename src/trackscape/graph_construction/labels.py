"""Truth of a graph: labels of its edges, and the share of true segments that it holds.

The only module of this package that looks at the truth; reconstruction does not import it.
"""

import dataclasses

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from trackscape.data import HitGraph, Hits


def edge_labels(graph: HitGraph) -> Float[Tensor, " edges"]:
    """Label of each edge: 1 where both hits have the same event, that of the primary."""
    event = graph.hits.known_truth.event
    downstream, upstream = graph.edge_index
    return (event[downstream] == event[upstream]).to(graph.hits.position.dtype)


def link_labels(graph: HitGraph) -> Bool[Tensor, " edges"]:
    """Segments of the true tracks: both hits are of one particle of Geant4.

    Secondaries have tracks of their own, so that a hit never has two true segments on one side.
    """
    truth = graph.hits.known_truth
    downstream, upstream = graph.edge_index
    same_event = truth.event[downstream] == truth.event[upstream]
    return same_event & (truth.track[downstream] == truth.track[upstream])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ceiling:
    """True segments before the cuts and after: those of one event between neighbouring layers.

    No network can score above it. In the tracker region the upstream hit is in a tracker.
    """

    tracker_true: int
    tracker_kept: int
    calorimeter_true: int
    calorimeter_kept: int

    def __add__(self, other: "Ceiling") -> "Ceiling":
        mine, theirs = dataclasses.asdict(self), dataclasses.asdict(other)
        return Ceiling(**{name: mine[name] + theirs[name] for name in mine})

    @property
    def total(self) -> float:
        """Share of all true segments that the graph holds; 1 if there are none."""
        true = self.tracker_true + self.calorimeter_true
        return (self.tracker_kept + self.calorimeter_kept) / true if true else 1.0


def graph_ceiling(graph: HitGraph) -> Ceiling:
    """Counts the true segments of a frame and those that its graph holds."""
    label = edge_labels(graph) > 0
    tracker = graph.from_tracker
    tracker_true, calorimeter_true = _true_segments(graph.hits)
    return Ceiling(
        tracker_true=tracker_true,
        tracker_kept=int((label & tracker).sum()),
        calorimeter_true=calorimeter_true,
        calorimeter_kept=int((label & ~tracker).sum()),
    )


def _true_segments(hits: Hits) -> tuple[int, int]:
    """Number of pairs of hits of one event in neighbouring layers: tracker, calorimeter."""
    if len(hits) == 0:
        return 0, 0
    event = hits.known_truth.event.unique(return_inverse=True)[1]
    n_layers = int(hits.layer.max()) + 1
    cell = event * n_layers + hits.layer
    count = torch.bincount(cell, minlength=(int(event.max()) + 1) * n_layers).view(-1, n_layers)
    pairs = (count[:, 1:] * count[:, :-1]).sum(dim=0)  # entry k: layer k + 1 with layer k
    return int(pairs[: hits.n_trackers].sum()), int(pairs[hits.n_trackers :].sum())
