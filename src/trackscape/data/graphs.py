"""`HitGraph`, line graphs, `EdgeScores` and `Assignment`: from candidate segments to decisions."""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trackscape.data.base import DeviceMixin, check_integers
from trackscape.data.hits import Hits
from trackscape.errors import DataError

if TYPE_CHECKING:
    from torch_geometric.data import Data


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HitGraph(DeviceMixin):
    """Hits of one frame and the candidate segments between neighbouring layers.

    Axes: H hits, E edges.
    """

    hits: Hits
    """Hits of the frame, ordered by layer."""
    edge_index: Tensor
    """(2, E) int64. Row 0: the downstream (deeper) hit, row 1: the upstream hit, one layer before.
    Ordered by row 0, then row 1."""

    def __post_init__(self) -> None:
        layer = self.hits.layer
        if bool((layer.diff() < 0).any()):
            first = int((layer.diff() < 0).nonzero()[0])
            raise DataError(
                f"Hits must be ordered by layer, but hit {first + 1} (layer "
                f"{int(layer[first + 1])}) follows hit {first} (layer {int(layer[first])}). "
                "Use `hits.sorted_by_layer()`."
            )
        edges = self.edge_index
        if edges.ndim != 2 or edges.shape[0] != 2:
            raise DataError(
                f"Expected edge_index of shape (2, E), got {tuple(edges.shape)}. Row 0 is the "
                "downstream hit of each edge, row 1 the upstream one."
            )
        check_integers(edges, name="edge_index")
        if bool((edges[0].diff() < 0).any()):
            raise DataError(
                "Edges must be ordered by their downstream hit, edge_index[0], but they are not. "
                "`connect_layers` makes such graphs."
            )

    @property
    def n_edges(self) -> int:
        """Number of candidate segments."""
        return self.edge_index.shape[1]

    @property
    def direction(self) -> Tensor:
        """(E, 3) Vector in mm from the upstream to the downstream hit of each edge."""
        downstream, upstream = self.edge_index
        return self.hits.position[downstream] - self.hits.position[upstream]

    @property
    def touches_tracker(self) -> Tensor:
        """(E,) bool. Whether the upstream hit is in a tracker or in the first layer behind them.

        Losses average these edges apart, as published: one layer more than in `from_tracker`.
        """
        return self.hits.layer[self.edge_index[1]] <= self.hits.n_trackers

    @property
    def from_tracker(self) -> Tensor:
        """(E,) bool. Whether the upstream hit is in a tracker: before a long gap, with its cut."""
        return self.hits.layer[self.edge_index[1]] < self.hits.n_trackers

    def to_pyg(self) -> "Data":
        """Returns the graph as a `torch_geometric.data.Data`.

        Its fields: `pos` (H, 3) in mm, `edep` (H,) in MeV, `layer` (H,), `edge_index` (2, E) from
        the downstream to the upstream hit, and, where the truth is known, `event` (H,), `primary`
        (H,) and `y` (E,), 1 where both hits have the same event.
        """
        from torch_geometric.data import Data  # heavy: only for those who ask for it

        hits = self.hits
        data = Data(
            pos=hits.position, edep=hits.energy, layer=hits.layer, edge_index=self.edge_index
        )
        if hits.truth is not None:
            event = hits.truth.event
            data.event, data.primary = event, hits.truth.primary
            data.y = (event[self.edge_index[0]] == event[self.edge_index[1]]).float()
        return data


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Adjacency(DeviceMixin):
    """Edges at each hit of a graph, in compressed sparse rows. Axes: H hits, E edges.

    The edges that come in, those with a downstream hit, follow each other in the order of the
    graph; those that go out of a hit do in a second order, by upstream hit.
    """

    in_ptr: Tensor
    """(H + 1,) int64. Where the edges with downstream hit h begin."""
    out_ptr: Tensor
    """(H + 1,) int64. Where the edges with upstream hit h begin in the second order."""
    out_edge: Tensor
    """(E,) int64. Edge at each place of the second order."""

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Returns the three as arrays on the processor, which compiled functions take."""
        return self.in_ptr.numpy(), self.out_ptr.numpy(), self.out_edge.numpy()


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LineGraph(DeviceMixin):
    """The graph whose nodes are the edges of a `HitGraph`. Axes: E nodes, P pairs.

    A pair (a, b) joins edge a with the edge b that continues it upstream from their common hit.
    Each pair is stored once; the network sends messages both ways.
    """

    hit_graph: HitGraph
    """The graph whose edges are the nodes."""
    pairs: Tensor
    """(2, P) int64. Row 0: the downstream edge, row 1: the upstream edge. Ordered by row 0."""
    angle: Tensor
    """(P,) float. Angle between the two segments, in rad."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CompressedLineGraph(DeviceMixin):
    """A `LineGraph` whose pairs are not listed, but can be counted off. Axes: H hits, E nodes.

    Nodes are the edges of the hit graph, ordered by their downstream hit. So those that continue
    edge t upstream follow each other, and in a second order, by upstream hit, those that continue
    it downstream do.
    """

    hit_graph: HitGraph
    """The graph whose edges are the nodes."""
    adjacency: Adjacency
    """The edges at each hit."""
    direction: Tensor
    """(2, 3, E) float64. Unit vector along each edge, in the first and in the second order."""
    message_ptr: Tensor
    """(E + 1,) int64. Neighbours of all edges before each edge; at last of all, 2 P."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TripletGraph(DeviceMixin):
    """Candidate segments, and the pairs of them, triplets of hits, that a proton could have left.

    It is a line graph without the pairs that turn more than protons do. Axes: H hits, E edges, P
    pairs. A pair joins an edge with one that continues it upstream from their common hit; it is
    listed with its downstream edge.
    """

    hit_graph: HitGraph
    """The graph of the segments."""
    adjacency: Adjacency
    """The edges at each hit."""
    triplet_ptr: Tensor
    """(E + 1,) int64. Where the pairs of each downstream edge begin; at last P."""
    upstream: Tensor
    """(P,) int64. The upstream edge of each pair. Ascending for each downstream edge."""
    slope_change_sq: Tensor
    """(P,) float64. Square of the change of the slopes (dx/dz, dy/dz) between the two edges."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class EdgeScores(DeviceMixin):
    """What a network thinks of each candidate segment. Axis: E edges."""

    graph: HitGraph
    """The graph whose edges are scored."""
    logit: Tensor
    """(E,) float. Log odds that both hits belong to the same proton."""

    def __post_init__(self) -> None:
        if self.logit.shape != (self.graph.n_edges,):
            raise DataError(
                f"Expected one logit for each of {self.graph.n_edges} edges, "
                f"got shape {tuple(self.logit.shape)}."
            )

    @property
    def probability(self) -> Tensor:
        """(E,) Probability p that the segment is true."""
        return torch.sigmoid(self.logit)

    @property
    def cost(self) -> Tensor:
        """(E,) float64. Cost 1 - p of choosing the segment.

        Computed as the sigmoid of the negative logit: 1 - p in float32 is exactly 0 for every
        logit above 17, and such ties are decided by accident.
        """
        return torch.sigmoid(-self.logit.double())


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TrackScores(EdgeScores):
    """Scores of segments that come from a probability of whole sets of tracks. Axis: E edges."""

    triplets: TripletGraph
    """The pairs that tracks are made of."""
    potentials: Tensor
    """(E, 9). What a segment adds to the log probability of tracks; see
    `trackscape.scoring.track_model`."""
    log_partition: Tensor
    """() Logarithm of the sum over all sets of tracks, in Bethe's approximation."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Assignment(DeviceMixin):
    """The chosen segments: at most one upstream and one downstream a hit. Axis: E edges."""

    graph: HitGraph
    """The graph whose edges were chosen from."""
    selected: Tensor
    """(E,) bool. Whether the edge was chosen."""

    def __post_init__(self) -> None:
        if self.selected.shape != (self.graph.n_edges,):
            raise DataError(
                f"Expected one decision for each of {self.graph.n_edges} edges, "
                f"got shape {tuple(self.selected.shape)}."
            )
