"""Solves with a block of a factor for a few right sides: limited by how fast it can be read.

BLAS reads a block again for each of a few columns, or copies it first. Here each row is read once
for all of them.
"""

from trackscape.compiled import Floats, summing

MOST_COLUMNS = 8
"""Columns up to which this is faster than products of matrices."""


@summing
def solve_forward(left: Floats, upper: Floats, columns: Floats, low: int) -> None:
    """Solves rows low to low + 64 of L x = b, in place, where those before them are solved.

    Arguments:
        left: These rows of L, left of their block on the diagonal, (64, low).
        upper: The transpose of that block, (64, 64).
        columns: Right sides, one in each row, (m, n).
        low: First row.
    """
    n = len(upper)
    for i in range(0, n, 4):
        for c in range(len(columns)):
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for k in range(low):
                x = columns[c, k]
                s0 += left[i, k] * x
                s1 += left[i + 1, k] * x
                s2 += left[i + 2, k] * x
                s3 += left[i + 3, k] * x
            columns[c, low + i] -= s0
            columns[c, low + i + 1] -= s1
            columns[c, low + i + 2] -= s2
            columns[c, low + i + 3] -= s3
    for c in range(len(columns)):
        for j in range(n):
            x = columns[c, low + j] / upper[j, j]
            columns[c, low + j] = x
            for i in range(j + 1, n):
                columns[c, low + i] -= upper[j, i] * x


@summing
def solve_backward(left: Floats, upper: Floats, columns: Floats, low: int) -> None:
    """Solves rows low to low + 64 of Lᵀ x = b, in place, where those behind them are solved.

    What they take from the rows before them is subtracted there. Arguments as in `solve_forward`.
    """
    n = len(upper)
    for c in range(len(columns)):
        for j in range(n - 1, -1, -1):
            total = 0.0
            for i in range(j + 1, n):
                total += upper[j, i] * columns[c, low + i]
            columns[c, low + j] = (columns[c, low + j] - total) / upper[j, j]
    for i in range(0, n, 4):
        for c in range(len(columns)):
            x0, x1 = columns[c, low + i], columns[c, low + i + 1]
            x2, x3 = columns[c, low + i + 2], columns[c, low + i + 3]
            for k in range(low):
                columns[c, k] -= (
                    x0 * left[i, k]
                    + x1 * left[i + 1, k]
                    + x2 * left[i + 2, k]
                    + x3 * left[i + 3, k]
                )
