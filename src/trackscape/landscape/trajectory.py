"""Checkpoints of a training -> the plane nearest to them, places in any plane, and curvature."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature import (
    Operator,
    TraceEstimate,
    exact_hessian,
    top_eigenpairs,
    trace,
)
from trackscape.landscape.directions import Directions
from trackscape.landscape.evaluator import Evaluator, standard_error
from trackscape.landscape.points import SampleGrid
from trackscape.landscape.problem import Problem


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TrajectoryDirections(Directions):
    """Orthonormal directions along which T checkpoints vary most, and the checkpoints in them."""

    centre: Tensor
    """Origin of the coordinates, (P,)."""
    explained: Tensor
    """Share of the variance over checkpoints along each direction, (K,); 1 is all of it."""
    coordinates: Tensor
    """Coordinates of the checkpoints, (T, K)."""
    residuals: Tensor
    """Distance of each checkpoint to the plane through `centre`, (T,): what a picture hides."""


def trajectory_directions(
    checkpoints: Tensor, *, n: int = 2, centre: Tensor | None = None
) -> TrajectoryDirections:
    """Returns the principal components of a training.

    Deviations are those from the mean over checkpoints, wherever the origin is put. Components
    come from the T x T matrix of their products, so that no P x P matrix is needed. The largest
    entry of each is positive.

    Arguments:
        checkpoints: (T, P) Parameters along the training.
        n: Components.
        centre: (P,) A point on the plane, for instance the last checkpoint; None for the mean of
            all, which makes the squares of the residuals least.

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
    """Returns unit vectors (n, P) and their shares of the variance (n,), the largest first."""
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
    """T checkpoints in the coordinates of a surface."""

    coordinates: NDArray[np.float64]
    """Nearest points in the space of the directions, (T, K)."""
    residuals: NDArray[np.float64]
    """Distance of each to the space of the directions, (T,), in units of the parameters: where it
    is not small, the loss there is not that of the surface."""


def project(points: SampleGrid, checkpoints: Tensor) -> Trajectory:
    """Returns the nearest point in the space of the directions for each checkpoint.

    Directions may have any lengths and angles (least squares).

    Arguments:
        points: Points of the surface.
        checkpoints: (T, P) Parameters along a training.

    Raises:
        LandscapeError: They are of another space, or hold NaN.

    Example:
        >>> from trackscape.landscape.points import grid
        >>> plane = grid(torch.zeros(3), torch.tensor([[2.0, 0, 0], [1, 1, 0]]))
        >>> trajectory = project(plane, torch.tensor([[3.0, 1, 5]]))
        >>> trajectory.coordinates.round(9), trajectory.residuals
        (array([[1., 1.]]), array([5.]))
    """
    if checkpoints.ndim != 2 or checkpoints.shape[1] != len(points.centre):
        raise LandscapeError(
            f"Expected checkpoints (T, {len(points.centre)}), got {tuple(checkpoints.shape)}; take "
            "those of the model of the surface."
        )
    if not checkpoints.isfinite().all():
        raise LandscapeError(
            "Expected checkpoints of finite numbers, but some hold NaN or infinity; leave out "
            "those after the training diverged."
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
    """Length of the gradient of the loss."""
    eigenvalues: tuple[float, ...]
    """Eigenvalues that are largest by magnitude."""
    trace: TraceEstimate
    """Sum of all eigenvalues."""
    kind: str
    """Name of the matrix whose eigenvalues and trace these are."""


def curvature_along_trajectory(
    problem: Problem,
    checkpoints: Tensor,
    *,
    n: int = 3,
    num_matvecs: int = 60,
    tolerance: float = 1e-3,
    seed: int = 0,
    operator: Callable[..., Operator] = exact_hessian,
) -> list[CheckpointCurvature]:
    """Measures the landscape at each checkpoint of a training.

    All checkpoints see the same batches and the same random vectors, so that differences between
    them are less uncertain than each of them.

    Arguments:
        problem: The landscape.
        checkpoints: (T, P) Parameters, in the order of the training.
        n: Number of eigenvalues at each.
        num_matvecs: Number of products with vectors for each trace.
        tolerance: Largest residual of an eigenvalue, relative to it.
        seed: Seed of random vectors.
        operator: Makes the operator of a problem ``at=`` a point, such as
            ``functools.partial(finite_difference_hessian, step=1e-3)``.

    Raises:
        LandscapeError: The loss has no gradient, or a result is not finite.
    """
    evaluator = Evaluator(problem)
    found: list[CheckpointCurvature] = []
    for number, point in enumerate(checkpoints):
        matrix = operator(problem, at=point)
        losses = evaluator.batch_losses(point)
        error = standard_error(losses[None].numpy(), evaluator.weights.numpy())
        found.append(
            CheckpointCurvature(
                number=number,
                loss=float(evaluator.weights @ losses),
                loss_error=float(error[0]),
                gradient_norm=float(evaluator.gradient(point).norm()),
                eigenvalues=tuple(
                    top_eigenpairs(matrix, n, tolerance=tolerance, seed=seed).values.tolist()
                ),
                trace=trace(matrix, num_matvecs=num_matvecs, seed=seed),
                kind=matrix.kind,
            )
        )
    return found
