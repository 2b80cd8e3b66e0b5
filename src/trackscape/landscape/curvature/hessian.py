"""Problem -> the Hessian of its loss, by autograd or by differences of gradients."""

from collections.abc import Sequence

import torch
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature.differentiation import (
    check_twice_differentiable,
    parts_like,
    pulled_back,
    second_derivatives,
)
from trackscape.landscape.curvature.operator import Operator, length_of, point_of
from trackscape.landscape.problem import Evaluator, Problem


def exact_hessian(problem: Problem, *, at: Tensor | None = None) -> Operator:
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

    Arguments:
        problem: Whose first value is differentiated.
        at: (P,) Where; at the parameters of the model if None.

    Raises:
        LandscapeError: The loss has no gradient, or no second derivative.
    """
    return _ExactHessian(problem, point_of(problem, at))


class _ExactHessian(Operator):
    def __init__(self, problem: Problem, point: Tensor) -> None:
        super().__init__("exact Hessian", len(point), point.device)
        self._evaluator = Evaluator(problem)
        self._evaluator.move(point)

    def multiply(self, vectors: Sequence[Tensor]) -> Tensor:
        total = self.zeros(len(vectors))
        for number, weight in enumerate(self._evaluator.weights.tolist()):
            with second_derivatives():
                total += weight * self._of_batch(number, vectors)
        return total

    def _of_batch(self, number: int, vectors: Sequence[Tensor]) -> Tensor:
        """Has the only reference to the graph of the gradient, so that it goes with it."""
        parameters = self._evaluator.parameters
        gradients = self._evaluator.gradients(number, create_graph=True)
        if number == 0:
            check_twice_differentiable(gradients)
        return torch.stack(
            [
                pulled_back(gradients, parts_like(vector, parameters), parameters)
                for vector in vectors
            ]
        )


def finite_difference_hessian(
    problem: Problem, *, step: float, at: Tensor | None = None
) -> Operator:
    r"""The Hessian seen over a distance: central differences of the gradient.

    .. math:: H v \approx |v| \, \frac{g(\theta + h u) - g(\theta - h u)}{2 h},
        \quad u = v / |v|, \quad h = \mathrm{step} \cdot |\theta|

    Needs one derivative only, so that it serves layers with a gradient of their own. It is of the
    *gradient that backward returns*, and symmetric as far as that is the gradient of something and
    h is small: see `asymmetry`. Kinks count if they lie within h. A product costs two gradients.

    Arguments:
        problem: Whose first value is differentiated.
        step: Length of the step relative to that of the parameters. 1e-5 suits float64, 1e-2
            float32, whose rounding adds a relative error of about 1e-7 / step.
        at: (P,) Where; at the parameters of the model if None.

    Raises:
        LandscapeError: The loss has no gradient, the step is not positive, or the point is zero.
    """
    if not step > 0:
        raise LandscapeError(f"Expected a positive step, got {step}.")
    return _FiniteDifferenceHessian(problem, point_of(problem, at), step)


class _FiniteDifferenceHessian(Operator):
    def __init__(self, problem: Problem, point: Tensor, step: float) -> None:
        kind = f"finite-difference Hessian, h = {step:g} |theta|"
        super().__init__(kind, len(point), point.device)
        self._evaluator = Evaluator(problem)
        dtype = self._evaluator.space.dtype
        least = 8 * torch.finfo(dtype).eps
        if step < least:
            raise LandscapeError(
                f"Expected a step of at least {least:.1g}, since parameters of {dtype} are rounded "
                f"to about as much, got {step:g}; take a larger one, or convert the model."
            )
        self._point = point
        self._distance = step * length_of(point)

    def multiply(self, vectors: Sequence[Tensor]) -> Tensor:
        return torch.stack([self._difference(vector) for vector in vectors])

    def _difference(self, vector: Tensor) -> Tensor:
        length = vector.norm()
        if length == 0:
            return torch.zeros_like(vector)
        step = vector * (self._distance / length)
        ahead = self._evaluator.gradient(self._point + step)
        behind = self._evaluator.gradient(self._point - step)
        return (ahead - behind) * (length / (2 * self._distance))
