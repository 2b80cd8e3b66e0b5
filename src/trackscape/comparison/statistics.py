"""Values and the events that they belong to -> estimates with errors, and distances of samples.

Hits of one event are not independent. Each estimate is therefore written as a sum of influences of
its values, and these are summed within every event before they are squared (the infinitesimal
jackknife): as a bootstrap over events, but in one pass. Without events, values are independent.

References:
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 21.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import ks_2samp, wasserstein_distance

Values = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.integer]

CENTRAL_68 = (0.16, 0.84)
CENTRAL_95 = (0.025, 0.975)


class Measurement(NamedTuple):
    """A number that was estimated from `number` values; its error is one standard deviation."""

    value: float
    error: float
    number: int

    def scaled(self, factor: float) -> "Measurement":
        """Returns the estimate in another unit."""
        return Measurement(factor * self.value, factor * self.error, self.number)


class Sample(NamedTuple):
    """Values of a quantity, (n,), and the number of different events that they come from."""

    values: Values
    events: int


class Distance(NamedTuple):
    """How far two samples are apart, and their sizes."""

    ks: float
    """Kolmogorov-Smirnov: the largest difference of the distribution functions."""
    noise: float
    """Two samples of one distribution exceed this `ks` in at most 5 % of cases."""
    wasserstein: float
    """Wasserstein: the area between the distribution functions, in the unit of the values."""
    numbers: tuple[int, int]


def sample(values: Values, *, event: Numbers) -> Sample:
    """Values (n,) with their events (n,), which are in order."""
    return Sample(values, 1 + int(np.count_nonzero(np.diff(event))))


def quantile(values: Values, probability: float, *, event: Numbers | None = None) -> Measurement:
    """Quantile of values (n,) with their events (n,)."""
    value, influence = _quantile_influence(values, probability)
    return Measurement(value, _error(influence, event), len(values))


def half_width(values: Values, *, event: Numbers | None = None) -> Measurement:
    """Half of the central 68 % interval of values (n, axes), averaged over the axes."""
    value, influence = 0.0, np.zeros(len(values))
    for column in values.T:
        for sign, probability in zip((-1, 1), CENTRAL_68, strict=True):
            edge, influence_of_edge = _quantile_influence(column, probability)
            value += sign * edge
            influence += sign * influence_of_edge
    edges = 2 * values.shape[1]
    return Measurement(value / edges, _error(influence, event) / edges, len(values))


def share(flag: npt.NDArray[np.bool_], *, event: Numbers | None = None) -> Measurement:
    """Share of the values (n,) that have the flag."""
    return mean(flag.astype(float), event=event)


def mean(values: Values, *, event: Numbers | None = None) -> Measurement:
    """Mean of values (n,) with their events (n,)."""
    value = float(values.mean())
    return Measurement(value, _error((values - value) / len(values), event), len(values))


def per_primary(event: Numbers, *, primaries: int) -> Measurement:
    """Mean number of times that an event occurs in `event` (n,); most primaries may not occur."""
    value = len(event) / primaries
    squares = float((np.bincount(event).astype(float) ** 2).sum())
    variance = max(squares / primaries - value**2, 0.0)
    return Measurement(value, math.sqrt(variance / primaries), len(event))


def grouped_median(layer: Numbers) -> Measurement:
    """Median of independent whole numbers, interpolated.

    Each number L stands for values spread evenly from L - 1/2 to L + 1/2, as for grouped data. So
    the median moves smoothly with the counts, and a shift of all values by 0.3 shows as 0.3.

    Example:
        >>> grouped_median(np.array([3, 4, 4, 4, 5])).value
        4.0
    """
    counts = np.bincount(layer)
    total, below = len(layer), np.cumsum(counts) - counts
    middle = int(np.searchsorted(np.cumsum(counts), total / 2))
    value = middle - 0.5 + (total / 2 - int(below[middle])) / int(counts[middle])
    return Measurement(value, 0.5 * math.sqrt(total) / int(counts[middle]), total)


def central_mean_and_spread(values: Values) -> tuple[Measurement, Measurement]:
    """Mean and standard deviation of the central 95 % of independent values (n,)."""
    low, high = np.quantile(values, CENTRAL_95)
    inside = values[(values >= low) & (values <= high)]
    kept, centre, spread = len(inside), float(inside.mean()), float(inside.std())
    # The influence of a trimmed mean is that of the values drawn in to the edges.
    drawn = np.clip(values, low, high)
    squares = (drawn - centre) ** 2
    of_mean = (drawn - drawn.mean()) / kept
    of_spread = (squares - squares.mean()) / (2 * max(spread, 1e-300) * kept)
    errors = _error(of_mean, None), _error(of_spread, None)
    return Measurement(centre, errors[0], kept), Measurement(spread, errors[1], kept)


def distance(a: Sample, b: Sample) -> Distance:
    """Distances between the distributions of two samples.

    The noise is that of as many independent values as there are events: too large where an event
    has several values, but then these are alike.
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # its p value, of two single values
        found: Any = ks_2samp(a.values, b.values, method="asymp")
    return Distance(
        ks=float(found.statistic),
        noise=math.sqrt(-0.5 * math.log(0.05 / 2) * (1 / a.events + 1 / b.events)),
        wasserstein=float(wasserstein_distance(a.values, b.values)),
        numbers=(len(a.values), len(b.values)),
    )


def _quantile_influence(values: Values, probability: float) -> tuple[float, Values]:
    """A quantile, and how much each value pulls it."""
    n = len(values)
    reach = math.sqrt(probability * (1 - probability) / n)
    low, high = max(probability - reach, 0.0), min(probability + reach, 1.0)
    below, value, above = np.quantile(values, (low, probability, high))
    inverse_density = (above - below) / (high - low)
    influence = (probability - (values <= value)) * (inverse_density / n)
    return float(value), influence


def _error(influence: Values, event: Numbers | None) -> float:
    per_event = influence if event is None else np.bincount(event, weights=influence)
    return math.sqrt(float(per_event @ per_event))
