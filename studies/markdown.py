"""Numbers -> the texts of tables and sentences."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from trackscape.statistics import ALPHA, Interval, Name, holm

COVERAGE = (
    "Intervals are of 95 %: Student's t, with the error from leaving out one seed at a time, and "
    "one frame at a time where frames play a part. In simulations with 5 and 10 seeds they hold "
    "for 94 to 99 % of means over normal seeds, over seeds and frames, and over pairs of seeds "
    "(for 92 % where pairs differ in one direction only); with exponential instead of normal "
    "numbers for 88 to 99 % of means over seeds (and frames), and for 83 to 98 % of means over "
    "pairs. So if seeds are skewed, the intervals are too narrow still. Percentile intervals of a "
    "bootstrap over 5 seeds, of earlier pages, hold for 80 to 87 %."
)
"""What the intervals are worth, for the pages; tests simulate it."""


def percent(value: float, *, digits: int = 3) -> str:
    """Returns a share in %, without the sign.

    Example:
        >>> percent(0.00259)
        '0.259'
    """
    return f"{100 * value:.{digits}f}"


def between(interval: Interval, form: str = ".3f", *, scale: float = 1) -> str:
    """Returns a number with the ends of its interval, if there is one.

    Example:
        >>> between(Interval(0.14, 0.01)), between(Interval(0.14, math.inf, 1), ".2g")
        ('0.140 (0.120 to 0.160)', '0.14 (no interval: too few)')
    """
    value, low, high = (
        f"{scale * number:{form}}" for number in (interval.value, interval.low, interval.high)
    )
    bounds = f"{low} to {high}" if math.isfinite(interval.error) else "no interval: too few"
    return f"{value} ({bounds})"


def compared(
    family: Mapping[Name, Interval], *, digits: int = 3, scale: float = 100
) -> dict[Name, str]:
    """Returns differences, in %, with intervals and p values, raw / corrected for the family.

    They are bold if the corrected p is below 0.05.

    Example:
        >>> compared({"hinge": Interval(-0.001, 0.0005), "pat": Interval(0, 0.001)})["hinge"]
        '-0.100 (-0.198 to -0.002), p 0.046 / 0.091'
    """
    raw = [interval.p_value() for interval in family.values()]
    return {
        name: with_p(
            between(interval, f"+.{digits}f", scale=scale), raw=p_value, corrected=corrected
        )
        for (name, interval), p_value, corrected in zip(family.items(), raw, holm(raw), strict=True)
    }


def with_p(text: str, *, raw: float, corrected: float) -> str:
    """Returns a difference with its p values, bold if the corrected one is below 0.05."""
    bold = f"**{text}**" if corrected < ALPHA else text
    return f"{bold}, p {raw:.3f} / {corrected:.3f}"


def listing(names: Sequence[str]) -> str:
    """Returns names for a sentence.

    Example:
        >>> listing(["imle", "hinge", "pat"]), listing([])
        ('imle, hinge and pat', 'none')
    """
    if len(names) < 2:
        return names[0] if names else "none"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def direction(values: Sequence[float]) -> str:
    """Returns whether values rise all the time, fall all the time, or do both.

    Example:
        >>> direction([0.1, 0.2, 0.3]), direction([0.1, 0.3, 0.2])
        ('rises', 'rises and falls')
    """
    steps = [after - before for before, after in pairwise(values)]
    if all(step > 0 for step in steps):
        return "rises"
    if all(step < 0 for step in steps):
        return "falls"
    return "rises and falls"
