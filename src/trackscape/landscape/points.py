"""Points of parameter space: grids, lines and curves in an affine subspace."""

import dataclasses
import math
import numbers
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.space import Point, Vectors


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class SampleGrid:
    """Points that are each a centre plus a sum of directions; all float64."""

    centre: Point
    """Point at coordinates 0."""
    directions: Vectors
    """Vectors that span the space of the points."""
    coordinates: Float[Tensor, "points directions"]
    """Factors of the directions."""
    shape: tuple[int, ...]
    """Shape of the grid of N points, the last axis fastest; (N,) for a line or curve."""
    axes: tuple[str, ...] = ()
    """Names of the directions for tables and pictures; or none."""

    def __post_init__(self) -> None:
        size = math.prod(self.shape)
        n_directions = len(self.directions)
        if (
            self.directions.shape != (n_directions, len(self.centre))
            or self.coordinates.shape != (size, n_directions)
            or len(self.axes) not in (0, n_directions)
        ):
            raise LandscapeError(
                f"Expected a centre (P,), directions (K, P), coordinates (N, K) and a grid of N "
                f"points, got {tuple(self.centre.shape)}, {tuple(self.directions.shape)}, "
                f"{tuple(self.coordinates.shape)} and {self.shape}."
            )

    def __repr__(self) -> str:
        size, axes = " x ".join(map(str, self.shape)), ", ".join(self.axes)
        along = f" along {axes}" if axes else ""
        return f"SampleGrid({size}{along}, {len(self.centre)} parameters)"

    def __len__(self) -> int:
        return len(self.coordinates)

    def __getitem__(self, number: int) -> Point:
        vector = self.centre.clone()
        # Not a product of matrices, whose rounding depends on where numbers lie in memory.
        for factor, direction in zip(
            self.coordinates[number].tolist(), self.directions, strict=True
        ):
            vector.add_(direction, alpha=factor)
        return vector


def grid(
    centre: Point,
    directions: Vectors,
    *,
    extent: float | Sequence[float] = 1.0,
    steps: int | Sequence[int] = 25,
    axes: Sequence[str] = (),
) -> SampleGrid:
    """Returns a grid of any dimension around a point, which lies on it if steps are odd.

    The largest coordinate, and the number of points, are those of all axes or one for each.

    Example:
        >>> points = grid(torch.zeros(2).double(), torch.eye(2).double(), steps=3)
        >>> points.shape, points[1].tolist()
        ((3, 3), [-1.0, 0.0])
    """
    _check_directions(directions)
    n = len(directions)
    extents, shape = _for_each(extent, n), _for_each(steps, n)
    if (
        not len(extents) == len(shape) == n > 0
        or not all(_is(each, numbers.Integral) and each >= 2 for each in shape)
        or not all(_is(each, numbers.Real) and 0 < each < math.inf for each in extents)
    ):
        raise LandscapeError(
            f"Expected one positive, finite extent and at least 2 steps for each of {n} "
            f"directions, got {extent} and {steps}."
        )
    # Exactly symmetric, so that the middle of an odd number of steps is 0.
    values = [
        float(length) * (2 * torch.arange(size, device="cpu").double() - (size - 1)) / (size - 1)
        for size, length in zip(map(int, shape), extents, strict=True)
    ]
    return SampleGrid(
        centre=centre.double(),
        directions=directions.double(),
        coordinates=torch.cartesian_prod(*values).reshape(-1, n),
        shape=tuple(map(int, shape)),
        axes=tuple(axes),
    )


def _check_directions(directions: Any) -> None:
    if not isinstance(directions, Tensor) or directions.ndim != 2:
        raise LandscapeError(
            f"Expected directions as a tensor (K, P), got {type(directions).__name__}; pass "
            "`vectors` of `Directions`, and directions[None] of a single one."
        )


def _is(setting: Any, kind: type) -> bool:
    return isinstance(setting, kind)


def _for_each(setting: Any, n: int) -> list[Any]:
    return list(setting) if isinstance(setting, (list, tuple)) else [setting] * n


def line(a: Point, b: Point, *, steps: int = 25) -> SampleGrid:
    """Returns the straight line from a to b, with both ends."""
    return bezier([a, b], steps=steps)


def bezier(control: Sequence[Point], *, steps: int = 25) -> SampleGrid:
    r"""Returns points of a Bezier curve with equal steps of t, from its first control point on.

    .. math:: p(t) = \sum_k \binom{n}{k} t^k (1 - t)^{n - k} c_k
    """
    if len(control) < 2 or steps < 2:
        raise LandscapeError(
            f"Expected at least 2 control points and 2 steps, got {len(control)} and {steps}."
        )
    times = torch.linspace(0, 1, steps, dtype=torch.float64, device="cpu")
    return SampleGrid(
        centre=control[0].double(),
        directions=torch.stack([(point - control[0]).double() for point in control[1:]]),
        coordinates=bernstein(times, len(control) - 1)[:, 1:],
        shape=(steps,),
    )


def bernstein(times: Float[Tensor, " times"], degree: int) -> Float[Tensor, "times control"]:
    """Returns the weights of the degree + 1 control points of a Bezier curve; they sum to 1."""
    powers = [
        math.comb(degree, k) * times**k * (1 - times) ** (degree - k) for k in range(degree + 1)
    ]
    return torch.stack(powers, dim=1)
