"""Checkpoints of a training -> the plane nearest to them, places in any plane, and curvature."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape import curvature
from trackscape.landscape.directions import Directions
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.points import SampleGrid
from trackscape.landscape.problem import Problem
from trackscape.landscape.space import Point, Vectors
from trackscape.landscape.surface import standard_error


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TrajectoryDirections(Directions):
    """Orthonormal directions along which checkpoints vary most, and the checkpoints in them."""

    centre: Point
    """Origin of the coordinates."""
    explained: Float[Tensor, " directions"]
    """Share of the variance over checkpoints along each direction; 1 is all of it."""
    coordinates: Float[Tensor, "checkpoints directions"]
    residuals: Float[Tensor, " checkpoints"]
    """Distance of each checkpoint to the plane through `centre`: what a picture hides."""


def trajectory_directions(
    checkpoints: Vectors, *, n: int = 2, centre: Point | None = None
) -> TrajectoryDirections:
    """Returns the n principal components of the checkpoints of a training.

    Deviations are those from the mean over checkpoints. The origin may be another point, such as
    the last checkpoint; the mean makes the squares of the residuals least. The largest entry of
    each component is positive.

    Raises:
        LandscapeError: The checkpoints do not span as many directions.

    Example:
        >>> path = trajectory_directions(torch.tensor([[0.0, 0, 1], [3, 0, 1], [0, 4, 1]]))
        >>> path.residuals.abs().max() < 1e-12, round(path.explained.sum().item(), 12)
        (tensor(True), 1.0)
    """
    if checkpoints.ndim != 2 or not checkpoints.isfinite().all():
        raise LandscapeError(
            f"Expected checkpoints (T, P) of finite numbers, got {tuple(checkpoints.shape)}; leave "
            "out those after the training diverged."
        )
    points = checkpoints.double()
    mean = points.mean(dim=0)
    vectors, explained = _components(points - mean, n)
    origin = mean if centre is None else centre.double()
    coordinates = (points - origin) @ vectors.T
    return TrajectoryDirections(
        vectors=vectors,
        axes=tuple(f"component {number + 1}" for number in range(n)),
        about={"kind": "trajectory", "checkpoints": len(points), "explained": explained.tolist()},
        centre=origin,
        explained=explained,
        coordinates=coordinates,
        residuals=(points - origin - coordinates @ vectors).norm(dim=1),
    )


def _components(deviations: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Returns unit vectors (n, P) and their shares of the variance (n,), the largest first.

    They come from the T x T matrix of products, so that no P x P matrix is needed.
    """
    values, combinations = torch.linalg.eigh(deviations @ deviations.T)
    rank = int((values > 1e-12 * values.sum()).sum())
    if not 1 <= n <= rank:
        raise LandscapeError(
            f"Expected checkpoints that span {n} directions, but {len(values)} of them span only "
            f"{rank}; pass more or choose a smaller n."
        )
    values, combinations = values.flip(0)[:n], combinations.flip(1)[:, :n]
    # A second orthogonalisation: rounding mixes much of the large components into small ones.
    vectors = torch.linalg.qr(deviations.T @ combinations)[0].T.contiguous()
    largest = vectors.gather(1, vectors.abs().argmax(dim=1, keepdim=True))
    return vectors * largest.sign(), values / deviations.square().sum()


class Trajectory(NamedTuple):
    """Checkpoints in the coordinates of a surface."""

    coordinates: Float[np.ndarray, "checkpoints directions"]
    """Nearest points in the space of the directions."""
    residuals: Float[np.ndarray, " checkpoints"]
    """Distances to that space, in units of the parameters: where it is not small, the loss there is
    not that of the surface."""


def project(points: SampleGrid, checkpoints: Vectors) -> Trajectory:
    """Returns the nearest point in the space of the directions for each checkpoint.

    Directions may have any lengths and angles (least squares).

    Raises:
        LandscapeError: The checkpoints are of another space, or hold NaN.
    """
    size, shape = len(points.centre), checkpoints.shape
    if len(shape) != 2 or shape[1] != size or not checkpoints.isfinite().all():
        raise LandscapeError(
            f"Expected checkpoints (T, {size}) of finite numbers, got {tuple(shape)}; take those "
            "of the model of the surface, and leave out those after the training diverged."
        )
    offset = checkpoints.to(points.centre) - points.centre
    coordinates = torch.linalg.lstsq(points.directions.T, offset.T).solution.T
    residuals = (offset - coordinates @ points.directions).norm(dim=1)
    return Trajectory(coordinates.cpu().numpy(), residuals.cpu().numpy())


class CheckpointCurvature(NamedTuple):
    """Loss and curvature at one checkpoint of a training."""

    number: int
    """Place among the checkpoints."""
    loss: float
    """Mean of the first value over batches."""
    loss_error: float
    """Standard error of the loss, from the spread over batches; NaN of one batch."""
    gradient_norm: float
    eigenvalues: tuple[float, ...]
    """Eigenvalues that are largest by magnitude."""
    trace: curvature.TraceEstimate
    kind: str
    """Name of the matrix whose eigenvalues and trace these are."""


def curvature_along_trajectory(
    problem: Problem,
    checkpoints: Vectors,
    *,
    n: int = 3,
    num_matvecs: int = 60,
    tolerance: float = 1e-3,
    seed: int = 0,
    operator: Callable[..., curvature.Operator] = curvature.exact_hessian,
) -> list[CheckpointCurvature]:
    """Measures loss, n eigenvalues and the trace at each checkpoint of a training.

    All checkpoints see the same batches and the same random vectors, so that differences between
    them are less uncertain than each of them. `operator` makes the matrix of a problem ``at=`` a
    point, such as ``functools.partial(finite_difference_hessian, step=1e-3)``.
    """
    evaluator = Evaluator(problem)
    found: list[CheckpointCurvature] = []
    for number, point in enumerate(checkpoints):
        matrix = operator(problem, at=point)
        losses = evaluator.batch_losses(point)
        error = standard_error(losses[None].numpy(), evaluator.weights.numpy())
        pairs = curvature.top_eigenpairs(matrix, n, tolerance=tolerance, seed=seed)
        found.append(
            CheckpointCurvature(
                number=number,
                loss=float(evaluator.weights @ losses),
                loss_error=float(error[0]),
                gradient_norm=float(evaluator.gradient(point).norm()),
                eigenvalues=tuple(pairs.values.tolist()),
                trace=curvature.trace(matrix, num_matvecs=num_matvecs, seed=seed),
                kind=matrix.kind,
            )
        )
    return found
