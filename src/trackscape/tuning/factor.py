"""A Cholesky factor that grows in place: append, remove and solve in O(n²).

The lower factor of K is kept by rows of blocks of 64 rows. Each has the part left of the diagonal,
and its block on the diagonal on its own, in the order that BLAS solves without a copy. So the
factor takes half a square and nothing is moved when it grows. Vectors and matrices are solved block
by block, and for a few columns at once there are loops of our own.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from trackscape.errors import DataError
from trackscape.tuning.few_columns import MOST_COLUMNS, solve_backward, solve_forward

Doubles = NDArray[np.float64]
blas: Any = linalg.blas  # their functions have no types
lapack: Any = linalg.lapack
BLOCK_ROWS = 64
"""Rows of a block."""


class GrowingFactor:
    """Lower Cholesky factor L of a positive definite matrix K = L Lᵀ that grows and shrinks.

    Rows behind the last one are those of the identity, so that blocks are always solved whole.
    """

    def __init__(self) -> None:
        self.n = 0
        """Rows."""
        self._left: list[Doubles] = []
        self._diagonal: list[Doubles] = []

    @classmethod
    def of(cls, matrix: Doubles) -> "GrowingFactor":
        """Factors a symmetric matrix (n, n), of which the lower triangle is looked at.

        Raises:
            DataError: It is not positive definite.
        """
        # The transpose of an array by rows is one by columns, which LAPACK takes as it is.
        upper, failed = lapack.dpotrf(np.array(matrix).T, lower=0, clean=1, overwrite_a=1)
        if failed:
            raise DataError(
                f"Expected a positive definite matrix to factor, got one whose row {failed - 1} "
                "depends on those before it; add noise to its diagonal."
            )
        made = cls()
        made._write(upper.T)
        return made

    def solve(self, right: Doubles) -> Doubles:
        """Returns L⁻¹ times a vector (n,) or the columns of a matrix (n, m)."""
        if right.ndim == 2 and right.shape[1] <= MOST_COLUMNS:
            return self._solve_few(right, transposed=False)
        found = self._padded(right)
        for low, left, diagonal in self._blocks():
            part = found[low : low + BLOCK_ROWS]
            if low:
                part -= left @ found[:low]
            _divide(diagonal, part, transposed=False)
        return found[: self.n]

    def solve_transposed(self, right: Doubles) -> Doubles:
        """Returns L⁻ᵀ times a vector (n,) or the columns of a matrix (n, m)."""
        if right.ndim == 2 and right.shape[1] <= MOST_COLUMNS:
            return self._solve_few(right, transposed=True)
        found = self._padded(right)
        for low, left, diagonal in reversed(list(self._blocks())):
            part = found[low : low + BLOCK_ROWS]
            _divide(diagonal, part, transposed=True)
            if low:
                found[:low] -= left.T @ part
        return found[: self.n]

    def append(self, column: Doubles, corner: float, *, least: float) -> tuple[Doubles, float]:
        """Adds a row and column to K, in n² operations.

        With q = L⁻¹k and δ² = c - qᵀq the new row of L is (qᵀ, δ): that of the whole factor, no
        approximation.

        Arguments:
            column: New column k of K without its last element, (n,).
            corner: That element, c.
            least: Least δ², which is taken where rounding, or a point that is there already, leaves
                less.

        Returns:
            q and δ.
        """
        q = self.solve(column)
        delta = float(np.sqrt(max(corner - q @ q, least)))
        self._write(np.append(q, delta)[None])
        return q, delta

    def append_block(self, columns: Doubles, corner: Doubles, *, least: float) -> None:
        """Adds several rows and columns to K, with products of matrices.

        Arguments:
            columns: New columns of K without their last r rows, (n, r).
            corner: These rows, (r, r).
            least: Least eigenvalue, about, that is left to the Schur complement.

        Raises:
            DataError: K is not positive definite.
        """
        left = self.solve(columns)
        schur = corner - left.T @ left
        lower, failed = lapack.dpotrf(schur, lower=1, clean=1)
        if failed:
            lower, failed = lapack.dpotrf(schur + least * np.eye(len(schur)), lower=1, clean=1)
        if failed:
            raise DataError(
                "Expected columns that keep the matrix positive definite, got others; add noise to "
                "its diagonal."
            )
        self._write(np.hstack([left.T, lower]))

    def truncate(self, n: int) -> None:
        """Keeps the first n rows and columns of K; the factor of these is there already."""
        self.n = n
        n_blocks = -(-n // BLOCK_ROWS)
        del self._left[n_blocks:], self._diagonal[n_blocks:]
        if inside := n % BLOCK_ROWS:
            self._left[-1][inside:] = 0.0
            self._diagonal[-1][inside:] = np.eye(BLOCK_ROWS)[inside:]

    def remove(self, row: int) -> None:
        """Removes any row and column of K, in (n - row)² operations.

        The rows below are those of a factor whose product grows by the outer product of the
        removed column with itself: one rotation for each column.
        """
        below = self.dense(row + 1)
        kept, column = below[:, :row], below[:, row].copy()
        upper = np.ascontiguousarray(below[:, row + 1 :].T)
        for place in range(len(upper)):
            _rotate(upper[place, place:], column[place:])
        self.truncate(row)
        self._write(np.hstack([kept, upper.T]))

    def row(self, number: int) -> tuple[Doubles, float]:
        """Returns a row of L: what is left of the diagonal, and the element on it."""
        block, inside = divmod(number, BLOCK_ROWS)
        diagonal = self._diagonal[block]
        q = np.concatenate([self._left[block][inside], diagonal[inside, :inside]])
        return q, float(diagonal[inside, inside])

    def dense(self, first: int = 0) -> Doubles:
        """Returns the rows of L from `first` on, (n - first, n), with zeros above the diagonal."""
        found = np.zeros((self.n - first, self.n))
        for number in range(first, self.n):
            q, delta = self.row(number)
            found[number - first, : number + 1] = *q, delta
        return found

    def log_diagonal(self) -> float:
        """Returns the sum of the logarithms of the diagonal, half of log det K."""
        return float(sum(np.log(block.diagonal()).sum() for block in self._diagonal))

    def _solve_few(self, right: Doubles, *, transposed: bool) -> Doubles:
        columns = np.zeros((right.shape[1], len(self._left) * BLOCK_ROWS))
        columns[:, : self.n] = right.T
        blocks = list(self._blocks())
        for low, left, diagonal in reversed(blocks) if transposed else blocks:
            solve = solve_backward if transposed else solve_forward
            solve(left, diagonal.T, columns, low)
        return columns[:, : self.n].T

    def _blocks(self) -> Iterator[tuple[int, Doubles, Doubles]]:
        for number, (left, diagonal) in enumerate(zip(self._left, self._diagonal, strict=True)):
            yield number * BLOCK_ROWS, left, diagonal

    def _padded(self, right: Doubles) -> Doubles:
        found = np.zeros((len(self._left) * BLOCK_ROWS, *right.shape[1:]))
        found[: self.n] = right
        return found

    def _write(self, rows: Doubles) -> None:
        """Writes rows of L behind the last one."""
        done, end = 0, self.n + len(rows)
        while self.n < end:
            block, inside = divmod(self.n, BLOCK_ROWS)
            low = block * BLOCK_ROWS
            if block == len(self._left):
                self._left.append(np.zeros((BLOCK_ROWS, low)))
                self._diagonal.append(np.eye(BLOCK_ROWS, order="F"))
            n = min(BLOCK_ROWS - inside, end - self.n)
            some = rows[done : done + n]
            width = min(some.shape[1], low + BLOCK_ROWS) - low
            self._left[block][inside : inside + n] = some[:, :low]
            self._diagonal[block][inside : inside + n, :width] = some[:, low : low + width]
            done, self.n = done + n, self.n + n


def _divide(diagonal: Doubles, part: Doubles, *, transposed: bool) -> None:
    """Solves with a block on the diagonal, in place."""
    if part.ndim == 1:
        blas.dtrsv(diagonal, part, lower=1, trans=int(transposed), overwrite_x=1)
    else:  # from the right, as the transpose of rows is what BLAS calls columns
        blas.dtrsm(
            1.0, diagonal, part.T, side=1, lower=1, trans_a=int(not transposed), overwrite_b=1
        )


def _rotate(factor: Doubles, vector: Doubles) -> None:
    """Turns a vector into a column of a factor, from its diagonal on, in place."""
    radius = np.hypot(factor[0], vector[0])
    cosine, sine = factor[0] / radius, vector[0] / radius
    turned = cosine * factor + sine * vector
    vector *= cosine
    vector -= sine * factor
    factor[:] = turned
