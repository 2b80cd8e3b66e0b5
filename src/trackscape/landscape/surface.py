"""Problem + points -> losses of every batch at every point, with means and standard errors."""

import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray

import trackscape
from trackscape.errors import LandscapeError, LandscapeWarning
from trackscape.execution import Executor, compute_array
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.fingerprint import fingerprint
from trackscape.landscape.points import SampleGrid
from trackscape.landscape.problem import Problem

_Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Surface:
    """Values of some names at points, for each batch; means have the shape of the grid."""

    points: SampleGrid
    names: tuple[str, ...]
    """Names of the values; the first is the one that is differentiated."""
    values: Float[np.ndarray, "points batches names"]
    """Values as they were computed: not a number stays so."""
    weights: Float[np.ndarray, " batches"]
    """Weights of the batches in means; their sum is 1."""
    about: dict[str, Any]
    """Origin of the numbers; plain values only."""

    def __repr__(self) -> str:
        return f"Surface({', '.join(self.names)} of {self.values.shape[1]} batches, {self.points})"

    def mean(self, name: str | None = None) -> Float[np.ndarray, "*grid"]:
        """Returns the mean over batches of a value, the first if None; NaN where one has none."""
        return _mean(self._of(name), self.weights).reshape(self.points.shape)

    def standard_error(self, name: str | None = None) -> Float[np.ndarray, "*grid"]:
        """Returns the standard error of the mean; NaN of one batch."""
        return standard_error(self._of(name), self.weights).reshape(self.points.shape)

    def finite(self, name: str | None = None) -> Bool[np.ndarray, "*grid"]:
        """Returns where the mean is a number."""
        return np.isfinite(self.mean(name))

    def _of(self, name: str | None) -> _Floats:
        if name is not None and name not in self.names:
            raise LandscapeError(f"Expected one of {', '.join(self.names)}, got {name!r}.")
        return self.values[:, :, 0 if name is None else self.names.index(name)]


def standard_error(values: _Floats, weights: _Floats) -> _Floats:
    r"""Returns the standard errors (N,) of means over batches of values (N, B); NaN of one batch.

    .. math:: s^2 = \frac{B}{B - 1} \sum_b w_b^2 (x_b - \bar x)^2
    """
    n = len(weights)
    if n < 2:
        return np.full(len(values), np.nan)
    with np.errstate(invalid="ignore"):  # infinity less infinity is no number
        spread = weights * (values - _mean(values, weights)[:, None])
    return np.sqrt(n / (n - 1) * (spread**2).sum(axis=1))


def _mean(values: _Floats, weights: _Floats) -> _Floats:
    # Not a product of matrices, whose rounding depends on where numbers lie in memory.
    with np.errstate(invalid="ignore"):
        return (values * weights).sum(axis=1)


@dataclasses.dataclass(frozen=True)
class _SurfaceJob:
    """Item number: point * batches + batch, with a value in each column.

    Where statistics of BatchNorm are recomputed, which takes all batches, an item is a whole point
    with the values of all its batches in a row.
    """

    problem: Problem
    points: SampleGrid
    names: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.problem.fingerprint, self.points, self.names)

    @property
    def n_items(self) -> int:
        return len(self.points) * len(self.problem.batches) // self._together

    @property
    def width(self) -> int:
        return self._together * len(self.names)

    @property
    def _together(self) -> int:
        """Batches in an item."""
        return len(self.problem.batches) if self.problem.norm == "recomputed" else 1

    def start(self) -> Callable[[int, int], _Floats]:
        """Makes the one model that moves from point to point in this process."""
        evaluator = Evaluator(self.problem, self.names)
        together, n_batches = self._together, len(self.problem.batches)
        where = -1

        def evaluate(begin: int, end: int) -> _Floats:
            nonlocal where
            rows = np.empty(((end - begin) * together, len(self.names)))
            for number, row in enumerate(rows, begin * together):
                point, batch = divmod(number, n_batches)
                if point != where:
                    evaluator.move(self.points[point])
                    where = point
                row[:] = evaluator.losses(batch).numpy()
            return rows.reshape(end - begin, self.width)

        return evaluate


def evaluate(
    problem: Problem,
    points: SampleGrid,
    *,
    executor: Executor | None = None,
    folder: Path | str | None = None,
    progress: bool = True,
) -> Surface:
    """Evaluates a problem at points, here or on an executor.

    Each process computes on one thread, so that the result is the same to the last bit whatever the
    executor and however often it was interrupted, on processors of one kind. A folder keeps what is
    done, so that an interrupted evaluation goes on; a `FileQueue` has a folder of its own.

    Raises:
        LandscapeError: The problem cannot be evaluated, or points are of another size.
        RunError: The folder belongs to another problem, or the executor fails.
    """
    evaluator = Evaluator(problem)
    if len(points.centre) != evaluator.space.size:
        raise LandscapeError(
            f"Expected points of {evaluator.space.size} parameters, got {len(points.centre)}; "
            "make them for this model."
        )
    job = _SurfaceJob(problem, points, evaluator.names)
    rows = compute_array(job, executor=executor, folder=folder, progress=progress, what="losses")
    surface = Surface(
        points=points,
        names=evaluator.names,
        values=rows.reshape(len(points), len(problem.batches), -1),
        weights=evaluator.weights.numpy(),
        about={
            "fingerprint": job.fingerprint,
            "norm": problem.norm,
            "seed": problem.seed,
            "trackscape": trackscape.__version__,
            "torch": torch.__version__,
        },
    )
    _look_at(surface)
    return surface


def _look_at(surface: Surface) -> None:
    """Warns of what a picture would show too late, or not at all."""
    lost = [name for name in surface.names if not surface.finite(name).any()]
    first, last = surface.points[0], surface.points[len(surface.points) - 1]
    flat = (surface.values[:, :, 0] == surface.values[0, :, 0]).all()
    if lost:
        text = (
            f"{', '.join(lost)}: no mean of {len(surface.points)} points is finite; look for "
            "NaN or infinity in model and batches, or choose a smaller extent."
        )
    elif flat and not torch.equal(first, last):
        text = (
            f"{surface.names[0]}: equal to the last bit at all {len(surface.points)} points; check "
            "that the objective calls the model that it is given."
        )
    else:
        return
    warnings.warn(text, LandscapeWarning, stacklevel=3)
