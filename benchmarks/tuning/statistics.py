"""Runs of tools -> medians with intervals, and how often one is ahead of another."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.tuning.runs import Run

RESAMPLES = 4000
FLOOR = 1e-6
"""Regrets below are equal: whoever tunes could not tell them apart."""


class Interval(NamedTuple):
    middle: float
    low: float
    high: float


def best_so_far(run: Run) -> np.ndarray:
    return np.maximum(run.best, FLOOR)


def median_regret(runs: Sequence[Run], trials: int) -> Interval:
    """Median over seeds after so many trials, with its bootstrap interval of 95 %."""
    values = np.array([best_so_far(run)[trials - 1] for run in runs])
    drawn = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(np.median(values[drawn], axis=1), [0.025, 0.975])
    return Interval(float(np.median(values)), float(low), float(high))


def paired_ratio(ours: Sequence[Run], theirs: Sequence[Run], trials: int) -> Interval:
    """Quotient of the medians over the seeds that both have, ours over theirs.

    Seeds are drawn for both together: 1 within the interval is no difference.
    """
    seeds = sorted({run.seed for run in ours} & {run.seed for run in theirs})
    one, other = (
        np.array(
            [best_so_far(run)[trials - 1] for seed in seeds for run in runs if run.seed == seed]
        )
        for runs in (ours, theirs)
    )
    drawn = np.random.default_rng(0).integers(len(seeds), size=(RESAMPLES, len(seeds)))
    quotients = np.median(one[drawn], axis=1) / np.median(other[drawn], axis=1)
    low, high = np.quantile(quotients, [0.025, 0.975])
    return Interval(float(np.median(one) / np.median(other)), float(low), float(high))


def trials_to_reach(runs: Sequence[Run], regret: float) -> float:
    """Trials after which the median over seeds is as low; infinite if it never is."""
    curve = np.median([best_so_far(run) for run in runs], axis=0)
    below = np.flatnonzero(curve <= regret)
    return float(below[0] + 1) if len(below) else np.inf
