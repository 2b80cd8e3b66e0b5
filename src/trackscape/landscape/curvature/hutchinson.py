"""Operator -> its trace with a confidence interval."""

import dataclasses
from typing import Literal

import torch
from scipy import stats
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature.operator import Operator


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number that was sampled."""

    value: float
    low: float
    """Lower end of the interval that covers the truth with the probability `level`."""
    high: float
    """Its upper end."""
    level: float
    products: int
    """Products with vectors that it took."""
    kind: str
    """Which matrix of which landscape."""


def trace(
    operator: Operator,
    *,
    products: int = 60,
    seed: int = 0,
    level: float = 0.95,
    method: Literal["hutch++", "hutchinson"] = "hutch++",
) -> Estimate:
    r"""Estimates the sum of all eigenvalues.

    Hutch++ takes a third of the products to find an orthonormal basis Q of where the operator is
    large, a third for the trace there, which is exact, and the rest for random signs g elsewhere:

    .. math:: \mathrm{tr} A \approx \mathrm{tr}(Q^T A Q) + \frac{1}{r} \sum_i g_i^T \Pi A \Pi g_i,
        \quad \Pi = 1 - Q Q^T

    Hutchinson's estimator is that with an empty Q. The interval is Student's of the r random
    terms; given Q they are independent and unbiased, whatever the spectrum.

    Arguments:
        operator: P x P.
        products: How many may be spent, at least 6 (Hutchinson: 2).
        seed: Of the random signs.
        level: Probability that the interval covers the trace.
        method: Hutch++ wins if few eigenvalues are large, as is usual; else they are similar.

    References:
        Meyer, Musco, Musco and Woodruff, SOSA 2021 (Hutch++); Hutchinson, Commun. Stat. Simul.
        Comput. 19 (1990) 433.

    Raises:
        LandscapeError: A setting is out of range, or a product is not finite.
    """
    least = 6 if method == "hutch++" else 2
    if products < least or not 0 < level < 1:
        raise LandscapeError(
            f"Expected at least {least} products and a level between 0 and 1, got {products} and "
            f"{level}."
        )
    generator = torch.Generator().manual_seed(seed)
    n_basis = min(products // 3, operator.size) if method == "hutch++" else 0
    basis = _range_of(operator, n_basis, generator)
    inside = float((operator.apply_many(basis) * basis).sum()) if n_basis else 0.0
    signs = _signs(products - 2 * n_basis, operator.size, generator)
    outside = signs - (signs @ basis.T) @ basis
    terms = (operator.apply_many(outside) * outside).sum(dim=1)
    value = inside + float(terms.mean())
    error = float(terms.std()) / len(terms) ** 0.5
    reach = float(stats.t.ppf((1 + level) / 2, len(terms) - 1)) * error
    return Estimate(
        value=value,
        low=value - reach,
        high=value + reach,
        level=level,
        products=products,
        kind=operator.kind,
    )


def _range_of(operator: Operator, n: int, generator: torch.Generator) -> Tensor:
    """Returns an orthonormal basis of the products with n random vectors, (n, P)."""
    if n == 0:
        return torch.zeros(0, operator.size, dtype=torch.float64, device="cpu")
    images = operator.apply_many(_signs(n, operator.size, generator))
    return torch.linalg.qr(images.T).Q.T


def _signs(n: int, size: int, generator: torch.Generator) -> Tensor:
    return torch.randint(2, (n, size), generator=generator, device="cpu").double() * 2 - 1
