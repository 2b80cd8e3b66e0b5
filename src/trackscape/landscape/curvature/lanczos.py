"""Operator -> its largest eigenvalues and their eigenvectors, with as few products as possible."""

import dataclasses
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature.operator import Operator

NEGLIGIBLE = 1e-10
"""Lengths, relative to the largest product, below which a new direction is only rounding."""
_ROUNDING = 1e-13


@dataclasses.dataclass(frozen=True, kw_only=True)
class Eigenpairs:
    """Eigenvalues, the largest first, and where they lie in the space of parameters."""

    values: Tensor
    """(n,) float64"""
    vectors: Tensor
    """(n, P) float64, orthonormal; their signs mean nothing."""
    residuals: Tensor
    """(n,) |A v - value v|: some eigenvalue lies within this distance."""
    products: int
    """Products with vectors that they took."""
    kind: str
    """Which matrix of which landscape."""


def top_eigenpairs(
    operator: Operator,
    n: int,
    *,
    tolerance: float = 1e-3,
    which: Literal["magnitude", "algebraic"] = "magnitude",
    block: int = 1,
    seed: int = 0,
    most_products: int = 500,
    most_basis: int | None = None,
) -> Eigenpairs:
    r"""Finds the n largest eigenvalues of a symmetric operator by Lanczos's method.

    The whole basis is kept, and each vector is made orthogonal to it twice. It ends when all n
    residuals are small,

    .. math:: |A v_i - \lambda_i v_i| \le \mathrm{tolerance} \cdot
        \max(|\lambda_i|, \mathrm{tolerance} \cdot \max_j |\lambda_j|)

    so that eigenvalues are better than that: their error is the residual squared over the distance
    to the next one. Each copy of an eigenvalue needs a vector of its own to start from. `block`
    of them start together; only if the space that they span closes, others follow, until a new one
    finds nothing new.

    Arguments:
        operator: P x P.
        n: Number of eigenpairs, at most P.
        tolerance: Largest residual relative to the eigenvalue.
        which: The largest by magnitude, or by value.
        block: Vectors multiplied at once: 1 needs fewest products, more find close and multiple
            eigenvalues.
        seed: Of the vectors to start with.
        most_products: When to give up.
        most_basis: Vectors kept at most, at least 2 (n + block); then the better half goes on
            (thick restart). None keeps all.

    References:
        Wu and Simon, SIAM J. Matrix Anal. Appl. 22 (2000) 602 (thick restart).

    Raises:
        LandscapeError: A setting is out of range, a product is not finite, or the products were
            not enough.
    """
    _check(operator.size, n, tolerance, block, most_products, most_basis)
    generator = torch.Generator().manual_seed(seed)
    space = _Subspace(operator.size)
    frontier = space.fresh(block, generator)
    before, used = None, 0
    while True:
        used += len(frontier)
        space.extend(frontier, operator.apply_many(frontier))
        found = space.best(n, which)
        frontier = space.frontier()
        done = found.is_good(n, tolerance)
        if len(frontier) == 0:
            # The space has closed. If others can follow, copies of eigenvalues may be missing.
            unchanged = before is not None and found.equals(before, tolerance)
            done = len(space) == operator.size or (done and unchanged)
            frontier, before = space.fresh(block, generator), found
        elif before is not None:
            done = False
        if done:
            return space.eigenpairs(found, used, operator.kind)
        if used + len(frontier) > most_products:
            raise LandscapeError(
                f"Expected {n} eigenpairs of the {operator.kind} with residuals below "
                f"{tolerance:g} of their values, got {found.n_good(tolerance)} with {used} "
                "products; raise most_products or tolerance, or ask for fewer."
            )
        if most_basis is not None and len(space) + len(frontier) > most_basis:
            space.shrink(most_basis // 2, which)


class _Ritz(NamedTuple):
    """The best approximations that a subspace of k dimensions holds: n, or k if that is less."""

    values: Tensor
    coefficients: Tensor
    """(n, k)"""
    residuals: Tensor
    scale: float
    """Largest magnitude of any approximate eigenvalue."""

    def thresholds(self, tolerance: float) -> Tensor:
        allowed = tolerance * self.values.abs().clamp(min=tolerance * self.scale)
        return allowed.clamp(min=_ROUNDING * self.scale)

    def n_good(self, tolerance: float) -> int:
        return int((self.residuals <= self.thresholds(tolerance)).sum())

    def is_good(self, n: int, tolerance: float) -> bool:
        return self.n_good(tolerance) == n

    def equals(self, other: "_Ritz", tolerance: float) -> bool:
        if len(other.values) < len(self.values):
            return False
        change = (self.values - other.values).abs()
        return bool((change <= self.thresholds(tolerance)).all())


class _Subspace:
    """An orthonormal basis, and the operator as seen inside of it."""

    def __init__(self, size: int) -> None:
        self.basis = torch.zeros(0, size, dtype=torch.float64, device="cpu")
        self.projected = torch.zeros(0, 0, dtype=torch.float64, device="cpu")
        self.outside = self.basis
        """Products of the latest vectors without their part inside; those of others have none."""
        self.longest = 0.0

    def __len__(self) -> int:
        return len(self.basis)

    def extend(self, vectors: Tensor, products: Tensor) -> None:
        """Adds orthonormal vectors (b, P), of which these are the products."""
        old = len(self.basis)
        self.basis = torch.cat([self.basis, vectors])
        inside = products @ self.basis.T
        projected = torch.zeros(len(self.basis), len(self.basis), dtype=torch.float64, device="cpu")
        projected[:old, :old] = self.projected
        projected[old:, :old] = inside[:, :old]
        projected[:old, old:] = inside[:, :old].T
        projected[old:, old:] = (inside[:, old:] + inside[:, old:].T) / 2
        self.projected = projected
        self.outside = torch.stack([orthogonal(product, self.basis) for product in products])
        self.longest = max(self.longest, float(products.norm(dim=1).max()))

    def frontier(self) -> Tensor:
        """Returns the directions in which the operator leaves the space, (<= b, P)."""
        return self._orthonormal(self.outside, NEGLIGIBLE * self.longest)

    def fresh(self, n: int, generator: torch.Generator) -> Tensor:
        """Returns random directions outside of the space, (n, P) or as many as there are."""
        size = self.basis.shape[1]
        drawn = torch.randn(n, size, generator=generator, dtype=torch.float64, device="cpu")
        return self._orthonormal(drawn[: size - len(self.basis)], 0.0)

    def best(self, n: int, which: str) -> _Ritz:
        """Returns the n largest approximations, or all of a smaller space."""
        values, coefficients = torch.linalg.eigh(self.projected)
        order = (values.abs() if which == "magnitude" else values).argsort(descending=True)[:n]
        chosen = coefficients.T[order]
        residuals = (chosen[:, -len(self.outside) :] @ self.outside).norm(dim=1)
        return _Ritz(values[order], chosen, residuals, float(values.abs().max()))

    def shrink(self, n: int, which: str) -> None:
        """Keeps the n best directions; the frontier is outside of them too."""
        kept = self.best(n, which)
        self.basis = kept.coefficients @ self.basis
        self.projected = kept.values.diag()

    def eigenpairs(self, found: _Ritz, products: int, kind: str) -> Eigenpairs:
        return Eigenpairs(
            values=found.values,
            vectors=found.coefficients @ self.basis,
            residuals=found.residuals,
            products=products,
            kind=kind,
        )

    def _orthonormal(self, candidates: Tensor, least: float) -> Tensor:
        found = self.basis[:0]
        for candidate in candidates:
            new = orthogonal(candidate, found)
            if new.norm() > least:
                new = orthogonal(orthogonal(new / new.norm(), self.basis), found)
                found = torch.cat([found, (new / new.norm())[None]])
        return found


def orthogonal(vector: Tensor, basis: Tensor) -> Tensor:
    """Returns a vector (P,) without its part in an orthonormal basis (k, P), to rounding error."""
    for _ in range(2):  # the second time takes away what rounding left the first time
        vector = vector - basis.T @ (basis @ vector)
    return vector


def _check(
    size: int, n: int, tolerance: float, block: int, most_products: int, most_basis: int | None
) -> None:
    if not 1 <= n <= size:
        raise LandscapeError(f"Expected 1 to {size} eigenpairs of {size} parameters, got {n}.")
    if not tolerance > 0 or not 1 <= block <= size or most_products < block:
        raise LandscapeError(
            f"Expected a positive tolerance, a block of 1 to {size} vectors and as many products, "
            f"got {tolerance}, {block} and {most_products}."
        )
    if most_basis is not None and most_basis < 2 * (n + block):
        raise LandscapeError(
            f"Expected a basis of at least {2 * (n + block)} vectors for {n} eigenpairs in blocks "
            f"of {block}, got {most_basis}."
        )
