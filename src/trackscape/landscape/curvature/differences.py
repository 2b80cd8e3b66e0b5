"""Problem -> its Hessian by differences of gradients, and tests of what a product claims to be."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature.derivatives import exact_hessian
from trackscape.landscape.curvature.operator import Operator, length_of, point_of
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.problem import Problem


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
        problem: Landscape whose first value is differentiated.
        step: Length of the step relative to that of the parameters. 1e-5 suits float64, 1e-2
            float32, whose rounding adds a relative error of about 1e-7 / step.
        at: (P,) Point; the parameters of the model if None.

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

    def _products(self, vectors: Sequence[Tensor]) -> Tensor:
        return torch.stack([self._difference(vector) for vector in vectors])

    def _difference(self, vector: Tensor) -> Tensor:
        length = vector.norm()
        if length == 0:
            return torch.zeros_like(vector)
        step = vector * (self._distance / length)
        ahead = self._evaluator.gradient(self._point + step)
        behind = self._evaluator.gradient(self._point - step)
        return (ahead - behind) * (length / (2 * self._distance))


def asymmetry(operator: Operator, *, pairs: int = 3, seed: int = 0) -> float:
    r"""Returns how far a matrix is from symmetric, as seen by pairs of random vectors.

    .. math:: \max \frac{|u^T A v - v^T A u|}{\max(|u^T A v|, |u| |A v| / \sqrt{P})}

    Rounding gives about 1e-12 in float64 and 1e-5 in float32. A number of the order of 1 says that
    there is no function of which this is the Hessian: the gradient was made by hand.
    """
    generator = torch.Generator().manual_seed(seed)
    size = operator.shape[0]
    drawn = torch.randn(2, pairs, size, generator=generator, dtype=torch.float64, device="cpu")
    first, second = drawn
    images = (operator @ drawn.flatten(end_dim=1).T).T.view_as(drawn)
    there, back = (first * images[1]).sum(dim=1), (second * images[0]).sum(dim=1)
    usual = first.norm(dim=1) * images[1].norm(dim=1) / size**0.5
    difference = (there - back).abs() / torch.maximum(there.abs(), usual).clamp(min=1e-300)
    return float(difference.max())


class ScaleComparison(NamedTuple):
    """The exact Hessian beside the one seen over some distance, for m vectors."""

    step: float
    """Distance relative to the length of the parameters."""
    cosine: Tensor
    """Cosine of the angle between their products, (m,); 1 where they agree."""
    ratio: Tensor
    """Length of the finite-difference product over that of the exact one, (m,); 1 likewise."""


def compare_scales(
    problem: Problem, vectors: Tensor, steps: Sequence[float], *, at: Tensor | None = None
) -> list[ScaleComparison]:
    """Compares products with the exact Hessian to finite differences of several widths.

    Where both agree at small steps, the products are those of the gradient that backward returns.
    Where they part as the step grows, and far earlier than a smooth loss explains, the gradient
    jumps: kinks or discrete decisions lie within the step, which differentiating twice cannot see.
    Where they never agree, a backward is not differentiated as it should be.

    Arguments:
        problem: Landscape whose first value is differentiated.
        vectors: (m, P) For example some random ones, and eigenvectors that are to be believed.
        steps: Distances relative to the length of the parameters, such as 1e-4, 1e-3 and 1e-2.
        at: (P,) Point; the parameters of the model if None.
    """
    exact = (exact_hessian(problem, at=at) @ vectors.T).T
    found: list[ScaleComparison] = []
    for step in steps:
        seen = (finite_difference_hessian(problem, step=step, at=at) @ vectors.T).T
        cosine = torch.nn.functional.cosine_similarity(seen, exact, dim=1)
        found.append(ScaleComparison(step, cosine, seen.norm(dim=1) / exact.norm(dim=1)))
    return found
