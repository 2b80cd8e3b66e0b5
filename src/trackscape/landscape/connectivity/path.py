"""Two points -> a curve of low loss between them, losses along it, barrier and connectivity."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.execution import Executor
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.points import bernstein, bezier
from trackscape.landscape.problem import Problem
from trackscape.landscape.space import Point, Vectors
from trackscape.landscape.surface import Surface, evaluate
from trackscape.progress import show_progress


def train_bezier(
    problem: Problem,
    a: Point,
    b: Point,
    *,
    bends: int = 1,
    steps: int,
    learning_rate: float,
    batches_per_step: int = 1,
    seed: int = 0,
    progress: bool = True,
    watch: Callable[[int, Vectors], object] | None = None,
) -> list[Point]:
    """Trains a Bezier curve between two fixed ends, from the straight line on, by Adam.

    Each step takes the gradient at one random time on the curve, averaged over some random batches.
    So the mean of the loss over time is minimised, not its maximum (Garipov et al., "Loss surfaces,
    mode connectivity, and fast ensembling of DNNs", NeurIPS 2018). BatchNorm does what the problem
    says; train with ``norm="batch"``, as the models were, and evaluate with ``norm="recomputed"``.
    To see whether the search was long enough, `watch` is given the number of steps that were taken
    and all control points, which it must not change, before the first step and after each.

    Returns:
        `bends` + 2 control points in float64; the first is `a`, the last `b`.

    Raises:
        LandscapeError: A setting is out of range, or the gradient is not finite on the way.
    """
    evaluator = Evaluator(problem)
    n_batches = len(problem.batches)
    size = evaluator.space.size
    if not a.shape == b.shape == (size,):
        raise LandscapeError(
            f"Expected two ends of {size} parameters, got {tuple(a.shape)} and {tuple(b.shape)}; "
            "use models of the same architecture as the problem's."
        )
    if min(bends, steps, learning_rate) <= 0 or not 1 <= batches_per_step <= n_batches:
        raise LandscapeError(
            f"Expected positive bends, steps and learning rate, and 1 to {n_batches} batches per "
            f"step, got {bends}, {steps}, {learning_rate} and {batches_per_step}."
        )
    places = torch.linspace(0, 1, bends + 2, dtype=torch.float64, device="cpu")
    control = torch.lerp(a.double(), b.double(), places.to(a.device)[:, None])
    control[0], control[-1] = a, b
    inner = control[1:-1].clone().requires_grad_()
    descent = torch.optim.Adam([inner], lr=learning_rate)
    generator = torch.Generator().manual_seed(seed)
    numbers = range(steps)
    if watch is not None:
        watch(0, control)
    for step in show_progress(numbers, "curve") if progress else numbers:
        time = torch.rand((), generator=generator, dtype=torch.float64, device="cpu").item()
        order = torch.randperm(n_batches, generator=generator, device="cpu")
        batches = order[:batches_per_step].tolist()
        inner.grad = bend_gradient(evaluator, control, time=time, batches=batches)
        if not inner.grad.isfinite().all():
            raise LandscapeError(
                f"Expected a finite gradient, got NaN or infinity in step {step + 1} of {steps} at "
                f"the time {time:.3f} of the curve; choose a smaller learning rate than "
                f"{learning_rate}, or ends whose loss is finite."
            )
        descent.step()
        control[1:-1] = inner.detach()
        if watch is not None:
            watch(step + 1, control)
    return list(control)


def bend_gradient(
    evaluator: Evaluator, control: Vectors, *, time: float, batches: Sequence[int] | None = None
) -> Float[Tensor, "bends parameters"]:
    """Returns the gradient of the loss at one time, from 0 to 1, by the inner control points.

    A curve is a sum of its control points: it is the gradient on the curve times their weights.
    """
    at = torch.tensor([time], dtype=torch.float64, device="cpu")
    weights = bernstein(at, len(control) - 1)[0].to(control)
    return torch.outer(weights[1:-1], evaluator.gradient(weights @ control, batches))


def evaluate_path(
    problem: Problem,
    control: Sequence[Point],
    *,
    steps: int = 25,
    executor: Executor | None = None,
    folder: Path | str | None = None,
    progress: bool = True,
) -> Surface:
    """Evaluates a problem along a Bezier curve, as `evaluate` does; two points make a line.

    Statistics of BatchNorm belong to one point only. Along a curve the policy ``recomputed``
    (``dataclasses.replace(problem, norm="recomputed")``) takes those of each point, so that its
    loss is that of a model which could be used.
    """
    points = bezier(control, steps=steps)
    return evaluate(problem, points, executor=executor, folder=folder, progress=progress)


class AtTime(NamedTuple):
    """A number, and where on a curve it was found."""

    value: float
    standard_error: float
    """Standard error from the spread of the batches' own differences, with the place held fixed;
    NaN of one batch."""
    time: float
    """Place on the curve, from 0 to 1."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PathSummary:
    """What a curve from one model to another passes. Means of all batches; NaN if one has none."""

    name: str
    """Name of the value."""
    lowest: float
    highest: float
    mean: float
    """Mean over the time (trapezoidal rule)."""
    barrier: AtTime
    r"""Barrier :math:`\max_t L(t) - [(1 - t) L(0) + t L(1)]`, 0 or more."""
    connectivity: AtTime
    r"""Mode connectivity :math:`\frac{1}{2} [L(0) + L(1)] - L(t^*)` where its magnitude is largest.
    Negative: a barrier; positive: the ends are not minima, as something lower lies between them."""


def path_summary(surface: Surface, name: str | None = None) -> PathSummary:
    """Returns barrier and connectivity of a value, the first if None, along a curve.

    The value is better if lower. All are differences of the same batches, whose standard errors are
    much smaller than those of the losses themselves. See Frankle et al., ICML 2020, for the
    barrier, and Yang et al., "Taxonomizing local versus global structure in neural network loss
    landscapes", NeurIPS 2021, for the connectivity.
    """
    if len(surface.points.shape) != 1 or len(surface.points) < 2:
        raise LandscapeError(
            f"Expected losses along a curve, got a grid {surface.points.shape}; use evaluate_path."
        )
    times = np.linspace(0, 1, len(surface.points))
    first, last = surface.values[:1], surface.values[-1:]
    share = times[:, None, None]
    with np.errstate(invalid="ignore"):  # infinity less infinity is no number, and stays so
        mean = surface.mean(name)
        excess = surface.values - ((1 - share) * first + share * last)
        gain = (first + last) / 2 - surface.values
        return PathSummary(
            name=name or surface.names[0],
            lowest=float(mean.min()),
            highest=float(mean.max()),
            mean=float(np.trapezoid(mean, times)),
            barrier=_largest(surface, excess, times, name=name, magnitude=False),
            connectivity=_largest(surface, gain, times, name=name, magnitude=True),
        )


def _largest(
    surface: Surface,
    differences: NDArray[np.float64],
    times: NDArray[np.float64],
    *,
    name: str | None,
    magnitude: bool,
) -> AtTime:
    """Finds the largest mean of differences (N, B, M); the first that is no number if one is."""
    difference = dataclasses.replace(surface, values=differences)
    mean = difference.mean(name)
    place = int(np.argmax(np.abs(mean) if magnitude else mean))
    error = difference.standard_error(name)[place]
    return AtTime(float(mean[place]), float(error), float(times[place]))
