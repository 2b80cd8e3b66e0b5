"""Few seeds and frames -> standard errors, intervals and p values.

References:
    Arvesen, Ann. Math. Stat. 40 (1969) 2076, for the jackknife of means over pairs; Owen, Ann.
    Appl. Stat. 1 (2007) 386, for samples with two axes; Cochran and Cox, Experimental Designs
    (1950), for critical values that weigh variances of few degrees of freedom.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64
from scipy import special
from torch import Tensor

from trackscape.statistics import LEVEL

FEWEST = 3  # seeds, or frames, that an interval needs


class Interval(NamedTuple):
    """A figure, and what is known of it: its 95 % interval is value +- t times error.

    In simulations with 5 and 10 seeds it holds for 94 to 99 % of means over normal seeds or pairs
    of them (92 % where pairs differ in one direction only), and of exponential ones for 88 to 99 %
    of means over seeds, and 83 to 98 % of means over pairs.
    """

    value: float
    error: float = 0.0
    """Standard error; infinite if there are too few seeds to tell."""
    freedom: float = math.inf
    """Degrees of freedom of the error."""

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.value - self._half

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.value + self._half

    @property
    def _half(self) -> float:
        return float(special.stdtrit(self.freedom, (1 + LEVEL) / 2)) * self.error

    def scaled(self, factor: float) -> "Interval":
        """Returns the figure in another unit.

        Example:
            >>> Interval(0.01, 0.001).scaled(100)
            Interval(value=1.0, error=0.1, freedom=inf)
        """
        return Interval(factor * self.value, factor * self.error, self.freedom)

    def p_value(self, null: float = 0.0) -> float:
        """Returns the p value of a two-sided t test against ``null``."""
        distance = abs(self.value - null)
        if distance == 0:
            return 1.0
        t = distance / self.error if self.error else math.inf
        return float(2 * special.stdtr(self.freedom, -t))

    def minus(self, other: "Interval") -> "Interval":
        """The difference of two independent figures; too wide if they go up and down together."""
        variances = torch.tensor([self.error, other.error], dtype=torch.float64).square()
        freedom = _freedom(variances, torch.tensor([self.freedom, other.freedom]))
        return Interval(self.value - other.value, float(variances.sum().sqrt()), float(freedom))


class LeftOut(NamedTuple):
    """Weights 0 or 1 of seeds and frames: all, then without one seed or frame after another."""

    seeds: Float64[Tensor, "rows seeds"]
    frames: Float64[Tensor, "rows frames"]

    def interval(self, figure: Float64[Tensor, " rows"]) -> Interval:
        """Returns the interval of a figure that was computed with each row of weights.

        With fewer than `FEWEST` seeds, or frames, or if the figure is not defined without some of
        them, the interval is unbounded: next to nothing is known of others.
        """
        error, freedom = self.error(figure)
        if not math.isfinite(error):
            return Interval(float(figure[0]), math.inf, 1.0)
        return Interval(float(figure[0]), float(error), float(freedom))

    def error(
        self, figure: Float[Tensor, " rows *figures"]
    ) -> tuple[Float[Tensor, " *figures"], Float[Tensor, " *figures"]]:
        """Returns the standard error of figures, and its degrees of freedom.

        The variances of leaving out seeds and of leaving out frames are added. What belongs to
        neither alone is in both, so that the error is up to 1.4 times too large, on average.
        """
        parts = figure[1:].split([each.shape[1] for each in self])
        samples = [part for part in parts if len(part)]
        variances = torch.stack([_variance(part) for part in samples])
        sizes = torch.tensor([len(part) - 1.0 for part in samples], dtype=torch.float64)
        return variances.sum(dim=0).sqrt(), _freedom(variances, sizes)


def leave_one_out(n_seeds: int, n_frames: int = 0) -> LeftOut:
    """Returns the weights for a jackknife over seeds and, if they play a part, frames."""
    weights = torch.ones(1 + n_seeds + n_frames, n_seeds + n_frames, dtype=torch.float64)
    weights[1:] -= torch.eye(n_seeds + n_frames, dtype=torch.float64)
    return LeftOut(weights[:, :n_seeds], weights[:, n_seeds:])


def _variance(without: Tensor) -> Tensor:
    """Jackknife variance of figures, each without one of n."""
    n = len(without)
    if n < FEWEST:
        return torch.full(without.shape[1:], math.inf, dtype=torch.float64)
    return (n - 1) / n * (without - without.mean(dim=0)).square().sum(dim=0)


def _freedom(variances: Tensor, freedoms: Tensor) -> Tensor:
    """Degrees of freedom of a sum of variances (n, ...) with freedoms (n,); the least if all are 0.

    Their harmonic mean, weighted by variances. Satterthwaite's, weighted by squares, is too large
    where the variance of few seeds comes out small by chance: then p values below 0.005, which a
    correction for many tests asks for, come twice as often as they should.
    """
    of_sum = variances.sum(dim=0) / (variances.movedim(0, -1) / freedoms).sum(dim=-1)
    return torch.where(of_sum.isfinite(), of_sum, freedoms.min().to(of_sum))
