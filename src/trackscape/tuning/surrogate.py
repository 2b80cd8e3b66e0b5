"""Points and values -> a Gaussian process that takes the next value in n² operations.

The factor knows no values: points that are being tried out are rows like others, without a value.
The process believes there what it expects, so the entries of such rows at the end of L⁻¹y are 0.

References:
    Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), chapter 2.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackscape.errors import DataError
from trackscape.tuning.factor import Doubles, GrowingFactor
from trackscape.tuning.fitting import fit_kernel, prior_kernel
from trackscape.tuning.kernel import Kernel
from trackscape.tuning.refits import Refits
from trackscape.tuning.scaling import Scaling

DRIFT = 1e-8
"""Difference of L Lᵀ from K, relative to the amplitude, at which L is made anew."""
TINY = 1e-12
"""Least variance of the function that rounding leaves, relative to the amplitude."""
PROBES = 8
"""Rows that are compared, whenever n has doubled since L was made."""


class Posterior(NamedTuple):
    """What is known of the function at m points, in units in which values have variance 1."""

    mean: Doubles
    """(m,)."""
    variance: Doubles
    """That of the function, without noise, (m,)."""
    mean_slope: Doubles
    """Derivatives of the mean in the scaled columns, (m, columns)."""
    variance_slope: Doubles
    """Those of the variance."""


class Fit(NamedTuple):
    """What a fit found."""

    values: int
    """How many it was fitted to."""
    kernel: Kernel
    scaling: Scaling


class GaussianProcess:
    """A Gaussian process with mean 0 of scaled values.

    The scale of values changes at refits only: what changes between them is one row.

    Arguments:
        columns: Input that each column of a point belongs to, (columns,).
        refits: When parameters are fitted; the first time at `first` values.
        first: Values before the first fit.
    """

    def __init__(self, columns: NDArray[np.intp], *, refits: Refits, first: int = 10) -> None:
        self.kernel = prior_kernel(columns)
        self.factor = GrowingFactor()
        self.refits, self.first = refits, first
        self.fitted = 0
        """Values at the last fit; 0 before the first."""
        self.made = 0
        """How often L was made anew, or rows were removed from it: what is kept of it is void."""
        self.scaling = Scaling()
        """That of the values at the last fit."""
        self.values: Doubles = np.empty(0)
        """Values of the first rows, as they came; rows behind them have none."""
        self.stamps: list[int] = []
        """A number for each row that no other row ever had."""
        self._forward: Doubles = np.empty(0)
        self._weights: Doubles | None = None
        self._points: Doubles = np.empty((64, len(columns)))
        self._scaled: Doubles = np.empty((64, len(columns)))
        self._checked = self._stamped = 0

    @property
    def n(self) -> int:
        """Rows, with and without a value."""
        return self.factor.n

    @property
    def points(self) -> Doubles:
        """Points of all rows, (n, columns)."""
        return self._points[: self.n]

    @property
    def scaled(self) -> Doubles:
        """These in units of the lengths."""
        return self._scaled[: self.n]

    @property
    def forward(self) -> Doubles:
        """L⁻¹ times the standardised values, and 0 for rows without one, (n,)."""
        return self._forward

    def tell(self, point: Doubles, value: float) -> None:
        """Adds a value at a point, and fits the parameters if that is due.

        Raises:
            DataError: There are rows without a value; take them away first.
        """
        if len(self.values) < self.n:
            raise DataError(
                f"Expected a value for each row, got {self.n - len(self.values)} rows without one; "
                "remove these before you tell a value."
            )
        self.suppose(point)
        q, delta = self.factor.row(self.n - 1)
        self.values = np.append(self.values, value)
        standardised = float(self.scaling(np.array([value]))[0])
        # What is new in a value is its residual, in standard deviations of its prediction.
        residual = float(standardised - q @ self._forward[:-1]) / delta
        self._forward[-1], self._weights = residual, None
        known = len(self.values)
        if known >= self.first and (
            self.fitted == 0 or self.refits.due(known, last=self.fitted, residual=residual)
        ):
            self.fit()
        elif known >= 2 * self._checked and self.drift() > DRIFT:
            self._factor()

    def suppose(self, point: Doubles) -> None:
        """Adds a row without a value at a point (columns,)."""
        self._reserve(1)
        n = self.n
        self._points[n] = point
        self._scaled[n] = self.kernel.scaled(point)
        column = self.kernel.between(self.scaled, self._scaled[n : n + 1])[:, 0]
        noise = self.kernel.noise
        self.factor.append(column, self.kernel.amplitude + noise, least=noise)
        self._forward, self._weights = np.append(self._forward, 0.0), None

    def extend(self, points: Doubles, values: Doubles) -> None:
        """Adds values (r,) at points (r, columns) as a block, without a refit."""
        self._reserve(len(points))
        before, n = self.n, self.n + len(points)
        self._points[before:n] = points
        self._scaled[before:n] = new = self.kernel.scaled(points)
        corner = self.kernel.between(new, new)
        corner.flat[:: len(new) + 1] = self.kernel.amplitude + self.kernel.noise
        columns = self.kernel.between(self.scaled, new)
        self.factor.append_block(columns, corner, least=self.kernel.noise)
        self.set_values(np.append(self.values, values))

    def truncate(self, n: int) -> None:
        """Keeps the first n rows."""
        self.factor.truncate(n)
        self.values, self._forward, self._weights = self.values[:n], self._forward[:n], None
        del self.stamps[n:]

    def remove(self, row: int) -> None:
        """Removes any row, with its value if it has one."""
        self.factor.remove(row)
        for rows in (self._points, self._scaled):
            rows[row : self.n] = rows[row + 1 : self.n + 1]
        self.made += 1
        del self.stamps[row]
        self.set_values(np.delete(self.values, row) if row < len(self.values) else self.values)

    def set_values(self, values: Doubles) -> None:
        """Takes other values (known,) at the first rows, in n² operations."""
        self.values = values
        known = len(values)
        standardised = np.zeros(self.n)
        standardised[:known] = self.scaling(values)
        self._forward, self._weights = self.factor.solve(standardised), None
        self._forward[known:] = 0.0

    def fit(self) -> None:
        """Fits the parameters to the values, and makes the factor anew: n³ operations."""
        known = len(self.values)
        self.scaling = Scaling.of(self.values)
        self.kernel = fit_kernel(self.kernel, self._points[:known], self.scaling(self.values))
        self.fitted = known
        self._factor()

    def use(self, kernel: Kernel) -> None:
        """Takes the parameters of a kernel, and makes the factor anew."""
        self.kernel = kernel
        self._factor()

    def restore(self, points: Doubles, values: Doubles, fit: "Fit | None") -> None:
        """Tells an empty process values (n,) at points (n, columns) that another one was told.

        With the last fit of that, no other is made, and every number becomes the same.
        """
        done = 0
        if fit is not None:
            done = fit.values
            self.kernel, self.scaling = fit.kernel, fit.scaling
            self.fitted = done
            self._reserve(done)
            self._points[:done], self.values = points[:done], values[:done]
            self._factor(done)
        for point, value in zip(points[done:], values[done:], strict=True):
            self.tell(point, float(value))

    @property
    def last_fit(self) -> "Fit | None":
        """What the last fit found; None before the first one."""
        if not self.fitted:
            return None
        return Fit(self.fitted, self.kernel, self.scaling)

    def drift(self) -> float:
        """Returns how far L Lᵀ is from K in some rows, relative to the amplitude."""
        self._checked = self.n
        some = np.unique(np.linspace(0, self.n - 1, PROBES).astype(int))
        rows = np.zeros((len(some), self.n))
        for place, number in enumerate(some):
            q, delta = self.factor.row(number)
            rows[place, : number + 1] = *q, delta
        product = np.array([
            rows[:, : number + 1] @ np.append(*self.factor.row(number)) for number in range(self.n)
        ])  # fmt: skip
        expected = self.kernel.between(self.scaled, self.scaled[some])
        expected[some, np.arange(len(some))] = self.kernel.amplitude + self.kernel.noise
        return float(np.abs(product - expected).max()) / self.kernel.amplitude

    def predict(self, points: Doubles) -> tuple[Doubles, Doubles]:
        """Returns median and variance of the function at points (m, columns), as values are."""
        return self.scaling.undo(*self.mean_and_variance(self.kernel.scaled(points)))

    def mean_and_variance(self, scaled: Doubles) -> tuple[Doubles, Doubles]:
        """Returns mean and variance of the function at m scaled points, standardised: n² m."""
        k = self.kernel.between(self.scaled, scaled)
        return k.T @ self.weights(), self._variance(self.factor.solve(k))

    def posterior(self, scaled: Doubles) -> Posterior:
        """Returns mean and variance with their derivatives at m scaled points: 2 n² m."""
        k, slope = self.kernel.with_slope(self.scaled, scaled)
        forward = self.factor.solve(k)
        back = self.factor.solve_transposed(forward)
        weights = self.weights()
        return Posterior(
            k.T @ weights,
            self._variance(forward),
            self._slope(slope * weights[:, None], scaled),
            -2.0 * self._slope(slope * back, scaled),
        )

    def weights(self) -> Doubles:
        """Returns K⁻¹ times the standardised values: the mean is their sum with k, (n,)."""
        if self._weights is None:
            self._weights = self.factor.solve_transposed(self._forward)
        return self._weights

    def known_means(self) -> Doubles:
        """Returns the mean at each point with a value, standardised, (known,).

        There it is y - σ² K⁻¹y: noise does not count.
        """
        known = len(self.values)
        standardised = self.scaling(self.values)
        return standardised - self.kernel.noise * self.weights()[:known]

    def _variance(self, forward: Doubles) -> Doubles:
        amplitude = self.kernel.amplitude
        return np.maximum(amplitude - np.einsum("ij,ij->j", forward, forward), TINY * amplitude)

    def _slope(self, coefficients: Doubles, scaled: Doubles) -> Doubles:
        """Sum over rows of coefficients times x_i - x; derivatives of k are slope (x_i - x)."""
        return coefficients.T @ self.scaled - coefficients.sum(axis=0)[:, None] * scaled

    def _factor(self, n: int | None = None) -> None:
        """Makes the factor of the first n rows, of all if it is None."""
        n = self.n if n is None else n
        self._scaled[:n] = scaled = self.kernel.scaled(self._points[:n])
        self.factor = self._factor_of(self.kernel.between(scaled, scaled))
        self.made += 1
        self._checked = n
        self.set_values(self.values)

    def _factor_of(self, k: Doubles) -> GrowingFactor:
        while True:
            k.flat[:: len(k) + 1] = self.kernel.amplitude + self.kernel.noise
            try:
                return GrowingFactor.of(k)
            except DataError:  # rounding: more noise is the jitter
                self.kernel = dataclasses.replace(self.kernel, noise=10.0 * self.kernel.noise)

    def _reserve(self, rows: int) -> None:
        """Makes room for rows, and gives each its stamp."""
        needed = self.n + rows
        self.stamps.extend(range(self._stamped, self._stamped + rows))
        self._stamped += rows
        if needed > len(self._points):
            size = max(needed, 2 * len(self._points))
            for name in ("_points", "_scaled"):
                grown = np.empty((size, self._points.shape[1]))
                grown[: self.n] = getattr(self, name)[: self.n]
                setattr(self, name, grown)
