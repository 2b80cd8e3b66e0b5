"""The fast path of the network beside the plain one: logits, tracks, and two hundred steps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

from benchmarks.cases import USUAL, find_files, trained_scorer
from trackscape.assignment import Assigner, by_region, cross_entropy_loss
from trackscape.data import EdgeScores, HitGraph, Hits
from trackscape.evaluation import read_frames
from trackscape.graph_construction import connect_layers, edge_labels, line_graph
from trackscape.scoring import Scorer, build_network
from trackscape.tracking import follow

STEPS = (1, 10, 50, 100, 200)
TRAINED_ON = 20
"""Frames of 50 primaries that a training of 200 steps sees again and again."""


class Agreement(NamedTuple):
    frames: int
    hits: int
    """In all frames."""
    same: float
    """Share of them on tracks that both paths find."""
    logit: float
    """Largest difference of two logits."""
    single: list[float]
    """Largest relative difference of two losses up to each of `STEPS`, in float32."""
    double: list[float]
    """The same in float64."""


def measure_agreement(data: Path | None, *, quick: bool) -> Agreement:
    files = find_files(data).values()
    frames = [
        hits
        for file in files
        for hits in read_frames(file, per_frame=USUAL)[: 2 if quick else None]
    ]
    results = [_compare(hits) for hits in frames]
    n_hits = sum(len(hits) for hits in frames)
    small = [hits for file in files for hits in read_frames(file, per_frame=50)]
    small = small[:: max(len(small) // TRAINED_ON, 1)][:TRAINED_ON]
    return Agreement(
        frames=len(frames),
        hits=n_hits,
        same=sum(same for same, _ in results) / n_hits,
        logit=max(logit for _, logit in results),
        single=_follow_training(small, torch.float32),
        double=_follow_training(small, torch.float64),
    )


@torch.no_grad()
def _compare(hits: Hits) -> tuple[int, float]:
    """Hits on the same tracks, and the largest difference of the logits."""
    scorer, graph = trained_scorer(), connect_layers(hits)
    fast, plain = scorer(scorer.prepare(graph)), scorer(line_graph(graph))
    both = _tracks(fast) & _tracks(plain)
    return sum(map(len, both)), float((fast.logit - plain.logit).abs().max())


def _tracks(scores: EdgeScores) -> set[tuple[int, ...]]:
    tracks = follow(Assigner()(scores))
    return {tuple(tracks[number].tolist()) for number in range(len(tracks))}


def _follow_training(frames: list[Hits], dtype: torch.dtype) -> list[float]:
    torch.manual_seed(0)
    start = build_network("line_graph").to(dtype).state_dict()
    graphs = [connect_layers(hits.to(dtype)) for hits in frames]
    fast, plain = (_losses(start, graphs, prepare) for prepare in (_fast, _plain))
    error = [abs(one / other - 1) for one, other in zip(fast, plain, strict=True)]
    return [max(error[:step]) for step in STEPS]


def _fast(scorer: Scorer, graph: HitGraph) -> Any:
    return scorer.prepare(graph)


def _plain(_: Scorer, graph: HitGraph) -> Any:
    return line_graph(graph)


def _losses(
    start: dict[str, torch.Tensor],
    graphs: list[HitGraph],
    prepare: Callable[[Scorer, HitGraph], Any],
) -> list[float]:
    network = build_network("line_graph").to(graphs[0].hits.position.dtype).train()
    network.load_state_dict(start)
    optimiser = torch.optim.RMSprop(network.parameters(), lr=1e-3)
    losses: list[float] = []
    for step in range(STEPS[-1]):
        graph = graphs[step % len(graphs)]
        logit = network(prepare(network, graph)).logit
        loss = by_region(cross_entropy_loss, logit, edge_labels(graph), graph=graph)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses
