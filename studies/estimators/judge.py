"""Trained weights -> a reject threshold, and what is decided with it on other frames."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from studies.decisions import Decisions
from trackscape.assignment import Assigner
from trackscape.data import EdgeScores, HitGraph
from trackscape.evaluation import FrameCounts, count_frame
from trackscape.evaluation.evaluate import read_frames
from trackscape.graph_construction import connect_layers
from trackscape.graph_construction.labels import edge_labels
from trackscape.scoring import Scorer
from trackscape.tracking import accept, follow
from trackscape.training import tune_reject
from trackscape.training.config import TrainingConfig
from trackscape.training.modules import WatchedAssigner


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tuning:
    """What a training reaches on the frames that are held out."""

    reject: float
    """The threshold that suits it best there."""
    edge_error: float
    """Wrong decisions / edges with this threshold, mean over frames."""
    solves: float
    """Assignment problems that the loss of a frame takes, forward and backward."""
    largest_gradient: float
    """Of the Hamming loss for a decision, the largest over edges, mean over frames: what turns a
    published strength into a shift of costs."""


@functools.lru_cache(maxsize=8)
def read_graphs(path: Path, *, per_frame: int, most: int | None = None) -> list[HitGraph]:
    """Returns the graphs of the frames of a file; they are kept, as all trainings need them."""
    return [connect_layers(frame) for frame in read_frames(path, per_frame=per_frame)[:most]]


def tune(
    scorer: Scorer, graphs: Sequence[HitGraph], *, settings: TrainingConfig, seed: int
) -> Tuning:
    """Chooses the threshold and measures what it gives.

    Arguments:
        scorer: The trained network.
        graphs: Of frames that it was not trained on.
        settings: Of its training.
        seed: Of its training.
    """
    scores = list(_score(scorer, graphs))
    labels = [edge_labels(graph) for graph in graphs]
    reject = tune_reject(scores, labels)
    assigner = Assigner(semantics="with_unmatched", unmatched_cost=reject)
    errors = [
        ((assigner(each).selected != (label > 0)).double().mean())
        for each, label in zip(scores, labels, strict=True)
    ]
    return Tuning(
        reject=reject,
        edge_error=float(torch.stack(errors).mean()),
        solves=count_solves(scores[0], labels[0], settings=settings, seed=seed),
        largest_gradient=sum(map(largest_gradient, graphs)) / len(graphs),
    )


def count_solves(
    scores: EdgeScores, label: Tensor, *, settings: TrainingConfig, seed: int
) -> float:
    """Solves that the loss of one frame and its backward pass take."""
    watched = WatchedAssigner(settings.assigner.build())
    leaf = scores.logit.clone().requires_grad_()
    asked = EdgeScores(graph=scores.graph, logit=leaf)
    loss = settings.loss.seeded(seed)
    loss(asked, label, assigner=watched, frame=0).backward()
    return watched.diagnose(torch.zeros_like(leaf)).solves


def largest_gradient(graph: HitGraph) -> float:
    """One over the number of edges of the smaller region: each region is averaged apart."""
    n_tracker = int(graph.touches_tracker.sum())
    sizes = [size for size in (n_tracker, graph.n_edges - n_tracker) if size]
    return 1 / min(sizes) if sizes else 0.0


@torch.no_grad()
def judge(scorer: Scorer, graphs: Sequence[HitGraph], *, reject: float) -> Decisions:
    """Decides on each frame in three ways, and counts what becomes of it."""
    assigners = {
        "half": Assigner(semantics="with_unmatched", unmatched_cost=0.5),
        "tuned": Assigner(semantics="with_unmatched", unmatched_cost=reject),
        "card": Assigner(semantics="max_cardinality"),
    }
    counts: dict[str, list[FrameCounts]] = {name: [] for name in assigners}
    chosen: list[Tensor] = []
    for scores in _score(scorer, graphs):
        for name, assigner in assigners.items():
            assignment = assigner(scores)
            counts[name].append(count_frame(accept(follow(assignment)), assignment))
            if name == "tuned":
                chosen.append(assignment.selected)
    return Decisions(counts=counts, chosen=torch.cat(chosen))


def _score(scorer: Scorer, graphs: Sequence[HitGraph]) -> Iterator[EdgeScores]:
    for graph in graphs:
        with torch.no_grad():
            scores: Any = scorer(scorer.prepare(graph))
        yield scores
