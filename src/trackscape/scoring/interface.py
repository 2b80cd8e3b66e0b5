"""What every scorer promises."""

import abc

import torch
from torch import nn

from trackscape.data import EdgeScores, HitGraph, Hits, PreparedGraph
from trackscape.graph_construction import connect_layers


class Scorer(nn.Module, abc.ABC):
    """A network that scores the candidate segments of a hit graph."""

    sizes: dict[str, int]
    """The arguments that the network was made with. Weights files note them; may be left out."""

    @property
    def dtype(self) -> torch.dtype:
        """Floating type of the weights, in which hits of any type are scored."""
        return next(self.parameters()).dtype

    def connect(self, hits: Hits) -> HitGraph:
        """Returns the candidate segments of a frame, the published ones unless it wants others."""
        return connect_layers(hits)

    @abc.abstractmethod
    def prepare(self, graph: HitGraph) -> PreparedGraph:
        """Returns the graph that `forward` takes. Depends on no weight, so it may be kept."""

    @abc.abstractmethod
    def forward(self, graph: PreparedGraph) -> EdgeScores:
        """Returns the scores of all candidate segments of a prepared graph."""
