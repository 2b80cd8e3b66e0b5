"""Values -> values of mean 0 and variance 1, in which large ones count less.

What is above the median m is compressed, where values are far from the best: with u = m - min

    y' = m + u log(1 + (y - m) / u),    y > m

and y' = y below. Value and slope are continuous, the order stays, and a few terrible trials do not
hide the differences between the good ones. The logarithm of both sides of such a scale is used by
Eriksson and Poloczek, AISTATS 2021.
"""

import dataclasses

import numpy as np

from trackscape.tuning.factor import Doubles

LEAST_UNIT = 1e-4
"""Least unit, as a share of the range of all values."""


@dataclasses.dataclass(frozen=True)
class Scaling:
    """How values are scaled."""

    knee: float = np.inf
    """Value above which they are compressed, m."""
    unit: float = 1.0
    """Distance above it at which that begins to count, u."""
    shift: float = 0.0
    """Mean of compressed values."""
    scale: float = 1.0
    """Their deviation."""

    @classmethod
    def of(cls, values: Doubles) -> "Scaling":
        """Returns the scaling that suits values (n,)."""
        median = float(np.median(values))
        spread = float(values.max() - values.min())
        unit = max(median - float(values.min()), LEAST_UNIT * spread)
        made = cls(median, unit) if unit > 0 else cls()
        compressed = made(values)
        deviation = float(compressed.std())
        # What rounding leaves of equal values is no deviation.
        alike = deviation <= 1e-12 * float(np.abs(compressed).max(initial=0.0))
        return cls(made.knee, made.unit, float(compressed.mean()), 1.0 if alike else deviation)

    def __call__(self, values: Doubles) -> Doubles:
        """Returns scaled values (n,)."""
        above = np.maximum(values - self.knee, 0.0)
        compressed = np.minimum(values, self.knee) + self.unit * np.log1p(above / self.unit)
        return (compressed - self.shift) / self.scale

    def undo(self, mean: Doubles, variance: Doubles) -> tuple[Doubles, Doubles]:
        """Returns median and variance in units of values, the latter to first order."""
        compressed = self.shift + self.scale * mean
        above = np.maximum(compressed - self.knee, 0.0) / self.unit
        value = np.minimum(compressed, self.knee) + self.unit * np.expm1(above)
        return value, variance * (self.scale * np.exp(above)) ** 2
