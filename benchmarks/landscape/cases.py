"""The tracker whose landscape all tools draw: its frames, and losses as each tool wants them."""

import functools
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from benchmarks.cases import METHOD, find_files
from trackscape.assignment import by_region, cross_entropy_loss
from trackscape.data import Hits
from trackscape.evaluation import read_frames
from trackscape.graph_construction import edge_labels, line_graph
from trackscape.landscape import Problem
from trackscape.scoring import Scorer, load_method
from trackscape.tracker_landscape import tracker_problem

PER_FRAME = 50


class Example(NamedTuple):
    graph: Any
    label: Tensor


def hit_file(data: Path | None) -> Path:
    return next(iter(find_files(data).values()))


@functools.cache
def frames(data: Path | None, *, most: int) -> list[Hits]:
    return read_frames(hit_file(data), per_frame=PER_FRAME)[:most]


def fresh_scorer() -> Scorer:
    """Not one that another tool has moved."""
    return load_method(METHOD)


def problem(data: Path | None, *, most: int, twice_differentiable: bool = False) -> Problem:
    return tracker_problem(
        fresh_scorer(),
        frames(data, most=most),
        losses=("cross_entropy",),
        twice_differentiable=twice_differentiable,
    )


def examples(data: Path | None, *, most: int, fast: bool) -> list[Example]:
    """Prepared once, for our compiled kernels or for plain PyTorch."""
    scorer, made = fresh_scorer(), []
    for hits in frames(data, most=most):
        graph = scorer.connect(hits)
        prepared = scorer.prepare(graph) if fast else line_graph(graph)
        made.append(Example(prepared, edge_labels(graph)))
    return made


def loss(network: nn.Module, example: Example) -> Tensor:
    scores = network(example.graph)
    return by_region(cross_entropy_loss, scores.logit, example.label, graph=scores.graph)


@torch.no_grad()
def mean_loss(network: nn.Module, of: list[Example]) -> float:
    return float(torch.stack([loss(network, example) for example in of]).double().mean())
