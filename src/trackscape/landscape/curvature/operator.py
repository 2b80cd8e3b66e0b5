"""A symmetric matrix that is known by its products with vectors."""

import abc
from collections.abc import Sequence

import torch
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.modes import usual_modes
from trackscape.landscape.problem import Problem


class Operator(abc.ABC):
    """A symmetric matrix of P x P numbers, never stored, that multiplies vectors.

    Arguments:
        kind: Which matrix of which landscape, for tables and captions.
        size: P.
        device: Where it computes.
    """

    def __init__(self, kind: str, size: int, device: torch.device | str = "cpu") -> None:
        self.kind = kind
        self.size = size
        self.device = torch.device(device)
        self.products = 0
        """Vectors multiplied so far: the common currency of what is computed from operators."""

    def apply(self, vector: Tensor) -> Tensor:
        """Returns the product with one vector (P,) of any type, (P,) float64."""
        return self.apply_many(vector[None])[0]

    @usual_modes()
    def apply_many(self, vectors: Tensor) -> Tensor:
        """Returns the product with each of many vectors (m, P), (m, P) float64 where they are.

        Cheaper than one by one: what does not depend on the vector is computed once. Each product
        is the same, bit for bit, whatever other vectors are there.

        Raises:
            LandscapeError: Vectors of another length, or a product that is not finite.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.size:
            raise LandscapeError(
                f"Expected vectors of {self.size} numbers for the {self.kind}, got the shape "
                f"{tuple(vectors.shape)}; use apply for one vector and apply_many for (m, P)."
            )
        self.products += len(vectors)
        # Each in memory of its own: rounding depends on how numbers are aligned.
        found = self.multiply(
            [vector.to(self.device, torch.float64, copy=True) for vector in vectors]
        )
        if not found.isfinite().all():
            raise LandscapeError(
                f"Expected finite products with the {self.kind}, got NaN or infinity; check that "
                "the loss is finite at this point, and its derivatives too."
            )
        return found.to(vectors.device)

    @abc.abstractmethod
    def multiply(self, vectors: Sequence[Tensor]) -> Tensor:
        """Returns the products with m vectors (P,) float64 on the device, (m, P) float64."""

    def zeros(self, n: int) -> Tensor:
        """Returns n vectors of zeros (n, P) on the device, to add products to."""
        return torch.zeros(n, self.size, dtype=torch.float64, device=self.device)


def point_of(problem: Problem, at: Tensor | None) -> Tensor:
    """Returns the point (P,) float64 where an operator stands: that of the model if None.

    Raises:
        LandscapeError: The point has another number of parameters than the model.
    """
    centre = problem.centre
    if at is None:
        return centre
    if at.shape != centre.shape:
        raise LandscapeError(
            f"Expected a point of {len(centre)} parameters, got the shape {tuple(at.shape)}."
        )
    return at.to(centre)


def length_of(point: Tensor) -> float:
    """Returns the length of a point, which others are relative to.

    Raises:
        LandscapeError: It is zero.
    """
    length = float(point.norm())
    if length == 0:
        raise LandscapeError(
            "Expected a point other than zero, since steps are relative to its length."
        )
    return length
