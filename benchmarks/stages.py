"""The stages that are measured: the library's code and the baseline's, for the same work."""

import functools
import importlib.util
from collections.abc import Callable
from typing import get_args

import numpy as np
import torch

from benchmarks import baseline
from benchmarks.cases import METHOD, Frame, trained_scorer
from trackscape.assignment import (
    Assigner,
    Backend,
    blackbox_assignment,
    by_region,
    cross_entropy_loss,
    hamming_loss,
)
from trackscape.data import EdgeScores
from trackscape.evaluation import count_frame
from trackscape.graph_construction import connect_layers, edge_labels, line_graph
from trackscape.scoring import Scorer, load_method
from trackscape.tracking import accept, follow, reconstruct

Work = Callable[[Frame], object]


@functools.cache
def training_scorer() -> Scorer:
    return load_method(METHOD).train()


@functools.cache
def plain_network(*, training: bool) -> baseline.PlainNetwork:
    network = baseline.PlainNetwork().train(training)
    network.load_state_dict(trained_scorer().state_dict())
    return network


@torch.no_grad()
def score(frame: Frame) -> object:
    scorer = trained_scorer()
    return scorer(scorer.prepare(frame.graph))


@torch.no_grad()
def score_line_graph(frame: Frame) -> object:
    return trained_scorer()(line_graph(frame.graph))


@torch.no_grad()
def score_baseline(frame: Frame) -> object:
    return plain_network(training=False)(baseline.make_line_graph(frame.graph))


def assign(frame: Frame, *, assigner: Assigner) -> object:
    return assigner(frame.scores)


def assign_lapcpp(frame: Frame) -> object:
    """Solves each pair of layers by lapcpp, in a matrix of all pairs of their hits."""
    import lapcpp

    cost, (downstream, upstream) = frame.scores.cost.numpy(), frame.graph.edge_index.numpy()
    layer, chosen = frame.graph.hits.layer.numpy()[downstream], np.zeros(len(cost), np.bool_)
    for edges in np.split(np.arange(len(cost)), np.flatnonzero(np.diff(layer)) + 1):
        rows, row = np.unique(upstream[edges], return_inverse=True)
        columns, column = np.unique(downstream[edges], return_inverse=True)
        weight = np.full((len(rows), len(columns)), 1.0 + min(len(rows), len(columns)))
        number = np.full(weight.shape, -1)
        weight[row, column], number[row, column] = cost[edges], edges
        found = number[lapcpp.lapjv(weight, extend_cost=True, return_cost=False)]
        chosen[found[found >= 0]] = True
    return chosen


def assign_baseline(frame: Frame) -> object:
    return baseline.assign(frame.scores.cost, frame.graph)


def assign_and_back(frame: Frame) -> object:
    """The gradient of the Hamming loss for the logits, through the assignment."""
    scores = EdgeScores(graph=frame.graph, logit=frame.scores.logit.detach().requires_grad_())
    return _track_loss(scores, frame.label)


def assign_and_back_baseline(frame: Frame) -> object:
    logit = frame.scores.logit.detach().requires_grad_()
    return baseline.track_loss(logit, frame.graph, frame.label)


def _track_loss(scores: EdgeScores, label: torch.Tensor) -> object:
    chosen = blackbox_assignment(
        scores, assigner=Assigner(), strength=baseline.STRENGTH, convention="published"
    )
    return by_region(hamming_loss, chosen, label, graph=scores.graph).backward()


def train(frame: Frame, *, through_assignment: bool) -> object:
    """Hits -> gradients of the weights, as in a step of training on one graph."""
    scorer = training_scorer()
    scorer.zero_grad()
    graph = connect_layers(frame.hits)
    label = edge_labels(graph)
    scores = scorer(scorer.prepare(graph))
    if through_assignment:
        return _track_loss(scores, label)
    return by_region(cross_entropy_loss, scores.logit, label, graph=graph).backward()


def train_baseline(frame: Frame, *, through_assignment: bool) -> object:
    network = plain_network(training=True)
    network.zero_grad()
    step = baseline.predict_and_track if through_assignment else baseline.predict_then_track
    return step(frame.hits, network)


NETWORK, ASSIGNMENT, ASSIGNMENT_AND_BACK = "network", "assignment", "assignment and its gradient"
WHOLE, PTT, PAT = "hits to tracks", "training, PTT", "training, PAT"
FROM_HITS = (WHOLE, PTT, PAT)
"""Need nothing but hits, so that their memory is all that is needed."""

STAGES: dict[str, dict[str, Work]] = {
    "hit graph": {
        "ours": lambda frame: connect_layers(frame.hits),
        "baseline": lambda frame: baseline.connect(frame.hits),
    },
    NETWORK: {"ours": score, "baseline": score_baseline},
    ASSIGNMENT: {
        "ours": functools.partial(assign, assigner=Assigner()),
        "baseline": assign_baseline,
    },
    ASSIGNMENT_AND_BACK: {"ours": assign_and_back, "baseline": assign_and_back_baseline},
    "tracks": {
        "ours": lambda frame: accept(follow(frame.assignment)),
        "baseline": lambda frame: baseline.find_tracks(frame.graph, frame.assignment.selected),
    },
    "metrics": {
        "ours": lambda frame: count_frame(frame.tracks, frame.assignment),
        "baseline": lambda frame: baseline.count_tracks(frame.graph.hits, frame.track_lists),
    },
    WHOLE: {
        "ours": lambda frame: reconstruct(frame.hits, scorer=trained_scorer(), assigner=Assigner()),
        "baseline": lambda frame: baseline.reconstruct(frame.hits, plain_network(training=False)),
    },
    PTT: {
        "ours": functools.partial(train, through_assignment=False),
        "baseline": functools.partial(train_baseline, through_assignment=False),
    },
    PAT: {
        "ours": functools.partial(train, through_assignment=True),
        "baseline": functools.partial(train_baseline, through_assignment=True),
    },
}

BASELINE_LINE_GRAPH, PLAIN_PATH = "line graph of the baseline", "network on a line graph"
VARIANTS: dict[str, Work] = {
    BASELINE_LINE_GRAPH: lambda frame: baseline.make_line_graph(frame.graph),
    PLAIN_PATH: score_line_graph,
    **{
        f"{ASSIGNMENT}, {backend}": functools.partial(assign, assigner=Assigner(backend=backend))
        for backend in get_args(Backend)
    },
    **({f"{ASSIGNMENT}, lapcpp": assign_lapcpp} if importlib.util.find_spec("lapcpp") else {}),
}
"""Parts of a stage, and other ways to do it."""


def all_work() -> dict[tuple[str, str], Work]:
    """Everything that is timed, by stage and by whose it is."""
    stages = {(stage, who): work for stage, of in STAGES.items() for who, work in of.items()}
    return stages | {(stage, "variant"): work for stage, work in VARIANTS.items()}
