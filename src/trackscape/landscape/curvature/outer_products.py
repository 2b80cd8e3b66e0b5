"""Problem -> curvature as a sum of outer products: empirical Fisher, and of a smoothed loss."""

import abc
import functools
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature.operator import Operator, length_of, point_of
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.problem import Problem

_MOST_KEPT = 1 << 25
"""Numbers of float64 that are kept rather than computed again: 256 MB."""
_MOST_AT_ONCE = 1 << 22


class _OuterProducts(Operator):
    r"""A sum :math:`\sum_i c_i r_i r_i^T`, symmetric by construction."""

    @abc.abstractmethod
    def factors(self) -> Tensor:
        """Returns the c, (n,) float64; always the same ones."""

    @abc.abstractmethod
    def row(self, number: int) -> Tensor:
        """Returns one of the r, (P,) float64; always the same one."""

    def _products(self, vectors: Sequence[Tensor]) -> Tensor:
        total = self._zeros(len(vectors))
        for rows, factors in self.blocks():
            # One matrix-vector product after the other: rounded alike for any number of vectors.
            for part, vector in zip(total, vectors, strict=True):
                part += rows.T @ (factors * (rows @ vector))
        return total

    def blocks(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yields some rows (k, P) and their factors (k,) at a time."""
        if len(self.factors()) * self.shape[0] <= _MOST_KEPT:
            yield from self._kept
        else:
            yield from self._computed()

    @functools.cached_property
    def _kept(self) -> list[tuple[Tensor, Tensor]]:
        return list(self._computed())

    def _computed(self) -> Iterator[tuple[Tensor, Tensor]]:
        factors = self.factors()
        numbers = torch.arange(len(factors), device="cpu")
        for some in numbers.split(max(1, _MOST_AT_ONCE // self.shape[0])):
            rows = torch.stack([self.row(number) for number in some.tolist()])
            yield rows, factors[some].to(self.device)


def empirical_fisher(problem: Problem, *, at: Tensor | None = None) -> Operator:
    r"""The mean outer product of the gradients of the batches.

    .. math:: F = \sum_b w_b \, g_b g_b^T, \quad g_b = \nabla_\theta L_b

    It is the empirical Fisher matrix of samples only if each batch holds one sample; of larger
    batches it is smaller by about their size where the mean gradient vanishes. Its labels are the
    true ones, so that it is no Hessian, not even at the minimum of a model that is wrong (Kunstner,
    Hennig and Balles, NeurIPS 2019). The rank is at most the number of batches.

    Arguments:
        problem: Landscape whose first value is differentiated.
        at: (P,) Point; the parameters of the model if None.

    Raises:
        LandscapeError: The loss has no gradient.
    """
    return _EmpiricalFisher(problem, point_of(problem, at))


class _EmpiricalFisher(_OuterProducts):
    def __init__(self, problem: Problem, point: Tensor) -> None:
        super().__init__("empirical Fisher matrix of batches", len(point), point.device)
        self._evaluator = Evaluator(problem)
        self._evaluator.move(point)

    def factors(self) -> Tensor:
        return self._evaluator.weights

    def row(self, number: int) -> Tensor:
        return self._evaluator.batch_gradient(number)


def smoothed_hessian(
    problem: Problem, *, sigma: float, samples: int, seed: int = 0, at: Tensor | None = None
) -> "SmoothedHessian":
    r"""The Hessian of the loss smoothed by a Gaussian in the parameters, from losses alone.

    .. math:: L_\sigma(\theta) = \mathbb{E}_Z \, L(\theta + \sigma s Z), \quad
        Z \sim \mathcal{N}(0, 1_P), \quad s = |\theta| / \sqrt{P}

    Stein's identity, with antithetic pairs and the mean as a control, makes it a covariance:

    .. math:: H \approx \frac{1}{(n - 1) \sigma^2 s^2} \sum_i (d_i - \bar d) \, Z_i Z_i^T, \quad
        d_i = \tfrac{1}{2} [L(\theta + \sigma s Z_i) + L(\theta - \sigma s Z_i)]

    It is unbiased for any bounded loss, also for one that is piecewise constant, such as that of
    discrete decisions, whose Hessian vanishes wherever it exists. All batches see the same Z. The
    2 n means of the loss are taken at the first product; further ones cost no evaluation.

    The error of one quadratic form is about :math:`|H|_F / \sqrt{n}` (its `standard_error` says
    it), that of extreme eigenvalues :math:`|H|_F (\sqrt{P / n} + P / n)`: with fewer samples than
    parameters, eigenvalues are those of noise unless they stand out from all others by far.

    Arguments:
        problem: Landscape whose first value is smoothed; it needs no gradient.
        sigma: Relative width: of each parameter in units of their root mean square s.
        samples: Antithetic pairs n, at least 2.
        seed: Seed of the Z.
        at: (P,) Point; the parameters of the model if None.

    References:
        Stein, Annals of Statistics 9 (1981) 1135.

    Raises:
        LandscapeError: A setting is out of range, the point is zero, or a loss is not finite.
    """
    if not sigma > 0 or samples < 2:
        raise LandscapeError(
            f"Expected a positive sigma and at least 2 samples, got {sigma} and {samples}."
        )
    return SmoothedHessian(problem, point_of(problem, at), sigma, samples, seed)


class SmoothedHessian(_OuterProducts):
    """The operator that `smoothed_hessian` returns."""

    def __init__(
        self, problem: Problem, point: Tensor, sigma: float, samples: int, seed: int
    ) -> None:
        kind = f"Hessian of the loss smoothed by {sigma:g} |theta| / sqrt(P)"
        super().__init__(kind, len(point), point.device)
        self._evaluator = Evaluator(problem)
        self._point = point
        self._width = sigma * length_of(point) / self.shape[0] ** 0.5
        self._samples = samples
        self._seed = seed

    def factors(self) -> Tensor:
        """Returns the centred means d of the pairs, over (n - 1) times the squared width, (n,)."""
        return self._factors

    @functools.cached_property
    def _factors(self) -> Tensor:
        means = torch.stack([self._mean_of_pair(number) for number in range(self._samples)])
        return (means - means.mean()) / ((self._samples - 1) * self._width**2)

    def row(self, number: int) -> Tensor:
        """Returns Z of one pair, (P,)."""
        generator = torch.Generator().manual_seed(1_000_003 * self._seed + number)
        normal = torch.randn(self.shape[0], generator=generator, dtype=torch.float64, device="cpu")
        return normal.to(self.device)

    def standard_error(self, vector: Tensor) -> float:
        """Returns the standard error of v^T H v for a vector (P,), from the spread of the pairs."""
        squares = torch.cat([(rows @ vector.to(rows)).square() for rows, _ in self.blocks()]).cpu()
        terms = self._samples * self.factors() * (squares - squares.mean())
        return float(terms.std() / self._samples**0.5)

    def _mean_of_pair(self, number: int) -> Tensor:
        step = self._width * self.row(number)
        ends = [self._evaluator.batch_losses(self._point + sign * step) for sign in (1, -1)]
        mean = self._evaluator.weights @ (ends[0] + ends[1]) / 2
        if not mean.isfinite():
            raise LandscapeError(
                f"Expected finite losses around the point, got {float(mean)} at pair {number}; "
                "choose a smaller sigma."
            )
        return mean
