"""The paper's two edge-classifying interaction networks, layer for layer.

References:
    Kortus, Keidel, Gauger, "Exploring End-to-end Differentiable Neural Charged Particle Tracking -
    A Loss Landscape Perspective", TMLR 2025; the interaction network is that of Battaglia et al.,
    NeurIPS 2016, as used for tracking by DeZoort et al. (2021).
"""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from trackscape.data import CompressedLineGraph, EdgeScores, HitGraph, LineGraph
from trackscape.graph_construction import (
    beam_angle,
    cluster_size,
    compressed_line_graph,
    line_graph,
    unrounded_cluster_size,
)
from trackscape.scoring.interface import Scorer
from trackscape.scoring.line_graph.columns import Gathered, MatrixColumns, normalised_linear
from trackscape.scoring.line_graph.encoding import AngleEncoding
from trackscape.scoring.line_graph.kernels import ROW_WIDTH, strongest_messages
from trackscape.units import keV


@final
class LineGraphNetwork(Scorer[LineGraph | CompressedLineGraph]):
    """Scores each segment from the segments that share a hit with it; 4,961 parameters.

    Messages run both ways between the two segments of a pair:
    ``R1(target, source, encoded angle)``, then their maximum at each segment, then
    ``O(segment, maximum)``, then ``R2`` gives one logit for each segment.
    """

    def __init__(self, *, hidden: int = 16, encoding: int = 128) -> None:
        super().__init__()
        self.sizes = {"hidden": hidden, "encoding": encoding}
        nodes = 8  # energy of both hits and position of both hits
        self.encode = AngleEncoding(encoding)
        self.R1 = relational_block(inputs=2 * nodes + encoding, hidden=hidden, outputs=hidden)
        self.O = object_block(inputs=nodes + hidden, hidden=hidden, outputs=hidden)
        self.R2 = relational_block(inputs=hidden, hidden=hidden, outputs=1)

    def prepare(self, graph: HitGraph) -> LineGraph | CompressedLineGraph:
        """Returns the line graph of a hit graph, compressed where the fast path can take it."""
        fast = self.sizes["hidden"] == ROW_WIDTH and graph.edge_index.device.type == "cpu"
        return compressed_line_graph(graph) if fast and not self.is_plain else line_graph(graph)

    def forward(self, graph: LineGraph | CompressedLineGraph) -> EdgeScores:
        """Returns the scores of the nodes of a line graph.

        A `LineGraph` takes the plain path, which can be differentiated twice, and a
        `CompressedLineGraph` the fast one. They agree but for rounding.
        """
        x = segment_features(graph.hit_graph).to(self.dtype)
        if isinstance(graph, LineGraph):
            strongest = self._strongest_message(graph, x)
        else:
            strongest = strongest_messages(self.R1, self.encode, graph, x)
        logit = self.R2(self.O(torch.cat([x, strongest], dim=1)))[:, 0]
        return EdgeScores(graph=graph.hit_graph, logit=logit)

    def hidden_units(self) -> dict[str, list[tuple[str, int]]]:
        """Returns the three blocks; messages stand behind the 8 features of a segment."""
        return {"R1": [("O", 8)], "O": [("R2", 0)], "R2": []}

    def _strongest_message(self, graph: LineGraph, x: Tensor) -> Tensor:
        if graph.pairs.shape[1] == 0:  # no message whose statistics could be taken
            return x.new_zeros(len(x), self.sizes["hidden"])
        target = torch.cat([graph.pairs[1], graph.pairs[0]])
        source = torch.cat([graph.pairs[0], graph.pairs[1]])
        angle = self.encode.columns(graph.angle.to(x.dtype), copies=2)
        message = relate(self.R1, [Gathered(x, target), Gathered(x, source), angle])
        return max_incoming(message, target=target, n_nodes=len(x))


@final
class HitGraphNetwork(Scorer[HitGraph]):
    """Scores each segment from its two hits and their neighbours; 39,839 parameters.

    Messages run from the downstream to the upstream hit. The published code applies the sigmoid
    twice, in the network and again in the loss; here the network returns logits.
    """

    def __init__(self, *, hidden: int = 64) -> None:
        super().__init__()
        self.sizes = {"hidden": hidden}
        self.R1 = relational_block(inputs=2 * 4 + 3, hidden=hidden, outputs=hidden)
        self.O = object_block(inputs=4 + hidden, hidden=hidden, outputs=hidden)
        self.R2 = relational_block(inputs=3 * hidden, hidden=hidden, outputs=1)

    def prepare(self, graph: HitGraph) -> HitGraph:
        """Returns the graph as it is."""
        return graph

    def forward(self, graph: HitGraph) -> EdgeScores:
        """Returns the scores of the edges of a hit graph."""
        x, segments = hit_features(graph).to(self.dtype), spherical_features(graph).to(self.dtype)
        source, target = graph.edge_index
        inputs = torch.cat([x[target], x[source], segments], dim=1)
        message = self.R1(inputs)
        strongest = max_incoming(message, target=target, n_nodes=len(x))
        x = self.O(torch.cat([x, strongest], dim=1))
        logit = self.R2(torch.cat([x[target], x[source], message], dim=1))[:, 0]
        return EdgeScores(graph=graph, logit=logit)

    def hidden_units(self) -> dict[str, list[tuple[str, int]]]:
        """Returns the three blocks; the last one reads both hits, then the message."""
        hidden = self.sizes["hidden"]
        return {"R1": [("O", 4), ("R2", 2 * hidden)], "O": [("R2", 0), ("R2", hidden)], "R2": []}


def relate(block: nn.Sequential, parts: Sequence[MatrixColumns]) -> Tensor:
    """Applies a relational block to the matrix with the columns `parts`; see `columns`."""
    norm, linear, *rest = block
    assert isinstance(norm, nn.BatchNorm1d) and isinstance(linear, nn.Linear)
    return nn.Sequential(*rest)(normalised_linear(norm, linear, parts))


def segment_features(graph: HitGraph) -> Float[Tensor, "edges 8"]:
    """Energy (MeV), then position (mm, relative to the spot), downstream and upstream."""
    downstream, upstream = graph.edge_index
    energy, position = graph.hits.energy[:, None], graph.hits.relative_position
    return torch.cat(
        [energy[downstream], energy[upstream], position[downstream], position[upstream]], dim=1
    )


def hit_features(graph: HitGraph) -> Float[Tensor, "hits 4"]:
    """Normalised cluster size, x/1000, y/1000 (relative to the spot) and z in mm.

    The cluster size is divided by the real-valued one of a deposit of 60 keV.
    """
    position = graph.hits.relative_position
    normal = unrounded_cluster_size(torch.tensor(60 * keV, dtype=torch.float64)).item()
    size = cluster_size(graph.hits.energy).to(position.dtype) / normal
    return torch.cat([size[:, None], position[:, :2] / 1000, position[:, 2:]], dim=1)


def spherical_features(graph: HitGraph) -> Float[Tensor, "edges 3"]:
    """Length (mm), azimuth and polar angle (rad) of each segment, upstream to down."""
    direction = graph.direction
    azimuth = torch.atan2(direction[:, 1], direction[:, 0])
    return torch.stack([direction.norm(dim=1), azimuth, beam_angle(direction)], dim=1)


def relational_block(*, inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """BatchNorm, Linear, LeakyReLU, BatchNorm, Linear, LeakyReLU, BatchNorm, Linear."""
    return nn.Sequential(
        nn.BatchNorm1d(inputs),
        nn.Linear(inputs, hidden),
        nn.LeakyReLU(),
        nn.BatchNorm1d(hidden),
        nn.Linear(hidden, hidden),
        nn.LeakyReLU(),
        nn.BatchNorm1d(hidden),
        nn.Linear(hidden, outputs),
    )


def object_block(*, inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """A relational block with LeakyReLU and BatchNorm at its end."""
    block = relational_block(inputs=inputs, hidden=hidden, outputs=outputs)
    return nn.Sequential(*block, nn.LeakyReLU(), nn.BatchNorm1d(outputs))


def max_incoming(
    message: Float[Tensor, "messages columns"], *, target: Int64[Tensor, " messages"], n_nodes: int
) -> Float[Tensor, "{n_nodes} columns"]:
    """Elementwise maximum of the messages that arrive at each node; 0 where none does.

    Among equal messages the gradient is shared.
    """
    index = target[:, None].expand_as(message)
    return message.new_zeros(n_nodes, message.shape[1]).scatter_reduce(
        0, index, message, "amax", include_self=False
    )
