"""Numbers -> the texts of tables and sentences."""

from collections.abc import Sequence
from itertools import pairwise

from trackscape.experiments.study.statistics import Interval


def percent(value: float, *, digits: int = 3) -> str:
    """Returns a share in %, without the sign.

    Example:
        >>> percent(0.00259)
        '0.259'
    """
    return f"{100 * value:.{digits}f}"


def signed(interval: Interval, *, digits: int = 3, scale: float = 100) -> str:
    """Returns a difference with its interval, in %; bold if that is on one side of 0.

    Example:
        >>> signed(Interval(-0.001, -0.002, -0.0005))
        '**-0.100 (-0.200 to -0.050)**'
    """
    value, low, high = (f"{scale * number:+.{digits}f}" for number in interval)
    text = f"{value} ({low} to {high})"
    return f"**{text}**" if interval.below_zero or interval.above_zero else text


def plain(interval: Interval) -> str:
    """Returns a number with its interval.

    Example:
        >>> plain(Interval(0.14, 0.125, 0.15))
        '0.140 (0.125 to 0.150)'
    """
    value, low, high = (f"{number:.3f}" for number in interval)
    return f"{value} ({low} to {high})"


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
