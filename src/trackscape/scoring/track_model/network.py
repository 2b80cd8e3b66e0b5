"""The network that knows protons: potentials of segments, then their marginal probabilities."""

import math
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from trackscape.data import BeliefScores, EdgeScores, HitGraph, Hits, TrackScores, TripletGraph
from trackscape.errors import AssignmentError
from trackscape.graph_construction import connect_layers, triplet_graph
from trackscape.scoring.interface import Scorer
from trackscape.scoring.track_model.inference import likely_segments
from trackscape.scoring.track_model.potentials import (
    END,
    FOLLOW,
    INPUTS,
    JOIN,
    MIXTURE,
    POTENTIALS,
    START,
    bounded,
    follow_potential,
    segment_inputs,
)
from trackscape.scoring.track_model.propagation import beliefs_plain, run_bp, run_bp_plain
from trackscape.units import rad

WIDE_CALORIMETER_CUT = 0.6 * rad
WIDE_TRACKER_CUT = 0.3 * rad
"""Largest angles between a segment and the beam; `connect_layers` has the published ones."""


class _Constants(nn.Module):
    """The same potentials for every segment."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(_plausible_slope_changes())

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
        last.bias.copy_(_plausible_slope_changes())
    return layers


def _plausible_slope_changes() -> Tensor:
    """What all segments expect before training: slope changes of about 10, 30 and 100 mrad."""
    potentials = torch.zeros(POTENTIALS)
    potentials[JOIN] = -6.0
    for part in range(MIXTURE):
        potentials[FOLLOW + part] = -2.0 * part
        potentials[FOLLOW + MIXTURE + part] = part * math.log(3)
    return potentials


class TrackModel(Scorer[TripletGraph]):
    """Scores each segment by its probability of being on a track, given all hits; 1,545 parameters.

    A perceptron with two hidden layers gives the potentials of each segment, and belief propagation
    their marginals; see `trackscape.scoring.track_model`. Training maximises the likelihood of the
    true tracks (`likelihood_loss`). A segment is taken if that is right more often than wrong.

    Arguments:
        hidden: Size of the hidden layers; 0 for nine constants that are the same for all segments.
        rounds: Iterations of the belief propagation, each along the beam and back.
    """

    default_objective = "track_likelihood"
    scores_have_gradient = False  # compiled messages carry the gradient of the log partition only
    default_reject = 0.5
    is_local = True
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
        """Returns the candidate segments; the published cuts break tracks where protons stop."""
        return connect_layers(
            hits, calorimeter_cut=WIDE_CALORIMETER_CUT, tracker_cut=WIDE_TRACKER_CUT
        )

    def inputs(self, graph: HitGraph) -> Float[Tensor, "edges columns"]:
        """What the perceptron sees of each segment."""
        return segment_inputs(graph)

    def prepare(self, graph: HitGraph) -> TripletGraph:
        """Returns the pairs of segments that a proton could have followed."""
        return triplet_graph(graph)

    def forward(self, graph: TripletGraph) -> TrackScores:
        """Returns the marginal probabilities of the segments as log odds.

        On the processor this is compiled, with gradients of the log partition only, unless `plain`.
        """
        potentials = self._potentials(graph)
        compiled = potentials.device.type == "cpu" and not self.is_plain
        propagate = run_bp if compiled else run_bp_plain
        logit, log_partition = propagate(potentials, graph=graph, n_iterations=self.sizes["rounds"])
        return TrackScores(
            graph=graph.hit_graph,
            logit=logit,
            triplets=graph,
            potentials=potentials,
            log_partition=log_partition,
        )

    def score_likely(self, hits: Hits) -> EdgeScores:
        """Returns the beliefs in segments that are not next to impossible, without gradients.

        A network on the processor with a perceptron in float32 is fast, see `inference`; others
        return the beliefs in all segments, on any device.
        """
        network, device = self.potentials, next(self.parameters()).device
        own = type(self) is TrackModel and not self.is_plain and self.dtype == torch.float32
        if own and isinstance(network, nn.Sequential) and device.type == "cpu":
            return likely_segments(
                self.connect(hits), network=network, n_iterations=self.sizes["rounds"]
            )
        return self._beliefs(self.prepare(self.connect(hits)))

    @torch.no_grad()
    def _beliefs(self, graph: TripletGraph) -> BeliefScores:
        potentials = self._potentials(graph)
        found = beliefs_plain(potentials, graph=graph, n_iterations=self.sizes["rounds"])
        return BeliefScores(
            graph=graph.hit_graph,
            logit=found.logit,
            start=found.start.double(),
            end=found.end.double(),
            triplet_ptr=graph.triplet_ptr,
            upstream=graph.upstream,
            follow=found.follow.double(),
        )

    def _potentials(self, graph: TripletGraph) -> Float[Tensor, "edges 9"]:
        return bounded(self.potentials(self.inputs(graph.hit_graph).to(self.dtype)))

    def hidden_units(self) -> dict[str, list[tuple[str, int]]]:
        """Returns the perceptron."""
        return {"potentials": []}


def likelihood_loss(scores: EdgeScores, links: Bool[Tensor, " edges"]) -> Float[Tensor, ""]:
    r"""Negative log probability of the true tracks, for each of their segments.

    .. math:: \frac{1}{n} \left(\log Z - \sum_{t} \Big(\text{start}(t) +
              \sum \text{follow} + \text{end}(t)\Big)\right)

    over all true tracks t with n segments in all. Its gradient is the probability of each start,
    end and pair less what is true: this is the Fenchel-Young loss of Bethe's entropy
    (Blondel et al., JMLR 21 (2020) 35). True pairs that the graph does not hold add nothing.

    Arguments:
        scores: Those of a network that gives a probability to sets of tracks.
        links: Segments of the true tracks, at most one on each side of a hit.

    Raises:
        AssignmentError: If the network gives no such probability.
    """
    if not isinstance(scores, TrackScores):
        raise AssignmentError(
            "The likelihood of tracks needs a network that gives them a probability, such as "
            "`belief`. Choose this network, or another loss."
        )
    graph = scores.triplets
    downstream, upstream = graph.hit_graph.edge_index
    n_hits = len(graph.hit_graph.hits)
    arrived, left = (torch.zeros(n_hits, dtype=torch.bool, device=links.device) for _ in range(2))
    arrived[downstream[links]] = left[upstream[links]] = True
    start, end = links & ~arrived[upstream], links & ~left[downstream]
    owner = torch.repeat_interleave(graph.triplet_ptr.diff())
    pairs = (links[owner] & links[graph.upstream]).nonzero()[:, 0]
    follow = follow_potential(
        scores.potentials,
        downstream=owner[pairs],
        upstream=graph.upstream[pairs],
        slope_change_sq=graph.slope_change_sq[pairs],
    )
    of_truth = scores.potentials[start, START].sum() + scores.potentials[end, END].sum()
    return (scores.log_partition - of_truth - follow.sum()) / links.sum().clamp(min=1)
