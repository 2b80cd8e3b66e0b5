"""Points of a surface per second: ours in one and two processes, and everybody else's."""

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import loss_landscapes
import torch
from loss_landscapes.metrics import Metric
from torch import nn

from benchmarks import baseline
from benchmarks.landscape.cases import (
    PER_FRAME,
    Example,
    examples,
    fresh_scorer,
    hit_file,
    mean_loss,
    problem,
)
from trackscape.evaluation import read_frames
from trackscape.landscape import Processes, SampleGrid, evaluate, grid, random_directions

FRAMES = 8
OURS, THEIRS, PAPER = 41, 5, 2
"""Steps of the grids, by what a point costs: ours is large beside the start of processes."""
EXTENT = 0.5


class Speed(NamedTuple):
    tool: str
    points: int
    seconds: float
    difference: float | None
    """Largest from our losses at the same points; None if it computes others, too."""

    @property
    def rate(self) -> float:
        return self.points / self.seconds


def plane(data: Path | None, steps: int) -> SampleGrid:
    """The same directions, whatever the steps."""
    made = problem(data, most=FRAMES)
    directions = random_directions(made.model, 2, norm="filter", seed=0)
    return grid(made.centre, directions.vectors, extent=EXTENT, steps=steps)


def ours(data: Path | None, *, processes: int, steps: int = OURS) -> Speed:
    """In new processes, which are started for it."""
    made, points = problem(data, most=FRAMES), plane(data, steps)
    seconds = _time(lambda: evaluate(made, points, executor=Processes(processes), progress=False))
    name = "trackscape, one process" if processes == 1 else f"trackscape, {processes} processes"
    return Speed(name, len(points), seconds, 0.0)


class MeanLoss(Metric):
    """What loss-landscapes asks for: a number for a wrapped model."""

    def __init__(self, of: list[Example]) -> None:
        super().__init__()
        self.of = of

    def __call__(self, model_wrapper: Any) -> float:
        return mean_loss(model_wrapper.modules[0], self.of)


def theirs(data: Path | None, *, fast: bool) -> Speed:
    """loss-landscapes on the same network, as plain PyTorch or with our kernels."""
    of, points = examples(data, most=FRAMES, fast=fast), plane(data, THEIRS)
    start = fresh_scorer()
    ends = [_moved(start, points.centre + 2 * EXTENT * step) for step in points.directions]
    metric = MeanLoss(of)
    found: list[Any] = []

    def draw() -> None:
        found.append(
            loss_landscapes.planar_interpolation(
                start, *ends, metric, steps=THEIRS, deepcopy_model=True
            )
        )

    seconds = _time(draw)
    # Its first value lies one step along the second direction, and its rows go to and fro.
    first = points.centre + 2 * EXTENT / THEIRS * points.directions[1]
    difference = abs(float(found[-1][0, 0]) - mean_loss(_moved(start, first), of))
    name = "loss-landscapes, network with our kernels" if fast else "loss-landscapes"
    return Speed(name, THEIRS**2, seconds, difference)


def _moved(network: nn.Module, vector: torch.Tensor) -> nn.Module:
    moved = copy.deepcopy(network)
    torch.nn.utils.vector_to_parameters(vector.float(), moved.parameters())
    return moved


def paper(data: Path | None) -> Speed:
    """Each point reads the data and builds network and graphs anew, and decides every frame."""
    points, weights = plane(data, PAPER), fresh_scorer().state_dict()

    def one(vector: torch.Tensor) -> tuple[float, float]:
        network = baseline.PlainNetwork().eval()
        network.load_state_dict(weights)
        torch.nn.utils.vector_to_parameters(vector.float(), network.parameters())
        entropy, hamming = 0.0, 0.0
        for hits in read_frames(hit_file(data), per_frame=PER_FRAME)[:FRAMES]:
            graph = baseline.connect(hits)
            label = baseline.label_edges(graph)
            with torch.no_grad():
                logit = network(baseline.make_line_graph(graph))
            entropy += float(nn.functional.binary_cross_entropy_with_logits(logit, label))
            chosen = baseline.assign(torch.sigmoid(-logit.double()), graph)
            hamming += float((chosen != (label > 0)).double().mean())
        return entropy / FRAMES, hamming / FRAMES

    seconds = _time(lambda: [one(points[number]) for number in range(len(points))])
    return Speed("the paper's scheme, in one process", len(points), seconds, None)


def _time(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
