"""`HitGraph`, line graphs, `EdgeScores` and `Assignment`: from candidate segments to decisions."""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from trackscape.data.base import DeviceMixin, check_integers
from trackscape.data.hits import Hits
from trackscape.errors import DataError, MissingPackageError

if TYPE_CHECKING:
    from torch_geometric.data import Data

_Offsets = Int64[np.ndarray, " offsets"]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HitGraph(DeviceMixin):
    """Hits of one frame and the candidate segments between neighbouring layers."""

    hits: Hits
    """Hits of the frame, ordered by layer."""
    edge_index: Int64[Tensor, "2 edges"]
    """Downstream (deeper) hits, then upstream hits, one layer before; ordered by both."""

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
    def direction(self) -> Float[Tensor, "edges 3"]:
        """Vector in mm from the upstream to the downstream hit of each edge."""
        downstream, upstream = self.edge_index
        return self.hits.position[downstream] - self.hits.position[upstream]

    @property
    def touches_tracker(self) -> Bool[Tensor, " edges"]:
        """Whether the upstream hit is in a tracker or the first layer behind, as losses ask."""
        return self.hits.layer[self.edge_index[1]] <= self.hits.n_trackers

    @property
    def from_tracker(self) -> Bool[Tensor, " edges"]:
        """Whether the upstream hit is in a tracker: before a long gap, with its cut."""
        return self.hits.layer[self.edge_index[1]] < self.hits.n_trackers

    def to_pyg(self) -> "Data":
        """Returns the graph as a `torch_geometric.data.Data`.

        Its fields: `pos` in mm, `edep` in MeV, `layer`, `edge_index` from the downstream to the
        upstream hit, and, where the truth is known, `event`, `primary` and, for each edge, `y`, 1
        where both hits have the same event.

        Raises:
            MissingPackageError: torch-geometric is not installed.
        """
        try:
            from torch_geometric.data import Data  # an optional extra
        except ImportError as error:
            raise MissingPackageError(
                "A graph of torch_geometric needs the package torch-geometric, which is not "
                "installed; run `pip install torch-geometric`."
            ) from error
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
    """Edges at each hit of a graph, in compressed sparse rows.

    Edges are in the order of their downstream hits, and in a second one, `out_edge`, in that of
    their upstream hits. Those of each hit begin at `in_ptr` and `out_ptr`.
    """

    in_ptr: Int64[Tensor, " offsets"]
    out_ptr: Int64[Tensor, " offsets"]
    out_edge: Int64[Tensor, " edges"]

    def arrays(self) -> tuple[_Offsets, _Offsets, Int64[np.ndarray, " edges"]]:
        """Returns the three as compiled functions take them."""
        return self.in_ptr.numpy(), self.out_ptr.numpy(), self.out_edge.numpy()


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LineGraph(DeviceMixin):
    """The graph whose nodes are the edges of a `HitGraph`.

    A pair (a, b), stored once, joins edge a with an edge b that continues it upstream.
    """

    hit_graph: HitGraph
    pairs: Int64[Tensor, "2 pairs"]
    """Downstream edges, by which they are ordered, then upstream edges."""
    angle: Float[Tensor, " pairs"]
    """Angle between the two segments, in rad."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CompressedLineGraph(DeviceMixin):
    """A `LineGraph` whose pairs are not listed, but can be counted off.

    The edges that continue edge t upstream follow each other in the order of the hit graph, those
    that continue it downstream in a second order, by upstream hit.
    """

    hit_graph: HitGraph
    adjacency: Adjacency
    direction: Float64[Tensor, "2 3 edges"]
    """Unit vector along each edge, in the first and in the second order."""
    message_ptr: Int64[Tensor, " edges+1"]
    """Number of neighbours of all edges before each edge."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TripletGraph(DeviceMixin):
    """Candidate segments, and the pairs of them, triplets of hits, that a proton could have left.

    It is a line graph without the pairs that turn more than protons do. A pair joins an edge with
    one that continues it upstream from their common hit; it is listed with its downstream edge.
    """

    hit_graph: HitGraph
    adjacency: Adjacency
    triplet_ptr: Int64[Tensor, " offsets"]
    """Where the pairs of each downstream edge begin; at last their number."""
    upstream: Int64[Tensor, " pairs"]
    """The upstream edge of each pair. Ascending for each downstream edge."""
    slope_change_sq: Float64[Tensor, " pairs"]
    """Square of the change of the slopes (dx/dz, dy/dz) between the two edges."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class EdgeScores(DeviceMixin):
    """What a network thinks of each candidate segment."""

    graph: HitGraph
    logit: Float[Tensor, " edges"]
    """Log odds that both hits belong to the same proton."""

    def __post_init__(self) -> None:
        if self.logit.shape != (self.graph.n_edges,):
            raise DataError(
                f"Expected one logit for each of {self.graph.n_edges} edges, "
                f"got shape {tuple(self.logit.shape)}."
            )

    @property
    def probability(self) -> Float[Tensor, " edges"]:
        """Probability p that the segment is true."""
        return torch.sigmoid(self.logit)

    @property
    def cost(self) -> Float64[Tensor, " edges"]:
        """Cost 1 - p of choosing the segment, without the ties of 1 - p at 0 in float32."""
        return torch.sigmoid(-self.logit.double())


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TrackScores(EdgeScores):
    """Scores of segments that come from a probability of whole sets of tracks."""

    triplets: TripletGraph
    """The pairs that tracks are made of."""
    potentials: Float[Tensor, "edges 9"]
    """What a segment adds to the log probability of tracks; see `scoring.track_model`."""
    log_partition: Float[Tensor, ""]
    """Logarithm of the sum over all sets of tracks, in Bethe's approximation."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BeliefScores(EdgeScores):
    """Scores of segments, and how probable it is that tracks begin, end and go on with them."""

    start: Float64[Tensor, " edges"]
    """Probability that a track begins with the segment."""
    end: Float64[Tensor, " edges"]
    """Probability that a track ends with the segment."""
    triplet_ptr: Int64[Tensor, " offsets"]
    """Where the pairs of each downstream segment begin, as in `TripletGraph`."""
    upstream: Int64[Tensor, " pairs"]
    """The upstream segment of each pair."""
    follow: Float64[Tensor, " pairs"]
    """Probability that a track has both segments of a pair."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Assignment(DeviceMixin):
    """The chosen segments: at most one upstream and one downstream a hit."""

    graph: HitGraph
    selected: Bool[Tensor, " edges"]

    def __post_init__(self) -> None:
        if self.selected.shape != (self.graph.n_edges,):
            raise DataError(
                f"Expected {self.graph.n_edges} decisions, got shape {tuple(self.selected.shape)}."
            )
