"""Checkpoints of a training -> the plane nearest to all of them, and how far each is from it."""

import dataclasses
from typing import final

import torch
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.directions.base import Directions


@final
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Trajectory(Directions):
    """Orthonormal directions along which T checkpoints vary most, and the checkpoints in them."""

    centre: Tensor
    """(P,) The origin of the coordinates."""
    explained: Tensor
    """(K,) Share of the variance over checkpoints along each direction; 1 is all of it."""
    coordinates: Tensor
    """(T, K) Of the checkpoints."""
    residuals: Tensor
    """(T,) Distance of each checkpoint to the plane through `centre`: what a picture hides."""


def trajectory_directions(
    checkpoints: Tensor, *, n: int = 2, centre: Tensor | None = None
) -> Trajectory:
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
    return Trajectory(
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
