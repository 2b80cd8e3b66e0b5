"""Vectors that span a part of parameter space, with their names and where they come from."""

import dataclasses
from typing import Any

import torch
from torch import Tensor

from trackscape.errors import LandscapeError


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Directions:
    """K directions in the space of P parameters.

    Raises:
        LandscapeError: The vectors have another shape, or no name each, or hold no numbers.
    """

    vectors: Tensor
    """(K, P) float64"""
    axes: tuple[str, ...]
    """Name of each for tables and pictures."""
    about: dict[str, Any]
    """How they were made, in plain values."""

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.axes) != len(self.vectors):
            raise LandscapeError(
                f"Expected directions (K, P) with K names, got {tuple(self.vectors.shape)} and "
                f"{self.axes}."
            )
        if not self.vectors.isfinite().all():
            raise LandscapeError(
                f"Expected directions of finite numbers, but {', '.join(self.axes)} hold NaN or "
                "infinity; look for such weights in the models that they were made of."
            )

    def __repr__(self) -> str:
        names = ", ".join(self.axes)
        return f"{type(self).__name__}({names}; {self.vectors.shape[1]} parameters)"

    def angles(self) -> Tensor:
        """Returns the angles between all pairs in degrees, (K, K); NaN with a vector of zeros.

        Random directions of a large model are almost orthogonal; after a rescaling by filters, or
        between models, they may be far from it, and pictures of a plane are sheared.
        """
        unit = self.vectors / self.vectors.norm(dim=1, keepdim=True)
        # Well-conditioned at all angles, unlike the inverse cosine.
        apart = (unit[:, None] - unit).norm(dim=2)
        return torch.rad2deg(2 * torch.atan2(apart, (unit[:, None] + unit).norm(dim=2)))

    def orthonormalised(self) -> "Directions":
        """Returns unit vectors at right angles that span the same space (Gram-Schmidt).

        The first keeps its direction, each other one the part that is new.

        Raises:
            LandscapeError: One lies in the space of those before it.
        """
        basis, triangle = torch.linalg.qr(self.vectors.T)
        new = triangle.diagonal()
        for name, left, length in zip(self.axes, new, self.vectors.norm(dim=1), strict=True):
            if abs(left) <= 1e-10 * length:
                raise LandscapeError(
                    f"Expected independent directions, but {name} lies in the space of those "
                    "before it; leave it out."
                )
        vectors = (basis * new.sign()).T.contiguous()
        about = {**self.about, "orthonormalised": True}
        return Directions(vectors=vectors, axes=self.axes, about=about)


def between(a: Tensor, b: Tensor, c: Tensor | None = None) -> Directions:
    """Returns the directions from one model to one or two others, at their full length.

    On a grid around `a` with an extent of 1 and an odd number of steps, `a` lies at the origin, `b`
    at (1, 0) and `c` at (0, 1).

    Arguments:
        a: (P,) Parameters of a model.
        b: (P,) Those of a second one, at the end of the first direction.
        c: (P,) Those of a third one, at the end of the second direction.
    """
    ends = {"a to b": b} if c is None else {"a to b": b, "a to c": c}
    if any(end.shape != a.shape for end in ends.values()):
        shapes = ", ".join(str(tuple(point.shape)) for point in (a, *ends.values()))
        raise LandscapeError(f"Expected points of one space, got the shapes {shapes}.")
    vectors = torch.stack([end.double() - a.double() for end in ends.values()])
    return Directions(vectors=vectors, axes=tuple(ends), about={"kind": "between"})
