"""Numbers -> the texts of tables."""

import math
from collections.abc import Mapping

from studies.intervals import Interval
from studies.many_tests import ALPHA, Name, holm


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
