"""Problem + two points -> control points of a curve of low loss between them."""

from collections.abc import Sequence
from typing import Literal

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.points import bernstein
from trackscape.landscape.problem import Problem

Optimiser = Literal["adam", "rmsprop"]
_OPTIMISERS = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}


def train_bezier(
    problem: Problem,
    a: Tensor,
    b: Tensor,
    *,
    bends: int = 1,
    steps: int,
    learning_rate: float,
    batches_per_step: int = 1,
    optimiser: Optimiser = "adam",
    seed: int = 0,
    progress: bool = True,
) -> list[Tensor]:
    """Trains a Bezier curve between two fixed ends, from the straight line on.

    Each step takes the gradient at one random time on the curve, for some random batches. So the
    mean of the loss over time is minimised, not its maximum. BatchNorm does what the problem says;
    train with ``norm="batch"``, as the models were, and evaluate with ``norm="recomputed"``.

    Arguments:
        problem: Landscape whose first value is minimised.
        a: (P,) Where the curve begins.
        b: (P,) Where it ends.
        bends: Control points between the ends.
        steps: Steps of the optimiser.
        learning_rate: Learning rate of the optimiser.
        batches_per_step: Batches whose gradients are averaged in one step.
        optimiser: ``adam`` or ``rmsprop``.
        seed: Seed of times and batches.
        progress: Whether to show a progress bar.

    Returns:
        `bends` + 2 control points (P,) float64; the first is `a`, the last `b`.

    Raises:
        LandscapeError: A setting is out of range, or the gradient is not finite on the way.

    References:
        Garipov, Izmailov, Podoprikhin, Vetrov, Wilson, "Loss surfaces, mode connectivity, and fast
        ensembling of DNNs", NeurIPS 2018.
    """
    evaluator = Evaluator(problem)
    n_batches = len(problem.batches)
    _check(evaluator.space.size, a, b, optimiser)
    if min(bends, steps, learning_rate) <= 0 or not 1 <= batches_per_step <= n_batches:
        raise LandscapeError(
            f"Expected positive bends, steps and learning rate, and 1 to {n_batches} batches per "
            f"step, got {bends}, {steps}, {learning_rate} and {batches_per_step}."
        )
    control = torch.lerp(a.double(), b.double(), _places(bends + 2).to(a.device)[:, None])
    control[0], control[-1] = a, b
    inner = control[1:-1].clone().requires_grad_()
    descent = _OPTIMISERS[optimiser]([inner], lr=learning_rate)
    generator = torch.Generator().manual_seed(seed)
    console = Console(stderr=True)
    for step in track(range(steps), "curve", console=console, transient=True, disable=not progress):
        time = torch.rand((), generator=generator, dtype=torch.float64, device="cpu").item()
        batches = torch.randperm(n_batches, generator=generator, device="cpu")[
            :batches_per_step
        ].tolist()
        inner.grad = bend_gradient(evaluator, control, time=time, batches=batches)
        if not inner.grad.isfinite().all():
            raise LandscapeError(
                f"Expected a finite gradient, got NaN or infinity in step {step + 1} of {steps} at "
                f"the time {time:.3f} of the curve; choose a smaller learning rate than "
                f"{learning_rate}, or ends whose loss is finite."
            )
        descent.step()
        control[1:-1] = inner.detach()
    return list(control)


def bend_gradient(
    evaluator: Evaluator, control: Tensor, *, time: float, batches: Sequence[int] | None = None
) -> Tensor:
    """Returns the gradient of the loss at one time by the inner control points.

    A curve is a sum of its control points, so it is the gradient at the point of the curve times
    the weight of each of them.

    Arguments:
        evaluator: Landscape.
        control: (bends + 2, P) Control points.
        time: Place on the curve, from 0 to 1.
        batches: Numbers of the batches; all if None.

    Returns:
        (bends, P) float64.
    """
    weights = bernstein(torch.tensor([time], dtype=torch.float64, device="cpu"), len(control) - 1)[
        0
    ].to(control)
    return torch.outer(weights[1:-1], evaluator.gradient(weights @ control, batches))


def _places(n: int) -> Tensor:
    return torch.linspace(0, 1, n, dtype=torch.float64, device="cpu")


def _check(size: int, a: Tensor, b: Tensor, optimiser: str) -> None:
    if not a.shape == b.shape == (size,):
        raise LandscapeError(
            f"Expected two ends of {size} parameters, got {tuple(a.shape)} and {tuple(b.shape)}; "
            "use models of the same architecture as the problem's."
        )
    if optimiser not in _OPTIMISERS:
        raise LandscapeError(f"Expected the optimiser adam or rmsprop, got {optimiser!r}.")
