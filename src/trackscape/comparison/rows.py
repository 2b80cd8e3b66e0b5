"""Measurements of two files -> rows with a verdict, and distances of distributions."""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence

from trackscape.comparison.measure import Measured
from trackscape.comparison.quantities import LEAST, QUANTITIES, Key, Quantity
from trackscape.comparison.statistics import Distance, Estimate, distance
from trackscape.text import shown

PASS, NOISE, FAIL, FEW, OPEN = "pass", "within noise", "fail", "too few", "not judged"


@dataclasses.dataclass(frozen=True)
class Row:
    """One number of both files, side by side."""

    key: Key
    a: Estimate
    b: Estimate

    @property
    def quantity(self) -> Quantity:
        """Units and limit."""
        return QUANTITIES[self.key.quantity]

    @property
    def difference(self) -> float:
        """B - A in the unit of the limit; % of A where that is %. Not a number if A is 0."""
        a, b = self.a.value, self.b.value
        if self.quantity.scale != "%" or a == b:
            return b - a
        return 100 * (b / a - 1) if a else math.nan

    @property
    def error(self) -> float:
        """One standard deviation of `difference`."""
        if self.quantity.scale != "%":
            return math.hypot(self.a.error, self.b.error)
        if self.a.value == 0:
            return 0.0
        ratio = self.b.value / self.a.value
        return 100 * math.hypot(self.b.error, ratio * self.a.error) / abs(self.a.value)

    @property
    def verdict(self) -> str:
        """Whether the difference passes, and if not, whether chance can explain the excess."""
        limit = self.quantity.limit
        # First of all: of a few values some quantiles may be 0 and others not.
        if self.quantity.layered and min(self.a.number, self.b.number) < LEAST:
            return FEW
        if limit is None or math.isnan(self.difference):
            return OPEN
        excess = abs(self.difference) - limit
        if excess <= 0:
            return PASS
        return NOISE if excess < 2 * self.error else FAIL


@dataclasses.dataclass(frozen=True)
class Gap:
    """How far one distribution of A is from that of B."""

    key: Key
    distance: Distance

    @property
    def enough(self) -> bool:
        """Whether both samples are large enough to say something."""
        return min(self.distance.numbers) >= LEAST


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """All that was found out about two files."""

    a: Measured
    """The reference: differences in % are of its numbers."""
    b: Measured
    rows: list[Row]
    """Each number that both files have, or that can be counted, in the order of `QUANTITIES`."""
    gaps: list[Gap]
    """Each distribution that both files have."""

    @property
    def names(self) -> tuple[str, str]:
        """Names of the files; with their folders if they are the same."""
        a, b = self.a.path, self.b.path
        if a.name != b.name:
            return shown(a.name), shown(b.name)
        return shown(f"{a.parent.name}/{a.name}"), shown(f"{b.parent.name}/{b.name}")


def compare_measured(a: Measured, b: Measured) -> Comparison:
    """Sets side by side whatever both files have."""
    nothing = Estimate(0.0, 0.0, 0)
    rows = [
        Row(key, a.estimates.get(key, nothing), b.estimates.get(key, nothing))
        for key in a.estimates | b.estimates
        if (key in a.estimates and key in b.estimates) or QUANTITIES[key.quantity].countable
    ]
    order = list(QUANTITIES)
    return Comparison(
        a=a,
        b=b,
        rows=sorted(rows, key=lambda row: order.index(row.key.quantity)),
        gaps=[
            Gap(key, distance(sample, b.samples[key]))
            for key, sample in a.samples.items()
            if key in b.samples
        ],
    )


def worst(rows: Iterable[Row]) -> Row | None:
    """Returns the row of one quantity that differs most; None if none has enough values.

    Judged are those that differ most beyond two errors; others by their difference / error.
    """

    def severity(row: Row) -> float:
        if row.quantity.limit is None:
            return abs(row.difference) / row.error if row.error else 0.0
        return abs(row.difference) - 2 * row.error

    enough = [row for row in rows if row.verdict != FEW and math.isfinite(row.difference)]
    return max(enough, key=severity, default=None)


def grouped(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yields each quantity with its rows."""
    for quantity in QUANTITIES:
        group = [row for row in rows if row.key.quantity == quantity]
        if group:
            yield quantity, group
