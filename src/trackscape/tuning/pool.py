"""Candidates whose posterior is kept: n operations each for a new row, instead of n².

With V = L⁻¹K(X, C) the variances of candidates C are a - Σ V², their means Vᵀ(L⁻¹y). A new row
(qᵀ, δ) of L adds the row v = (k(x, C) - qᵀV) / δ to V: exact, not an approximation.
"""

import numpy as np

from trackscape.tuning.factor import Doubles
from trackscape.tuning.surrogate import TINY, GaussianProcess


class CandidatePool:
    """Points with the posterior of a process there.

    Arguments:
        process: What predicts.
        points: Candidates in the unit cube, (m, columns).
    """

    def __init__(self, process: GaussianProcess, points: Doubles) -> None:
        self.process = process
        self.points = points
        self._start()

    def posterior(self) -> tuple[Doubles, Doubles]:
        """Returns mean and variance of the function at all candidates, (m,), standardised."""
        self._catch_up()
        process, known = self.process, len(self.process.values)
        rows = self._rows[: process.n]
        variance = self._variance - np.einsum("ij,ij->j", rows[known:], rows[known:])
        least = TINY * process.kernel.amplitude
        return process.forward @ rows, np.maximum(variance, least)

    def _start(self) -> None:
        """Computes everything: after a refit, or for rows that changed."""
        process, m = self.process, len(self.points)
        self._made, self._stamps = process.made, list[int]()
        self._scaled = process.kernel.scaled(self.points)
        self._rows: Doubles = np.empty((max(64, 3 * process.n // 2), m))
        rows = process.factor.solve(process.kernel.between(process.scaled, self._scaled))
        self._rows[: process.n] = rows
        self._stamps = process.stamps.copy()
        self._counted = len(process.values)
        """Rows, those with a value, that the variance knows; the others may go again."""
        counted = np.einsum("ij,ij->j", rows[: self._counted], rows[: self._counted])
        self._variance = process.kernel.amplitude - counted

    def _catch_up(self) -> None:
        """Adds the rows that are new."""
        process = self.process
        same = min(len(self._stamps), process.n)
        while same and self._stamps[same - 1] != process.stamps[same - 1]:
            same -= 1
        known = len(process.values)
        if process.made != self._made or min(same, known) < self._counted:
            self._start()
            return
        self._reserve(process.n)
        for number in range(same, process.n):
            q, delta = process.factor.row(number)
            k = process.kernel.between(process.scaled[number : number + 1], self._scaled)[0]
            self._rows[number] = (k - q @ self._rows[:number]) / delta
        self._stamps = process.stamps.copy()
        for number in range(self._counted, known):
            self._variance -= self._rows[number] ** 2
        self._counted = known

    def _reserve(self, n: int) -> None:
        if n > len(self._rows):
            grown = np.empty((2 * n, self._rows.shape[1]))
            grown[: len(self._stamps)] = self._rows[: len(self._stamps)]
            self._rows = grown
