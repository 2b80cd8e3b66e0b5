"""The network that knows protons: potentials of segments, then beliefs in them."""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn

from trackscape.data import HitGraph, Hits, KinkGraph, TrackScores
from trackscape.graph_construction import connect_layers, kink_graph
from trackscape.scoring.beliefs import fast, plain
from trackscape.scoring.beliefs.potentials import (
    FOLLOW,
    INPUTS,
    JOIN,
    MIXTURE,
    POTENTIALS,
    bounded,
    segment_inputs,
)
from trackscape.scoring.interface import Scorer
from trackscape.units import rad

CALORIMETER_CUT = 0.6 * rad
"""Largest angle between a segment and the beam; wider than the published cut, which is 0.4 rad."""
TRACKER_CUT = 0.3 * rad
"""The same where the downstream hit has layer < 3."""


class _Constants(nn.Module):
    """The same potentials for every segment."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(_plausible_kinks())

    def forward(self, inputs: Tensor) -> Tensor:
        """Returns (E, 9)."""
        return self.bias.expand(len(inputs), POTENTIALS)


def _perceptron(n_inputs: int, hidden: int) -> nn.Sequential:
    layers = nn.Sequential(
        nn.Linear(n_inputs, hidden),
        nn.SiLU(),
        nn.Linear(hidden, hidden),
        nn.SiLU(),
        last := nn.Linear(hidden, POTENTIALS),
    )
    with torch.no_grad():
        last.weight *= 0.3
        last.bias.copy_(_plausible_kinks())
    return layers


def _plausible_kinks() -> Tensor:
    """What all segments expect before training: kinks of about 10, 30 and 100 mrad."""
    potentials = torch.zeros(POTENTIALS)
    potentials[JOIN] = -6.0
    for part in range(MIXTURE):
        potentials[FOLLOW + part] = -2.0 * part
        potentials[FOLLOW + MIXTURE + part] = part * math.log(3)
    return potentials


class BeliefNetwork(Scorer[KinkGraph]):
    """Scores each segment by its probability of being on a track, given all hits; 1,545 parameters.

    A perceptron with two hidden layers gives the potentials of each segment, and messages along the
    beam and back the beliefs; see `trackscape.scoring.beliefs`. Training maximises the likelihood
    of the true tracks.

    Arguments:
        hidden: Size of the hidden layers; 0 for none, that is, nine constants that are the same
            for all segments, to see what the perceptron is worth.
        rounds: How often the messages run along the beam and back.

    Its scores are probabilities, which also tell where a track ends: a segment is taken if that is
    right more often than wrong.
    """

    default_objective = "track_likelihood"
    scores_have_gradient = False  # compiled beliefs carry the gradient of the log partition only
    default_reject = 0.5
    bridges_gaps = True
    extra_inputs: ClassVar[int] = 0
    """Columns of `inputs` beside the usual ones, in networks that are told more."""

    def __init__(self, *, hidden: int = 32, rounds: int = 2) -> None:
        super().__init__()
        self.sizes = {"hidden": hidden, "rounds": rounds}
        self.potentials = (
            _perceptron(INPUTS + self.extra_inputs, hidden) if hidden else _Constants()
        )

    def connect(self, hits: Hits) -> HitGraph:
        """Returns the candidate segments; protons at the end of their range scatter widely.

        The published cuts break tracks there, and without its last layers a track does not pass for
        one of a proton that stopped.
        """
        return connect_layers(hits, calorimeter_cut=CALORIMETER_CUT, tracker_cut=TRACKER_CUT)

    def inputs(self, graph: HitGraph) -> Tensor:
        """What the perceptron sees of each segment, (E, 5)."""
        return segment_inputs(graph)

    def prepare(self, graph: HitGraph) -> KinkGraph:
        """Returns the hit graph with the pairs of segments that a proton could have followed."""
        return kink_graph(graph)

    def forward(self, graph: KinkGraph) -> TrackScores:
        """Returns the beliefs in the segments as log odds.

        On the processor this runs compiled, and gradients go through the log partition only, but
        for a `plain` copy.
        """
        potentials = bounded(self.potentials(self.inputs(graph.hit_graph).to(self.dtype)))
        compiled = potentials.device.type == "cpu" and not self.is_plain
        believe = fast.believe if compiled else plain.believe
        logit, log_partition = believe(potentials, graph=graph, rounds=self.sizes["rounds"])
        return TrackScores(
            graph=graph.hit_graph,
            logit=logit,
            kinks=graph,
            potentials=potentials,
            log_partition=log_partition,
        )

    def hidden_units(self) -> dict[str, list[tuple[str, int]]]:
        """Returns the perceptron."""
        return {"potentials": []}
