"""Checkpoints of a training -> where they are, seen in the directions of a surface."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.points import Points


class Route(NamedTuple):
    """T checkpoints in the coordinates of a surface."""

    coordinates: NDArray[np.float64]
    """(T, K)"""
    residuals: NDArray[np.float64]
    """(T,) Distance of each to the space of the directions, in units of the parameters: where it is
    not small, the loss there is not that of the surface."""


def project(points: Points, checkpoints: Tensor) -> Route:
    """Returns the nearest point in the space of the directions for each checkpoint.

    Directions may have any lengths and angles (least squares).

    Arguments:
        points: Of the surface.
        checkpoints: (T, P) Parameters along a training.

    Raises:
        LandscapeError: They are of another space, or hold NaN.

    Example:
        >>> from trackscape.landscape.points import grid
        >>> plane = grid(torch.zeros(3), torch.tensor([[2.0, 0, 0], [1, 1, 0]]))
        >>> route = project(plane, torch.tensor([[3.0, 1, 5]]))
        >>> route.coordinates.round(9), route.residuals
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
    return Route(coordinates.cpu().numpy(), residuals.cpu().numpy())
