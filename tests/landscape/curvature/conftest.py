"""Problems whose curvature is known: small nets with explicit Hessians, and quadratics."""

import dataclasses
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from trackscape.landscape.curvature import Operator
from trackscape.landscape.problem import Problem

Batch = tuple[Tensor, Tensor]


class Matrix(Operator):
    """A stored matrix."""

    def __init__(self, matrix: Tensor) -> None:
        super().__init__("matrix", len(matrix))
        self.matrix = matrix.double()

    def _products(self, vectors: Sequence[Tensor]) -> Tensor:
        return torch.stack([self.matrix @ vector for vector in vectors])


class Quadratic(nn.Module):
    """Some parameters, of which the objective makes a quadratic form."""

    def __init__(self, point: Tensor) -> None:
        super().__init__()
        self.x = nn.Parameter(point.double().clone())


@dataclasses.dataclass(frozen=True)
class QuadraticLoss:
    r"""Half of :math:`x^T A x`, plus :math:`b^T x`, whatever the batch."""

    matrix: Tensor
    slope: Tensor

    def __call__(self, model: nn.Module, batch: object) -> Tensor:
        return model.x @ self.matrix @ model.x / 2 + self.slope @ model.x


def make_quadratic(matrix: Tensor, point: Tensor, slope: Tensor | None = None) -> Problem:
    slope = torch.zeros(len(point)) if slope is None else slope
    loss = QuadraticLoss(matrix.double(), slope.double())
    return Problem(Quadratic(point), [torch.zeros(1), torch.zeros(3)], loss)


def cross_entropy(model: nn.Module, batch: Batch) -> Tensor:
    return nn.functional.cross_entropy(model(batch[0]), batch[1])


def make_net(*sizes: int, seed: int = 0) -> Problem:
    """A net of 67 parameters in float64, on batches of these sizes."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    batches = [
        (
            torch.randn(size, 4, generator=generator, dtype=torch.float64),
            torch.randint(3, (size,), generator=generator),
        )
        for size in sizes or (5, 9, 2)
    ]
    return Problem(model, batches, cross_entropy)


def explicit_hessian(problem: Problem) -> Tensor:
    """Of the concatenated data, by PyTorch's own function: (P, P)."""
    joined = tuple(torch.cat(part) for part in zip(*problem.batches, strict=True))

    def loss(vector: Tensor) -> Tensor:
        values = dict(problem.space.views(vector))
        outputs = torch.func.functional_call(problem.model, values, (joined[0],))
        return nn.functional.cross_entropy(outputs, joined[1])

    return torch.autograd.functional.hessian(loss, problem.centre)


@pytest.fixture(scope="session")
def matrix_operator() -> Callable[[Tensor], Operator]:
    return Matrix


@pytest.fixture(scope="session")
def quadratic() -> Callable[..., Problem]:
    return make_quadratic


@pytest.fixture(scope="session")
def net() -> Problem:
    return make_net()


@pytest.fixture(scope="session")
def net_hessian(net: Problem) -> Tensor:
    return explicit_hessian(net)


@pytest.fixture
def random_symmetric(rng: torch.Generator) -> Callable[[int], Tensor]:
    def make(size: int) -> Tensor:
        matrix = torch.randn(size, size, generator=rng, dtype=torch.float64)
        return (matrix + matrix.T) / 2

    return make
