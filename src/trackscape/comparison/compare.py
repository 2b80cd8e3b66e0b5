"""Two hit files -> numbers side by side, each with a verdict, and distances of distributions."""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from trackscape.comparison.measure import MeasuredFile, measure_file
from trackscape.comparison.quantities import LEAST, QUANTITIES, Key, Quantity
from trackscape.comparison.statistics import Distance, Measurement, distance
from trackscape.execution.jobs import one_thread
from trackscape.text import shown

PASS, NOISE, FAIL, FEW, OPEN = "pass", "within noise", "fail", "too few", "not judged"
"""Verdicts on a number: within its tolerance, above by less than twice the error, above, and two
for numbers that are not judged."""


class Compared(NamedTuple):
    """One number of both files, side by side."""

    key: Key
    a: Measurement
    b: Measurement

    @property
    def quantity(self) -> Quantity:
        """What is compared, with its units and limit."""
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
        if self.quantity.layered and min(self.a.number, self.b.number) < LEAST:
            return FEW
        if limit is None or math.isnan(self.difference):
            return OPEN
        excess = abs(self.difference) - limit
        if excess <= 0:
            return PASS
        return NOISE if excess < 2 * self.error else FAIL


class Gap(NamedTuple):
    """How far one distribution of A is from that of B."""

    key: Key
    distance: Distance


@dataclasses.dataclass(frozen=True, eq=False)
class FileComparison:
    """All that was found out about two files; differences in % are of the numbers of A."""

    a: MeasuredFile
    b: MeasuredFile
    rows: list[Compared]
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


def compare_files(
    a: Path,
    b: Path,
    *,
    truth_a: Path | None = None,
    truth_b: Path | None = None,
    primaries_a: int | None = None,
    primaries_b: int | None = None,
    max_bytes: int | None = None,
) -> FileComparison:
    """Measures two hit files and compares them, layer by layer.

    Arguments:
        a: Hits with truth (event, track, parent): the reference.
        b: Hits to compare with it.
        truth_a: Table of the primaries of A; default: ``NAME_truth.npz`` beside it, if there.
        truth_b: Table of the primaries of B.
        primaries_a: Number of primaries of A; default: the rows of the table, else the largest
            event number + 1 (the last primaries may have left no hit).
        primaries_b: Number of primaries of B.
        max_bytes: Bytes that each file may unpack to; by default as in `read_hits`.

    Raises:
        FormatError: A file cannot be read.
        DataError: The hits have no truth, or there are fewer primaries than events with hits.
    """
    with one_thread():  # many small tensors: threads would only wait for each other
        first = measure_file(Path(a), primaries=primaries_a, truth=truth_a, max_bytes=max_bytes)
        second = measure_file(Path(b), primaries=primaries_b, truth=truth_b, max_bytes=max_bytes)
    return compare_measured(first, second)


def compare_measured(a: MeasuredFile, b: MeasuredFile) -> FileComparison:
    """Sets side by side whatever both files have."""
    nothing = Measurement(0.0, 0.0, 0)
    rows = [
        Compared(key, a.measurements.get(key, nothing), b.measurements.get(key, nothing))
        for key in a.measurements | b.measurements
        if (key in a.measurements and key in b.measurements) or QUANTITIES[key.quantity].countable
    ]
    order = list(QUANTITIES)
    rows.sort(key=lambda row: order.index(row.key.quantity))
    both = [key for key in a.samples if key in b.samples]
    gaps = [Gap(key, distance(a.samples[key], b.samples[key])) for key in both]
    return FileComparison(a, b, rows, gaps)


def worst(rows: Iterable[Compared]) -> Compared | None:
    """Returns the row of one quantity that differs most; None if none has enough values.

    Judged are those that differ most beyond two errors; others by their difference / error.
    """

    def severity(row: Compared) -> float:
        if row.quantity.limit is None:
            return abs(row.difference) / row.error if row.error else 0.0
        return abs(row.difference) - 2 * row.error

    enough = [row for row in rows if row.verdict != FEW and math.isfinite(row.difference)]
    return max(enough, key=severity, default=None)


def grouped(rows: Sequence[Compared]) -> Iterator[tuple[str, list[Compared]]]:
    """Yields each quantity with its rows."""
    for quantity in QUANTITIES:
        if group := [row for row in rows if row.key.quantity == quantity]:
            yield quantity, group
