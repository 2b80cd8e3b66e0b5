"""Control points -> losses along the curve -> barrier and mode connectivity."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.execution import Executor
from trackscape.landscape.points import bezier
from trackscape.landscape.problem import Problem
from trackscape.landscape.surface import Surface, evaluate


class AtTime(NamedTuple):
    """A number, and where on a curve it was found."""

    value: float
    """Number that was found."""
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
    """Lowest value on the curve."""
    highest: float
    """Highest value on the curve."""
    mean: float
    """Mean over the time (trapezoidal rule)."""
    barrier: AtTime
    r"""Barrier :math:`\max_t L(t) - [(1 - t) L(0) + t L(1)]`, never negative; 0 if linearly
    connected."""
    connectivity: AtTime
    r"""Mode connectivity :math:`\frac{1}{2} [L(0) + L(1)] - L(t^*)` where its magnitude is largest.
    Negative: a barrier; positive: the ends are not minima, as something lower lies between them."""


def evaluate_path(
    problem: Problem,
    control: Sequence[Tensor],
    *,
    steps: int = 25,
    executor: Executor | None = None,
    folder: Path | None = None,
    progress: bool = True,
) -> Surface:
    """Evaluates a problem along a Bezier curve; two control points make a straight line.

    Statistics of BatchNorm belong to one point only. Along a curve the policy ``recomputed`` takes
    those of each point, so that its loss is that of a model which could be used.

    Arguments:
        problem: Landscape; ``dataclasses.replace(problem, norm="recomputed")`` has another
            policy.
        control: Control points (P,), for instance those of `train_bezier`.
        steps: Points, both ends included.
        executor: Executor, as in `evaluate`.
        folder: Folder that keeps results, as in `evaluate`.
        progress: Whether to show a progress bar.
    """
    points = bezier(control, steps=steps)
    return evaluate(problem, points, executor=executor, folder=folder, progress=progress)


def path_summary(surface: Surface, name: str | None = None) -> PathSummary:
    """Returns barrier and mode connectivity of losses along a curve with equal steps of time.

    All are differences of the same batches, whose standard errors are much smaller than those of
    the losses themselves.

    Arguments:
        surface: Surface over a line or curve.
        name: Name of a value that is better if lower; the first if None.

    References:
        Frankle, Dziugaite, Roy, Carbin, "Linear mode connectivity and the lottery ticket
        hypothesis", ICML 2020 (barrier); Yang et al., "Taxonomizing local versus global structure
        in neural network loss landscapes", NeurIPS 2021 (connectivity).
    """
    if len(surface.points.shape) != 1 or len(surface.points) < 2:
        raise LandscapeError(
            f"Expected losses along a curve, got those on a grid {surface.points.shape}; use "
            "evaluate_path."
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
