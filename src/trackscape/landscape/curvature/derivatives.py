"""Problem -> its exact Hessian, and its Gauss-Newton matrix, by differentiating twice."""

import abc
import contextlib
import dataclasses
from collections.abc import Callable, Generator, Sequence
from typing import Any, final

import torch
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature.operator import Operator, PointOperator
from trackscape.landscape.problem import Problem
from trackscape.landscape.space import Point

Outputs = Callable[[nn.Module, Any], Tensor]
Loss = Callable[[Tensor, Any], Tensor]


def exact_hessian(problem: Problem, *, at: Point | None = None) -> Operator:
    r"""The Hessian of the mean loss, by differentiating its gradient along a vector.

    .. math:: H v = \sum_b w_b \, \nabla_\theta \left( v \cdot \nabla_\theta L_b \right)

    A product costs about 2 to 2.6 gradients; many at once share the first of them (Pearlmutter,
    Neural Computation 6 (1994) 147). It is exact where PyTorch knows the loss. It cannot notice:

    - a ``torch.autograd.Function`` whose backward is not the derivative of its forward, as that of
      a blackbox solver, or is a constant for the second derivative. What comes out is then the
      Hessian of a model in which that layer is linear. `compare_scales` reveals it, and what is
      marked with ``once_differentiable`` is refused;
    - kinks, as of ReLU: they have curvature in the mean, and none almost everywhere;
    - statistics of BatchNorm that are ``"recomputed"``: they are constants here.

    Raises:
        LandscapeError: The loss has no gradient, or no second derivative.
    """
    return _ExactHessian("exact Hessian", problem, at)


class _SumOverBatches(PointOperator):
    """A matrix that is the weighted sum of those of the batches, each by second derivatives."""

    def _products(self, vectors: Sequence[Tensor]) -> Tensor:
        total = self._zeros(len(vectors))
        for number, weight in enumerate(self._evaluator.weights.tolist()):
            with _second_derivatives():
                total += weight * self._of_batch(number, vectors)
        return total

    @abc.abstractmethod
    def _of_batch(self, number: int, vectors: Sequence[Tensor]) -> Tensor:
        """Returns the products of the matrix of one batch, (m, P)."""


@final
class _ExactHessian(_SumOverBatches):
    def _of_batch(self, number: int, vectors: Sequence[Tensor]) -> Tensor:
        """Has the only reference to the graph of the gradient, so that it goes with it."""
        parameters = self._evaluator.parameters
        gradients = self._evaluator.gradients(number, create_graph=True)
        if number == 0:
            _check_twice_differentiable(gradients)
        along = [_parts_like(vector, parameters) for vector in vectors]
        return torch.stack([_pulled_back(gradients, parts, parameters) for parts in along])


def gauss_newton(
    problem: Problem, *, outputs: Outputs, loss: Loss, at: Point | None = None
) -> Operator:
    r"""The curvature of the loss in the outputs, carried to the parameters of a linearised model.

    .. math:: G v = \sum_b w_b \, J_b^T H_{L,b} J_b v, \quad J_b = \partial z_b / \partial \theta

    with the Hessian of the loss in the outputs z. It has no negative eigenvalue if the loss is
    convex in the outputs, and equals the Hessian if the outputs are linear in the parameters or
    the loss is minimal for each of them (Schraudolph, Neural Computation 14 (2002) 1723).

    J v is the derivative of :math:`v^T J^T u` in u, so that backward passes suffice. On the way to
    the outputs these must be true derivatives: no decision may lie there. The objective of the
    problem is not used, but the mean `loss` of the samples of a batch at its `outputs`, one tensor.

    Raises:
        LandscapeError: The loss depends not on a parameter, or not smoothly on the outputs.
    """
    composed = dataclasses.replace(problem, objective=_Composed(outputs, loss))
    return _GaussNewton(composed, outputs, loss, at)


@dataclasses.dataclass(frozen=True)
class _Composed:
    outputs: Outputs
    loss: Loss

    def __call__(self, model: nn.Module, batch: Any) -> Tensor:
        predicted = self.outputs(model, batch)
        if not isinstance(predicted, Tensor):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise LandscapeError(
                f"Expected outputs as one tensor, got {type(predicted).__name__}; concatenate them."
            )
        return self.loss(predicted, batch)


@final
class _GaussNewton(_SumOverBatches):
    def __init__(self, problem: Problem, outputs: Outputs, loss: Loss, at: Point | None) -> None:
        super().__init__("generalised Gauss-Newton matrix", problem, at)
        self._outputs = outputs
        self._loss = loss
        self._evaluator.gradients(0)  # names a parameter on which nothing depends

    def _of_batch(self, number: int, vectors: Sequence[Tensor]) -> Tensor:
        parameters = self._evaluator.parameters
        predicted, leaf, value = self._evaluator.call(self._forward, number)
        (slope,) = torch.autograd.grad(value, leaf, create_graph=True)
        dual = torch.zeros_like(predicted, requires_grad=True)
        backward = torch.autograd.grad(
            predicted, parameters, dual, create_graph=True, materialize_grads=True
        )
        if number == 0:
            _check_twice_differentiable([*backward, slope])
        found: list[Tensor] = []
        for vector in vectors:
            moved = _pulled_back(backward, _parts_like(vector, parameters), [dual])
            curved = _pulled_back([slope], _parts_like(moved, [slope]), [leaf])
            found.append(_pulled_back([predicted], _parts_like(curved, [predicted]), parameters))
        return torch.stack(found)

    def _forward(self, model: nn.Module, batch: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs with the graph of the model, and the loss of a copy of them without it."""
        predicted = self._outputs(model, batch)
        leaf = predicted.detach().requires_grad_()
        return predicted, leaf, self._loss(leaf, batch)


def _pulled_back(
    outputs: Sequence[Tensor], along: Sequence[Tensor], inputs: Sequence[Tensor]
) -> Tensor:
    r"""Returns :math:`\sum_i v_i \, \partial y_i / \partial x`, flat and in float64.

    The graph is kept for more vectors, and goes when the outputs y do. What does not depend on the
    inputs x counts as zero: the gradient of a linear loss is constant.
    """
    pairs = [pair for pair in zip(outputs, along, strict=True) if pair[0].requires_grad]
    if not pairs:
        return torch.cat([torch.zeros_like(x, dtype=torch.float64).flatten() for x in inputs])
    seen, vectors = zip(*pairs, strict=True)
    parts = torch.autograd.grad(
        seen, list(inputs), vectors, retain_graph=True, materialize_grads=True
    )
    return torch.cat([part.detach().double().flatten() for part in parts])


def _parts_like(vector: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """Returns a flat vector (P,) in pieces of the shapes and the type of parameters."""
    pieces = vector.split([parameter.numel() for parameter in parameters])
    return [
        piece.view_as(parameter).to(parameter.dtype)
        for piece, parameter in zip(pieces, parameters, strict=True)
    ]


def _check_twice_differentiable(gradients: Sequence[Tensor]) -> None:
    """Refuses ``once_differentiable``, which PyTorch would leave out without a word.

    The node that complains is not on the way to the parameters.
    """
    nodes = [gradient.grad_fn for gradient in gradients]
    seen = set(nodes)
    while nodes:
        node = nodes.pop()
        if node is None:
            continue
        if node.name() == "torch::autograd::Error":
            raise _no_second_derivative("a function is marked with @once_differentiable")
        new = {following for following, _ in node.next_functions} - seen
        seen |= new
        nodes.extend(new)


@contextlib.contextmanager
def _second_derivatives() -> Generator[None, None, None]:
    """Says what to do where PyTorch has no second derivative."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        known = ("differentiate", "derivative", "double backward", "sparse tensors")
        if not any(word in reason for word in known):
            raise
        raise _no_second_derivative(reason) from error


def _no_second_derivative(reason: str) -> LandscapeError:
    return LandscapeError(
        f"Expected a loss with second derivatives, but there is none: {reason}; use "
        "finite_difference_hessian, or another implementation of that function."
    )
