"""Problem -> its generalised Gauss-Newton matrix."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature.differentiation import (
    check_twice_differentiable,
    parts_like,
    pulled_back,
    second_derivatives,
)
from trackscape.landscape.curvature.operator import Operator, point_of
from trackscape.landscape.problem import Evaluator, Problem

Outputs = Callable[[nn.Module, Any], Tensor]
Loss = Callable[[Tensor, Any], Tensor]


def gauss_newton(
    problem: Problem, *, outputs: Outputs, loss: Loss, at: Tensor | None = None
) -> Operator:
    r"""The curvature of the loss in the outputs, carried to the parameters of a linearised model.

    .. math:: G v = \sum_b w_b \, J_b^T H_{L,b} J_b v, \quad J_b = \partial z_b / \partial \theta

    with the Hessian of the loss in the outputs z. It has no negative eigenvalue if the loss is
    convex in the outputs, and equals the Hessian if the outputs are linear in the parameters or
    the loss is minimal for each of them (Schraudolph, Neural Computation 14 (2002) 1723).

    J v is the derivative of :math:`v^T J^T u` in u, so that backward passes suffice. On the way to
    the outputs these must be true derivatives: no decision may lie there.

    Arguments:
        problem: Batches, their weights and the model; its own objective is not used.
        outputs: Of model and batch: the outputs z, one tensor of any shape.
        loss: Of outputs and batch: the mean loss of its samples.
        at: (P,) Where; at the parameters of the model if None.

    Raises:
        LandscapeError: The loss does not depend on a parameter, or has no second derivative in the
            outputs.
    """
    composed = dataclasses.replace(problem, objective=_Composed(outputs, loss))
    return _GaussNewton(composed, outputs, loss, point_of(problem, at))


@dataclasses.dataclass(frozen=True)
class _Composed:
    outputs: Outputs
    loss: Loss

    def __call__(self, model: nn.Module, batch: Any) -> Tensor:
        predicted = self.outputs(model, batch)
        if not isinstance(predicted, Tensor):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise LandscapeError(
                f"Expected outputs that are one tensor, got {type(predicted).__name__}; "
                "concatenate them."
            )
        return self.loss(predicted, batch)


class _GaussNewton(Operator):
    def __init__(self, problem: Problem, outputs: Outputs, loss: Loss, point: Tensor) -> None:
        super().__init__("generalised Gauss-Newton matrix", len(point), point.device)
        self._evaluator = Evaluator(problem)
        self._outputs = outputs
        self._loss = loss
        self._evaluator.move(point)
        self._evaluator.gradients(0)  # names a parameter on which nothing depends

    def multiply(self, vectors: Sequence[Tensor]) -> Tensor:
        total = self.zeros(len(vectors))
        for number, weight in enumerate(self._evaluator.weights.tolist()):
            with second_derivatives():
                total += weight * self._of_batch(number, vectors)
        return total

    def _of_batch(self, number: int, vectors: Sequence[Tensor]) -> Tensor:
        parameters = self._evaluator.parameters
        predicted, leaf, value = self._evaluator.call(self._forward, number)
        (slope,) = torch.autograd.grad(value, leaf, create_graph=True)
        dual = torch.zeros_like(predicted, requires_grad=True)
        backward = torch.autograd.grad(
            predicted,
            parameters,
            grad_outputs=dual,
            create_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        if number == 0:
            check_twice_differentiable([*backward, slope])
        found: list[Tensor] = []
        for vector in vectors:
            moved = pulled_back(backward, parts_like(vector, parameters), [dual])
            curved = pulled_back([slope], parts_like(moved, [slope]), [leaf])
            found.append(pulled_back([predicted], parts_like(curved, [predicted]), parameters))
        return torch.stack(found)

    def _forward(self, model: nn.Module, batch: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs with the graph of the model, and the loss of a copy of them without it."""
        predicted = self._outputs(model, batch)
        leaf = predicted.detach().requires_grad_()
        return predicted, leaf, self._loss(leaf, batch)
