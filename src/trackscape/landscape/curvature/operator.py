"""A symmetric matrix that is known by its products with vectors."""

import abc
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.problem import Problem
from trackscape.landscape.space import Point, usual_modes


class Operator(abc.ABC):
    """A symmetric matrix of P x P numbers, never stored: ``A @ v`` is its product with a vector.

    Its `kind` names the matrix, and the landscape if it is another one, for tables.
    """

    def __init__(self, kind: str, size: int, device: torch.device | str = "cpu") -> None:
        self.kind = kind
        self.shape = (size, size)
        self.device = torch.device(device)
        self.num_matvecs = 0
        """Number of vectors multiplied so far."""

    @usual_modes()
    def __matmul__(self, vectors: Tensor) -> Tensor:
        """Returns the product with a vector (P,), or with m of them as columns (P, m), in float64.

        Columns together are cheaper than one by one, and give the same products, bit for bit.

        Raises:
            LandscapeError: Vectors of another length, or a product that is not finite.
        """
        if vectors.ndim not in (1, 2) or len(vectors) != self.shape[1]:
            raise LandscapeError(
                f"Expected vectors of {self.shape[1]} numbers for the {self.kind}, got the shape "
                f"{tuple(vectors.shape)}; pass one as (P,), and m of them as columns, (P, m)."
            )
        columns = vectors.reshape(len(vectors), -1).T
        self.num_matvecs += len(columns)
        if len(columns) == 0:
            return vectors.double()
        # Each in memory of its own: rounding depends on how numbers are aligned.
        apart = [column.to(self.device, torch.float64).clone() for column in columns]
        found = self._products(apart)
        if not found.isfinite().all():
            raise LandscapeError(
                f"Expected finite products with the {self.kind}, got NaN or infinity; check that "
                "the loss is finite at this point, and its derivatives too."
            )
        return found.T.reshape(vectors.shape).to(vectors.device)

    @abc.abstractmethod
    def _products(self, vectors: Sequence[Tensor]) -> Tensor:
        """Returns the products with m vectors (P,) float64 on the device, (m, P) float64."""

    def _zeros(self, n: int) -> Tensor:
        """Returns n vectors of zeros (n, P) on the device, to add products to."""
        return torch.zeros(n, self.shape[0], dtype=torch.float64, device=self.device)


OperatorFactory = Callable[[], Operator]
"""Function that makes an operator, such as ``functools.partial(exact_hessian, problem)``."""


class PointOperator(Operator):
    """An operator of a problem at a point, or at the parameters of its model."""

    def __init__(self, kind: str, problem: Problem, at: Point | None) -> None:
        centre = problem.centre
        if at is not None and at.shape != centre.shape:
            raise LandscapeError(
                f"Expected a point of {len(centre)} parameters, got the shape {tuple(at.shape)}."
            )
        super().__init__(kind, len(centre), centre.device)
        self._point = centre if at is None else at.to(centre)
        self._evaluator = Evaluator(problem)
        self._evaluator.move(self._point)

    def _length(self) -> float:
        length = float(self._point.norm())
        if length == 0:
            raise LandscapeError(
                "Expected a point other than zero, since steps are relative to its length."
            )
        return length
