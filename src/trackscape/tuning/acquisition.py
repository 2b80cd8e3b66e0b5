"""What to look for: points that are worth a trial, by one or several processes.

An acquisition has a value at each candidate of a pool, which is cheap, and at any points, with its
slope. Points are those of the unit cube.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from trackscape.tuning.factor import Doubles
from trackscape.tuning.improvement import Worth
from trackscape.tuning.pool import CandidatePool
from trackscape.tuning.surrogate import GaussianProcess

Rule = Callable[[Doubles, Doubles], Worth]
"""Mean and deviation, standardised, to what a trial is worth."""
FEATURES = 512
"""Waves that a drawn function is made of."""


class Acquisition(Protocol):
    """What is maximised."""

    def of_candidates(self) -> Doubles:
        """Returns the value of each candidate, (m,)."""
        ...

    def at(self, points: Doubles) -> Doubles:
        """Returns values (m,) at points (m, columns)."""
        ...

    def with_slope(self, points: Doubles) -> tuple[Doubles, Doubles]:
        """Returns values (m,) and derivatives (m, columns) at points (m, columns)."""
        ...


class SumOfRules:
    """Sum of what the predictions of processes are worth, such as logarithms of probabilities."""

    def __init__(self, terms: Sequence[tuple[CandidatePool, Rule]]) -> None:
        self.terms = terms

    def of_candidates(self) -> Doubles:
        """Returns the value of each candidate, (m,)."""
        return self._sum([pool.posterior() for pool, _ in self.terms])

    def at(self, points: Doubles) -> Doubles:
        """Returns values (m,) at points (m, columns)."""
        processes = [pool.process for pool, _ in self.terms]
        return self._sum([each.mean_and_variance(each.kernel.scaled(points)) for each in processes])

    def _sum(self, predictions: list[tuple[Doubles, Doubles]]) -> Doubles:
        found = np.zeros(len(predictions[0][0]))
        for (_, rule), (mean, variance) in zip(self.terms, predictions, strict=True):
            found += rule(mean, np.sqrt(variance)).value
        return found

    def with_slope(self, points: Doubles) -> tuple[Doubles, Doubles]:
        """Returns values (m,) and derivatives (m, columns) at points (m, columns)."""
        value, slope = np.zeros(len(points)), np.zeros_like(points)
        for pool, rule in self.terms:
            kernel = pool.process.kernel
            found = pool.process.posterior(kernel.scaled(points))
            deviation = np.sqrt(found.variance)
            worth = rule(found.mean, deviation)
            by_variance = worth.by_deviation / (2.0 * deviation)
            value += worth.value
            scaled = (
                worth.by_mean[:, None] * found.mean_slope
                + by_variance[:, None] * found.variance_slope
            )
            slope += kernel.scaled(scaled)
        return value, slope


class DrawnFunction:
    """A function drawn from the posterior (Thompson sampling), to be minimised.

    A function f of the prior is drawn as a sum of waves, then moved to the values by
    k(x, X) K⁻¹ (y - f(X) - noise). That is exact but for the waves, and costs n² once; a point then
    costs n.

    References:
        Wilson et al., ICML 2020 (pathwise conditioning); Rahimi and Recht, NeurIPS 2007 (waves).
    """

    def __init__(self, pool: CandidatePool, random: np.random.Generator) -> None:
        self.pool, self.process = pool, pool.process
        columns = pool.points.shape[1]
        # The spectrum of Matérn-5/2 is a t-distribution with 5 degrees of freedom.
        waves = random.standard_normal((FEATURES, columns))
        self._waves = waves / np.sqrt(random.chisquare(5, FEATURES) / 5.0)[:, None]
        self._phase = random.uniform(0.0, 2.0 * np.pi, FEATURES)
        self._height = random.standard_normal(FEATURES) * np.sqrt(
            2.0 * self.process.kernel.amplitude / FEATURES
        )
        self._moved_by = self._residual(random)

    def of_candidates(self) -> Doubles:
        """Returns the value of each candidate, (m,)."""
        return self.at(self.pool.points)

    def at(self, points: Doubles) -> Doubles:
        """Returns values (m,) at points (m, columns)."""
        return self.with_slope(points)[0]

    def with_slope(self, points: Doubles) -> tuple[Doubles, Doubles]:
        """Returns values (m,) and derivatives (m, columns) at points (m, columns)."""
        process = self.process
        scaled = process.kernel.scaled(points)
        k, slope = process.kernel.with_slope(process.scaled, scaled)
        angle = scaled @ self._waves.T + self._phase
        value = np.cos(angle) @ self._height + k.T @ self._moved_by
        of_waves = -(np.sin(angle) * self._height) @ self._waves
        weighted = slope * self._moved_by[:, None]
        moved = weighted.T @ process.scaled - weighted.sum(axis=0)[:, None] * scaled
        return -value, -process.kernel.scaled(of_waves + moved)

    def _residual(self, random: np.random.Generator) -> Doubles:
        process, known = self.process, len(self.process.values)
        drawn = np.cos(process.scaled @ self._waves.T + self._phase) @ self._height
        drawn += np.sqrt(process.kernel.noise) * random.standard_normal(process.n)
        forward = process.factor.solve(drawn)
        forward[known:] = 0.0  # rows without a value move nothing
        return process.factor.solve_transposed(process.forward - forward)


def best_expected(process: GaussianProcess, feasible: np.ndarray | None = None) -> float:
    """Returns the least mean, standardised, at a known point that is feasible or one under way.

    Without those under way all of a batch would crowd around the same point.
    """
    means = process.known_means()
    if feasible is not None and feasible.any():
        means = means[feasible]
    under_way = process.scaled[len(process.values) :]
    return float(min(means.min(), process.mean_and_variance(under_way)[0].min(initial=np.inf)))
