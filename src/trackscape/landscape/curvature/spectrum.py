"""Operator -> its largest eigenvalues with residuals, and its trace with an interval."""

import dataclasses
from typing import Any, Literal, cast

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import special
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature.operator import Operator
from trackscape.landscape.space import Vectors

_Floats = NDArray[np.float64]
_FEW = 20
"""Parameters up to which the matrix is multiplied out."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Eigenpairs:
    """Eigenvalues, the largest first, and where they lie in the space of parameters."""

    values: Float[Tensor, " vectors"]
    vectors: Vectors
    """Eigenvectors, orthonormal; the largest entry of each is positive."""
    residuals: Float[Tensor, " vectors"]
    """Lengths |A v - value v|: some eigenvalue lies within this distance."""
    num_matvecs: int
    """Number of products with vectors that they took."""
    kind: str
    """Name of the matrix, and of the landscape if it is another one."""


def top_eigenpairs(
    operator: Operator,
    n: int,
    *,
    tolerance: float = 1e-3,
    which: Literal["magnitude", "algebraic"] = "magnitude",
    seed: int = 0,
    max_matvecs: int = 500,
) -> Eigenpairs:
    r"""Finds the n largest eigenvalues, by magnitude or by value, by Lanczos's method (ARPACK).

    It ends when the residuals are small, :math:`|A v_i - \lambda_i v_i| \le \mathrm{tolerance}
    \cdot |\lambda_i|`, so that eigenvalues are better than that: their error is the residual
    squared over the distance to the next one. Of eigenvalues that are equal, fewer may be found
    than there are. Few parameters are multiplied out, which is exact. The seed is that of the
    vector to start with.

    References:
        Lehoucq, Sorensen and Yang, "ARPACK users' guide", SIAM 1998.

    Raises:
        LandscapeError: A setting is out of range, or products are not finite or not enough.
    """
    size = operator.shape[0]
    if not 1 <= n <= size:
        raise LandscapeError(f"Expected 1 to {size} eigenpairs of {size} parameters, got {n}.")
    if not tolerance > 0 or max_matvecs < n:
        raise LandscapeError(
            f"Expected a positive tolerance, at least {n} products, got {tolerance}, {max_matvecs}."
        )
    begin = operator.num_matvecs
    few = size <= max(2 * n + 3, _FEW)
    found = _dense(operator) if few else _lanczos(operator, n, which, tolerance, seed, max_matvecs)
    values, vectors = map(torch.from_numpy, found)
    order = (values.abs() if which == "magnitude" else values).argsort(descending=True)[:n]
    values, vectors = values[order], vectors.T[order].contiguous()
    largest = vectors.gather(1, vectors.abs().argmax(dim=1, keepdim=True))
    vectors = vectors * largest.sign()
    return Eigenpairs(
        values=values,
        vectors=vectors,
        residuals=((operator @ vectors.T).T - values[:, None] * vectors).norm(dim=1),
        num_matvecs=operator.num_matvecs - begin,
        kind=operator.kind,
    )


def _dense(operator: Operator) -> tuple[_Floats, _Floats]:
    matrix = (operator @ torch.eye(operator.shape[0], dtype=torch.float64, device="cpu")).numpy()
    return np.linalg.eigh((matrix + matrix.T) / 2)


def _lanczos(
    operator: Operator, n: int, which: str, tolerance: float, seed: int, most: int
) -> tuple[_Floats, _Floats]:
    """Returns n eigenvalues (n,) and eigenvectors (P, n) in any order."""
    size, end = operator.shape[0], operator.num_matvecs + most
    refused = LandscapeError(
        f"Expected {n} eigenpairs of the {operator.kind} with residuals below {tolerance:g} of "
        f"their values, but {most} products were not enough; raise max_matvecs or tolerance, or "
        "ask for fewer."
    )

    flat = True

    def product(vector: _Floats) -> _Floats:
        nonlocal flat
        if operator.num_matvecs >= end:
            raise refused
        found = (operator @ torch.tensor(vector.ravel(), device="cpu")).numpy()
        flat = flat and not found.any()
        return found

    generator = torch.Generator().manual_seed(seed)
    start = torch.randn(size, generator=generator, dtype=torch.float64, device="cpu").numpy()
    matrix = cast(Any, LinearOperator)((size, size), matvec=product, dtype=np.float64)
    kind = "LM" if which == "magnitude" else "LA"
    # Its own random numbers, for a space that has closed, are the system's otherwise.
    settings: dict[str, Any] = {"v0": start, "rng": abs(seed), "tol": tolerance, "maxiter": most}
    try:
        return cast(Any, eigsh(matrix, n, which=kind, ncv=2 * n + 3, **settings))
    except ArpackError as error:
        if flat:  # ARPACK takes a matrix of zeros for a mistake
            return np.zeros(n), np.eye(size, n)
        raise refused from error


@dataclasses.dataclass(frozen=True, kw_only=True)
class TraceEstimate:
    """A trace that was sampled, with an interval from low to high."""

    value: float
    low: float
    high: float
    level: float
    """Probability that the interval covers the truth."""
    num_matvecs: int
    """Number of products with vectors that it took."""
    kind: str
    """Name of the matrix, and of the landscape if it is another one."""


def trace(
    operator: Operator,
    *,
    num_matvecs: int = 60,
    seed: int = 0,
    level: float = 0.95,
    method: Literal["hutch++", "hutchinson"] = "hutch++",
) -> TraceEstimate:
    r"""Estimates the sum of all eigenvalues.

    Hutch++ takes a third of the products to find an orthonormal basis Q of where the operator is
    large, a third for the trace there, which is exact, and the rest for random signs g elsewhere:

    .. math:: \mathrm{tr} A \approx \mathrm{tr}(Q^T A Q) + \frac{1}{r} \sum_i g_i^T \Pi A \Pi g_i,
        \quad \Pi = 1 - Q Q^T

    Hutchinson's estimator is that with an empty Q; Hutch++ wins if few eigenvalues are large, as is
    usual. The interval is Student's of the r random terms; given Q they are independent and
    unbiased, whatever the spectrum. Hutch++ needs at least 6 products, Hutchinson 2.

    References:
        Meyer, Musco, Musco and Woodruff, SOSA 2021 (Hutch++); Hutchinson, Commun. Stat. Simul.
        Comput. 19 (1990) 433.

    Raises:
        LandscapeError: A setting is out of range, or a product is not finite.
    """
    least = 6 if method == "hutch++" else 2
    if num_matvecs < least or not 0 < level < 1:
        raise LandscapeError(
            f"Expected at least {least} products and a level between 0 and 1, got "
            f"{num_matvecs} and {level}."
        )
    size, generator = operator.shape[0], torch.Generator().manual_seed(seed)
    n_basis = min(num_matvecs // 3, size) if method == "hutch++" else 0
    images = operator @ _signs(n_basis, size, generator).T
    basis = torch.linalg.qr(images).Q.T  # of where the operator is large
    inside = float(((operator @ basis.T).T * basis).sum())
    signs = _signs(num_matvecs - 2 * n_basis, size, generator)
    outside = signs - (signs @ basis.T) @ basis
    terms = ((operator @ outside.T).T * outside).sum(dim=1)
    value = inside + float(terms.mean())
    error = float(terms.std()) / len(terms) ** 0.5
    reach = float(special.stdtrit(len(terms) - 1, (1 + level) / 2)) * error
    return TraceEstimate(
        value=value,
        low=value - reach,
        high=value + reach,
        level=level,
        num_matvecs=num_matvecs,
        kind=operator.kind,
    )


def _signs(n: int, size: int, generator: torch.Generator) -> Tensor:
    return torch.randint(2, (n, size), generator=generator, device="cpu").double() * 2 - 1
