"""Problem -> curvature without second derivatives: differences, Fisher matrix, smoothed loss."""

import abc
import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature.derivatives import exact_hessian
from trackscape.landscape.curvature.operator import Operator, PointOperator
from trackscape.landscape.problem import Problem
from trackscape.landscape.space import Point, Vectors

_MOST_KEPT = 1 << 25
"""Numbers of float64 that are kept rather than computed again: 256 MB."""
_MOST_AT_ONCE = 1 << 22


def finite_difference_hessian(
    problem: Problem, *, step: float, at: Point | None = None
) -> Operator:
    r"""The Hessian seen over a distance: central differences of the gradient.

    .. math:: H v \approx |v| \, \frac{g(\theta + h u) - g(\theta - h u)}{2 h},
        \quad u = v / |v|, \quad h = \mathrm{step} \cdot |\theta|

    Needs one derivative only, so that it serves layers with a gradient of their own. It is of the
    *gradient that backward returns*, and symmetric as far as that is the gradient of something and
    h is small: see `asymmetry`. Kinks count if they lie within h. A product costs two gradients. A
    step of 1e-5 suits float64, 1e-2 float32, with a relative error of about 1e-7 / step.

    Raises:
        LandscapeError: The loss has no gradient, the step is not positive, or the point is zero.
    """
    if not step > 0:
        raise LandscapeError(f"Expected a positive step, got {step}.")
    return _FiniteDifferenceHessian(problem, step, at)


class _FiniteDifferenceHessian(PointOperator):
    def __init__(self, problem: Problem, step: float, at: Point | None) -> None:
        super().__init__(f"finite-difference Hessian, h = {step:g} |theta|", problem, at)
        dtype = self._evaluator.space.dtype
        least = 8 * torch.finfo(dtype).eps
        if step < least:
            raise LandscapeError(
                f"Expected a step of at least {least:.1g}, since parameters of {dtype} are rounded "
                f"to about as much, got {step:g}; take a larger one, or convert the model."
            )
        self._distance = step * self._length()

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
    """The exact Hessian beside the one seen over some distance, for some vectors."""

    step: float
    """Distance relative to the length of the parameters."""
    cosine: Float[Tensor, " vectors"]
    """Cosine of the angle between their products; 1 where they agree."""
    ratio: Float[Tensor, " vectors"]
    """Length of the finite-difference product over that of the exact one; 1 likewise."""


def compare_scales(
    problem: Problem, vectors: Vectors, steps: Sequence[float], *, at: Point | None = None
) -> list[ScaleComparison]:
    """Compares products with the exact Hessian to finite differences of several relative widths.

    Where both agree at small steps, the products are those of the gradient that backward returns.
    Where they part as the step grows, and far earlier than a smooth loss explains, the gradient
    jumps: kinks or discrete decisions lie within the step, which differentiating twice cannot see.
    Where they never agree, a backward is not differentiated as it should be.
    """
    exact = (exact_hessian(problem, at=at) @ vectors.T).T
    found: list[ScaleComparison] = []
    for step in steps:
        seen = (finite_difference_hessian(problem, step=step, at=at) @ vectors.T).T
        cosine = torch.nn.functional.cosine_similarity(seen, exact, dim=1)
        found.append(ScaleComparison(step, cosine, seen.norm(dim=1) / exact.norm(dim=1)))
    return found


class _OuterProducts(PointOperator):
    r"""A sum :math:`\sum_i c_i r_i r_i^T`, symmetric by construction."""

    @functools.cached_property
    @abc.abstractmethod
    def factors(self) -> Float[Tensor, " n"]:
        """The c; always the same ones."""

    @abc.abstractmethod
    def row(self, number: int) -> Point:
        """Returns one of the r; always the same one."""

    def _products(self, vectors: Sequence[Tensor]) -> Tensor:
        total = self._zeros(len(vectors))
        for rows, factors in self.blocks():
            # One matrix-vector product after the other: rounded alike for any number of vectors.
            for part, vector in zip(total, vectors, strict=True):
                part += rows.T @ (factors * (rows @ vector))
        return total

    def blocks(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yields some rows (k, P) and their factors (k,) at a time."""
        few = len(self.factors) * self.shape[0] <= _MOST_KEPT
        yield from self._kept if few else self._computed()

    @functools.cached_property
    def _kept(self) -> list[tuple[Tensor, Tensor]]:
        return list(self._computed())

    def _computed(self) -> Iterator[tuple[Tensor, Tensor]]:
        numbers = torch.arange(len(self.factors), device="cpu")
        for some in numbers.split(max(1, _MOST_AT_ONCE // self.shape[0])):
            rows = torch.stack([self.row(number) for number in some.tolist()])
            yield rows, self.factors[some].to(self.device)


def empirical_fisher(problem: Problem, *, at: Point | None = None) -> Operator:
    r"""The mean outer product of the gradients of the batches.

    .. math:: F = \sum_b w_b \, g_b g_b^T, \quad g_b = \nabla_\theta L_b

    It is the empirical Fisher matrix of samples only if each batch holds one sample; of larger
    batches it is smaller by about their size where the mean gradient vanishes. Its labels are the
    true ones, so that it is no Hessian, not even at the minimum of a model that is wrong (Kunstner,
    Hennig and Balles, NeurIPS 2019). The rank is at most the number of batches.
    """
    return _EmpiricalFisher("empirical Fisher matrix of batches", problem, at)


class _EmpiricalFisher(_OuterProducts):
    @functools.cached_property
    def factors(self) -> Tensor:
        return self._evaluator.weights

    def row(self, number: int) -> Tensor:
        return self._evaluator.batch_gradient(number)


def smoothed_hessian(
    problem: Problem, *, sigma: float, samples: int, seed: int = 0, at: Point | None = None
) -> "SmoothedHessian":
    r"""The Hessian of the loss smoothed by a Gaussian in the parameters, from losses alone.

    .. math:: L_\sigma(\theta) = \mathbb{E}_Z \, L(\theta + \sigma s Z), \quad
        Z \sim \mathcal{N}(0, 1_P), \quad s = |\theta| / \sqrt{P}

    Stein's identity (Annals of Statistics 9 (1981) 1135), with n antithetic pairs, the `samples`,
    and the mean as a control, makes it a covariance:

    .. math:: H \approx \frac{1}{(n - 1) \sigma^2 s^2} \sum_i (d_i - \bar d) \, Z_i Z_i^T, \quad
        d_i = \tfrac{1}{2} [L(\theta + \sigma s Z_i) + L(\theta - \sigma s Z_i)]

    It is unbiased for any bounded loss, also for one that is piecewise constant, such as that of
    discrete decisions, whose Hessian vanishes wherever it exists. All batches see the same Z. The
    2 n means of the loss are taken at the first product; further ones cost no evaluation.

    The error of one quadratic form is about :math:`|H|_F / \sqrt{n}` (its `standard_error` says
    it), that of extreme eigenvalues :math:`|H|_F (\sqrt{P / n} + P / n)`: with fewer samples than
    parameters, eigenvalues are those of noise unless they stand out from all others by far.

    Raises:
        LandscapeError: A setting is out of range, the point is zero, or a loss is not finite.
    """
    if not sigma > 0 or samples < 2:
        raise LandscapeError(
            f"Expected a positive sigma and at least 2 samples, got {sigma} and {samples}."
        )
    return SmoothedHessian(problem, sigma, samples, seed, at)


class SmoothedHessian(_OuterProducts):
    """The operator that `smoothed_hessian` returns."""

    def __init__(
        self, problem: Problem, sigma: float, samples: int, seed: int, at: Point | None
    ) -> None:
        kind = f"Hessian of the loss smoothed by {sigma:g} |theta| / sqrt(P)"
        super().__init__(kind, problem, at)
        self._width = sigma * self._length() / self.shape[0] ** 0.5
        self._samples = samples
        self._seed = seed

    @functools.cached_property
    def factors(self) -> Float[Tensor, " pairs"]:
        """Centred means d of the pairs, over (n - 1) times the squared width."""
        means = torch.stack([self._mean_of_pair(number) for number in range(self._samples)])
        return (means - means.mean()) / ((self._samples - 1) * self._width**2)

    def row(self, number: int) -> Point:
        """Returns Z of one pair."""
        generator = torch.Generator().manual_seed(1_000_003 * self._seed + number)
        normal = torch.randn(self.shape[0], generator=generator, dtype=torch.float64, device="cpu")
        return normal.to(self.device)

    def standard_error(self, vector: Point) -> float:
        """Returns the standard error of v^T H v for a vector, from the spread of the pairs."""
        squares = torch.cat([(rows @ vector.to(rows)).square() for rows, _ in self.blocks()]).cpu()
        terms = self._samples * self.factors * (squares - squares.mean())
        return float(terms.std() / self._samples**0.5)

    def _mean_of_pair(self, number: int) -> Tensor:
        step = self._width * self.row(number)
        ends = [self._evaluator.batch_losses(self._point + sign * step) for sign in (1, -1)]
        mean = self._evaluator.weights @ (ends[0] + ends[1]) / 2
        if not mean.isfinite():
            raise LandscapeError(
                f"Expected finite losses, got {float(mean)} at pair {number}; take a smaller sigma."
            )
        return mean
