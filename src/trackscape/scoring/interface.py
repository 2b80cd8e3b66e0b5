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

    One of your own says how to `prepare` a graph and what `forward` returns; the rest has defaults.
    """

    sizes: dict[str, Any]
    """Arguments that the network was made with, as numbers or texts; weights files note them."""
    is_plain: bool = False
    """Whether the network is a copy that `plain` made."""

    default_objective: ClassVar[str] = "cross_entropy"
    """Name of the objective of the training, as in `trackscape.training`."""
    scores_have_gradient: ClassVar[bool] = True
    """Whether gradients go through scores, or only through what the default objective needs."""
    default_reject: ClassVar[float | None] = None
    """Cost, from 0 to 1, of a track's end in the assignment; None if it ends where it must only."""
    is_local: ClassVar[bool] = False
    """Whether places count as slopes only: frames far from each other can then be scored as one."""
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

    def score_likely(self, hits: Hits) -> EdgeScores:
        """Returns the scores of a frame for tracking alone, as fast as the network can.

        Segments with a probability near 0 may be missing, and their graph is smaller then.
        """
        return self.score(hits)

    def hidden_units(self) -> dict[str, list[tuple[str, int]]]:
        """Returns the attributes that are sequential blocks, and where their outputs are read.

        Each use is a later block and the first column of its inputs where the outputs stand; they
        may be gathered, or reduced by columns, in between. Other hidden units cannot be matched.
        """
        return {}

    def plain(self) -> Self:
        """Returns a copy whose `forward` can be differentiated twice, for any objective.

        It takes graphs that it has prepared itself. Networks with a compiled path ask `is_plain`.
        """
        copied = copy.deepcopy(self)
        copied.is_plain = True
        return copied
