"""Rows and distances -> tables for a terminal, a page, and CSV files."""

import csv
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from pathlib import Path
from typing import NamedTuple

from trackscape.comparison.compare import FAIL, FEW, NOISE, PASS, Compared, Gap, grouped, worst
from trackscape.comparison.quantities import LEAST, PUBLISHED, QUANTITIES, Key, Quantity
from trackscape.comparison.statistics import Measurement
from trackscape.files import replacing


class Table(NamedTuple):
    """Texts in lines; the last `numbers` columns hold numbers and are aligned on the right."""

    title: str
    headers: Sequence[str]
    lines: Sequence[Sequence[str]]
    numbers: int

    def without(self, *headers: str) -> "Table":
        """Returns the table without some of its columns of numbers."""
        kept = [header not in headers for header in self.headers]
        shown, *lines = (list(compress(line, kept)) for line in (self.headers, *self.lines))
        return Table(self.title, shown, lines, self.numbers - len(headers))

    def markdown(self) -> Iterator[str]:
        """Yields the lines of a Markdown table, with the title above if there is one."""
        if self.title:
            yield from (f"{self.title}:", "")
        yield f"| {' | '.join(self.headers)} |"
        yield "|" + "---|" * (len(self.headers) - self.numbers) + "---:|" * self.numbers
        for line in self.lines:
            yield f"| {' | '.join(line)} |"
        yield ""


def summary_table(rows: Sequence[Compared]) -> Table:
    """Returns a line for each quantity: its verdicts, and the row that differs most."""
    headers = ["quantity", "worst", "A", "B", "difference", "tolerance", PASS, "noise", FAIL]
    lines: list[list[str]] = []
    for name, group in grouped(rows):
        row = worst(group)
        if row is None:
            lines.append([name, "too few values", *[""] * 7])
            continue
        count = Counter(row.verdict for row in group)
        judged = row.quantity.limit is not None
        counts = [str(count[verdict]) if judged else "" for verdict in (PASS, NOISE, FAIL)]
        lines.append([name, _place(row.key), *_cells(row), *counts])
    return Table("Largest differences", headers, lines, numbers=7)


def distance_table(gaps: Sequence[Gap]) -> Table:
    """Returns a line for each distribution: the layer in which it differs most."""
    headers = ["distribution", "worst", "KS", "95 % noise", "Wasserstein"]
    lines: list[list[str]] = []
    for name in dict.fromkeys(gap.key[:2] for gap in gaps):
        group = [gap for gap in gaps if gap.key[:2] == name and min(gap.distance.numbers) >= LEAST]
        if group:
            key, found = max(group, key=lambda gap: gap.distance.ks - gap.distance.noise)
            size = f"{found.wasserstein:.3g} {QUANTITIES[key.quantity].unit}"
            distances = [f"{found.ks:.4f}", f"{found.noise:.4f}", size]
            lines.append([" ".join(name).strip(), _layer(key), *distances])
    return Table("Largest distances of distributions", headers, lines, numbers=3)


def graph_table(rows: Iterable[Compared]) -> Table:
    """Returns the sizes of graphs, with the published ones beside."""
    lines: list[list[str]] = []
    for row in rows:
        if row.key.quantity in PUBLISHED:
            published = PUBLISHED[row.key.quantity][int(row.key.statistic.split()[0])]
            name = f"{row.key.quantity}, {row.key.statistic}"
            lines.append([name, *_cells(row)[:3], *(f"{size:,}" for size in published)])
    phantoms = [f"published, {phantom} mm" for phantom in (100, 150, 200)]
    return Table("Graph sizes", ["size", "A", "B", "difference", *phantoms], lines, numbers=6)


def full_table(rows: Iterable[Compared]) -> Table:
    """Returns all rows of one quantity but those of too few values."""
    judged = (row for row in rows if row.verdict != FEW)
    lines = [[_place(row.key), row.verdict, *_cells(row, errors=True)] for row in judged]
    headers = ["number", "verdict", "A", "B", "difference", "tolerance"]
    return Table("", headers, lines, numbers=4)


def _place(key: Key) -> str:
    """Example: "median, layer 3"."""
    return ", ".join(part for part in (key.statistic, _layer(key)) if part)


ROW_COLUMNS = (
    *("quantity", "statistic", "layer", "unit", "A", "A_error", "B", "B_error"),
    *("difference", "difference_error", "difference_unit", "tolerance", "verdict"),
    *("A_values", "B_values"),
)
"""Columns of the file with all numbers."""
GAP_COLUMNS = (
    *("quantity", "statistic", "layer", "unit", "ks", "ks_noise", "wasserstein"),
    *("A_values", "B_values"),
)
"""Columns of the file with all distances of distributions."""


def row_values(rows: Iterable[Compared]) -> list[list[object]]:
    """Returns the values of `ROW_COLUMNS` of each row; None for no number."""
    lines: list[list[object]] = []
    for row in rows:
        unit, limit, scale, *_ = row.quantity
        (a, a_error, a_number), (b, b_error, b_number) = row.a, row.b
        difference = [x if math.isfinite(x) else None for x in (row.difference, row.error)]
        judged = [*difference, scale, limit, row.verdict]
        lines.append([*row.key, unit, a, a_error, b, b_error, *judged, a_number, b_number])
    return lines


def gap_values(gaps: Iterable[Gap]) -> list[list[object]]:
    """Returns the values of `GAP_COLUMNS` of each pair of distributions."""
    lines: list[list[object]] = []
    for gap in gaps:
        *distances, numbers = gap.distance
        lines.append([*gap.key, QUANTITIES[gap.key.quantity].unit, *distances, *numbers])
    return lines


def write_rows(rows: Iterable[Compared], path: Path) -> None:
    """Writes one line for each row, numbers with all their digits; empty: no number."""
    _write_csv(ROW_COLUMNS, row_values(rows), path)


def write_gaps(gaps: Iterable[Gap], path: Path) -> None:
    """Writes one line for each pair of distributions."""
    _write_csv(GAP_COLUMNS, gap_values(gaps), path)


def _write_csv(header: tuple[str, ...], lines: list[list[object]], path: Path) -> None:
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *lines])


def _cells(row: Compared, *, errors: bool = False) -> list[str]:
    quantity = row.quantity
    sides = [_side(side, quantity, error=errors) for side in (row.a, row.b)]
    difference = ""
    if math.isfinite(row.difference):
        difference = f"{row.difference:+.2f} ± {row.error:.2f} {quantity.scale}"
    limit = "" if quantity.limit is None else f"{quantity.limit:g} {quantity.scale}"
    return [*sides, difference, limit]


def _side(estimate: Measurement, quantity: Quantity, *, error: bool) -> str:
    value = estimate.value
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if error:
        text += f" ± {estimate.error:.2g}" if estimate.error < 100 else f" ± {estimate.error:,.0f}"
    return f"{text} {quantity.unit}".strip()


def _layer(key: Key) -> str:
    if key.layer is not None:
        return f"layer {key.layer}"
    return "all layers" if QUANTITIES[key.quantity].layered else ""
