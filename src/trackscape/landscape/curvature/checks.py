"""Is a product with the Hessian what it claims to be? Symmetry, and finite differences."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from trackscape.landscape.curvature.hessian import exact_hessian, finite_difference_hessian
from trackscape.landscape.curvature.operator import Operator
from trackscape.landscape.problem import Problem


def asymmetry(operator: Operator, *, pairs: int = 3, seed: int = 0) -> float:
    r"""Returns how far a matrix is from symmetric, as seen by pairs of random vectors.

    .. math:: \max \frac{|u^T A v - v^T A u|}{\max(|u^T A v|, |u| |A v| / \sqrt{P})}

    Rounding gives about 1e-12 in float64 and 1e-5 in float32. A number of the order of 1 says that
    there is no function of which this is the Hessian: the gradient was made by hand.
    """
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(
        2, pairs, operator.size, generator=generator, dtype=torch.float64, device="cpu"
    )
    first, second = drawn
    images = operator.apply_many(drawn.flatten(end_dim=1)).view_as(drawn)
    there, back = (first * images[1]).sum(dim=1), (second * images[0]).sum(dim=1)
    usual = first.norm(dim=1) * images[1].norm(dim=1) / operator.size**0.5
    difference = (there - back).abs() / torch.maximum(there.abs(), usual).clamp(min=1e-300)
    return float(difference.max())


class Scale(NamedTuple):
    """The exact Hessian beside the one seen over some distance, for m vectors."""

    step: float
    """Distance, relative to the length of the parameters."""
    cosine: Tensor
    """(m,) Of the angle between their products; 1 where they agree."""
    ratio: Tensor
    """(m,) Length of the finite-difference product over that of the exact one; 1 likewise."""


def compare_scales(
    problem: Problem, vectors: Tensor, steps: Sequence[float], *, at: Tensor | None = None
) -> list[Scale]:
    """Compares products with the exact Hessian to finite differences of several widths.

    Where both agree at small steps, the products are those of the gradient that backward returns.
    Where they part as the step grows, and far earlier than a smooth loss explains, the gradient
    jumps: kinks or discrete decisions lie within the step, which differentiating twice cannot see.
    Where they never agree, a backward is not differentiated as it should be.

    Arguments:
        problem: Whose first value is differentiated.
        vectors: (m, P) For example some random ones, and eigenvectors that are to be believed.
        steps: Distances relative to the length of the parameters, such as 1e-4, 1e-3 and 1e-2.
        at: (P,) Where; at the parameters of the model if None.
    """
    exact = exact_hessian(problem, at=at).apply_many(vectors)
    found: list[Scale] = []
    for step in steps:
        seen = finite_difference_hessian(problem, step=step, at=at).apply_many(vectors)
        cosine = torch.nn.functional.cosine_similarity(seen, exact, dim=1)
        found.append(Scale(step, cosine, seen.norm(dim=1) / exact.norm(dim=1)))
    return found
