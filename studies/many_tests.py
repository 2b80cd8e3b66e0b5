"""p values of several tests -> what they show together.

References:
    Holm, Scand. J. Stat. 6 (1979) 65.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from studies.intervals import Interval
from trackscape.statistics import LEVEL

ALPHA = 1 - LEVEL
Name = TypeVar("Name")


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p values that are corrected for their number.

    If some of the effects do not exist, one of these comes out below 0.05 with a probability of at
    most 0.05, however the tests depend on each other.

    Example:
        >>> [round(p, 3) for p in holm([0.032, 0.071, 0.048])]
        [0.096, 0.096, 0.096]
    """
    corrected, least = [0.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for done, place in enumerate(order):
        least = max(least, min(1.0, (len(order) - done) * p_values[place]))
        corrected[place] = least
    return corrected


def sides(family: Mapping[Name, Interval], *, null: float = 0.0) -> tuple[list[Name], list[Name]]:
    """Returns which figures of a family are below ``null``, and which above it, for sure.

    That is, with a p value below 0.05 after its correction for all of the family.
    """
    corrected = holm([interval.p_value(null) for interval in family.values()])
    sure = {
        name: interval.value > null
        for (name, interval), p_value in zip(family.items(), corrected, strict=True)
        if p_value < ALPHA
    }
    return [name for name, up in sure.items() if not up], [name for name, up in sure.items() if up]
