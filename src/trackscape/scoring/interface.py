"""What every scorer promises, and what belongs to it: graph, objective, decision, hidden units."""

import abc
import copy
from typing import Any, ClassVar, Generic, Self

import torch
from torch import nn
from typing_extensions import TypeVar

from trackscape.data import EdgeScores, HitGraph, Hits
from trackscape.graph_construction import connect_layers

Prepared = TypeVar("Prepared", default=Any)
"""What a network wants to see of a hit graph, such as a `LineGraph`."""


class Scorer(nn.Module, abc.ABC, Generic[Prepared]):
    """A network that scores the candidate segments of a hit graph.

    A network of your own says how to `prepare` a graph and what `forward` returns; all else has a
    default, which is that of the paper.
    """

    sizes: dict[str, Any]
    """Arguments that the network was made with, as numbers or texts; weights files note them.
    `build_network` notes them for a class that does not."""
    is_plain: bool = False
    """Whether the network is a copy that `plain` made."""

    default_objective: ClassVar[str] = "cross_entropy"
    """Name of the objective that the network is trained by, as in `trackscape.training`."""
    scores_have_gradient: ClassVar[bool] = True
    """Whether gradients go through the scores of `forward`, so that any objective can be trained.
    If not, those of the default objective do, and those of a `plain` copy."""
    default_reject: ClassVar[float | None] = None
    """Cost of a track's end in the assignment that belongs to the network, between 0 and 1; None
    for the published assignment, where tracks end only where they must."""
    bridges_gaps: ClassVar[bool] = False
    """Whether tracks are joined over an empty layer; see `trackscape.tracking.recover_holes`."""

    @property
    def dtype(self) -> torch.dtype:
        """Floating type of the weights, in which hits of any type are scored."""
        return next(self.parameters()).dtype

    @property
    def architecture(self) -> str:
        """The class and its arguments in words."""
        sizes = ", ".join(f"{name} {size}" for name, size in getattr(self, "sizes", {}).items())
        return f"{type(self).__name__} ({sizes})"

    def connect(self, hits: Hits) -> HitGraph:
        """Returns the candidate segments of a frame, the published ones unless it wants others."""
        return connect_layers(hits)

    @abc.abstractmethod
    def prepare(self, graph: HitGraph) -> Prepared:
        """Returns the graph that `forward` takes. Depends on no weight, so it may be kept."""

    @abc.abstractmethod
    def forward(self, graph: Prepared) -> EdgeScores:
        """Returns the scores of all candidate segments of a prepared graph."""

    def score(self, hits: Hits) -> EdgeScores:
        """Returns the scores of all candidate segments of a frame."""
        return self(self.prepare(self.connect(hits)))

    def hidden_units(self) -> dict[str, list[tuple[str, int]]]:
        """Returns the sequential blocks, from input to output, and where their outputs are read.

        Names are attributes. Each use is a later block and the first column of its inputs where
        the outputs stand; they may be gathered, or reduced column by column, in between. Empty if
        nothing is known, so that hidden units cannot be matched with those of another network.
        """
        return {}

    def plain(self) -> Self:
        """Returns a copy whose `forward` can be differentiated twice, for any objective.

        It takes graphs that it has prepared itself, and computes the same but for rounding.
        Networks with a compiled path ask `is_plain`.
        """
        copied = copy.deepcopy(self)
        copied.is_plain = True
        return copied
