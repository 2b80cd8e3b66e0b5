"""Rows and distances -> tables for a terminal, a page, and CSV files."""

import csv
import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from trackscape.comparison.compare import FAIL, FEW, NOISE, PASS, Compared, Gap, grouped, worst
from trackscape.comparison.quantities import PUBLISHED, QUANTITIES, Key, Quantity
from trackscape.comparison.statistics import Measurement
from trackscape.files import replacing


@dataclasses.dataclass(frozen=True)
class Table:
    """Texts in lines; the last columns hold numbers and are aligned on the right."""

    title: str
    headers: Sequence[str]
    lines: Sequence[Sequence[str]]
    numbers: int
    """Number of columns that hold numbers."""

    def without(self, *headers: str) -> "Table":
        """Returns the table without some of its columns of numbers."""
        kept = [number for number, header in enumerate(self.headers) if header not in headers]
        return Table(
            self.title,
            [self.headers[number] for number in kept],
            [[line[number] for number in kept] for line in self.lines],
            self.numbers - len(headers),
        )

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
        lines.append([name, place(row.key), *_cells(row), *counts])
    return Table("Largest differences", headers, lines, numbers=7)


def distance_table(gaps: Sequence[Gap]) -> Table:
    """Returns a line for each distribution: the layer in which it differs most."""
    headers = ["distribution", "worst", "KS", "95 % noise", "Wasserstein"]
    lines: list[list[str]] = []
    for name in dict.fromkeys(gap.key._replace(layer=None) for gap in gaps):
        group = [gap for gap in gaps if gap.key._replace(layer=None) == name and gap.enough]
        if group:
            gap = max(group, key=lambda gap: gap.distance.ks - gap.distance.noise)
            lines.append([" ".join(name[:2]).strip(), _layer(gap.key), *_distances(gap)])
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
    lines = [
        [place(row.key), row.verdict, *_cells(row, errors=True)]
        for row in rows
        if row.verdict != FEW
    ]
    headers = ["number", "verdict", "A", "B", "difference", "tolerance"]
    return Table("", headers, lines, numbers=4)


def place(key: Key) -> str:
    """Returns which number of the quantity it is: "median, layer 3"."""
    return ", ".join(part for part in (key.statistic, _layer(key)) if part)


_ROW = (
    "quantity statistic layer unit A A_error B B_error difference difference_error "
    "difference_unit tolerance verdict A_values B_values"
)
_GAP = "quantity statistic layer unit ks ks_noise wasserstein A_values B_values"


def write_rows(rows: Iterable[Compared], path: Path) -> None:
    """Writes one line for each row, numbers with all their digits; empty: no number."""
    lines = (
        [
            *(*row.key, row.quantity.unit, row.a.value, row.a.error, row.b.value, row.b.error),
            *(_finite(row.difference), _finite(row.error), row.quantity.scale),
            *(row.quantity.limit, row.verdict, row.a.number, row.b.number),
        ]
        for row in rows
    )
    _write_csv(_ROW.split(), lines, path)


def write_gaps(gaps: Iterable[Gap], path: Path) -> None:
    """Writes one line for each pair of distributions."""
    lines = (
        [
            *(*gap.key, QUANTITIES[gap.key.quantity].unit, gap.distance.ks, gap.distance.noise),
            *(gap.distance.wasserstein, *gap.distance.numbers),
        ]
        for gap in gaps
    )
    _write_csv(_GAP.split(), lines, path)


def _write_csv(header: Sequence[str], lines: Iterable[Sequence[object]], path: Path) -> None:
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(lines)


def _cells(row: Compared, *, errors: bool = False) -> list[str]:
    quantity = row.quantity
    sides = [_side(side, quantity, error=errors) for side in (row.a, row.b)]
    difference = ""
    if math.isfinite(row.difference):
        difference = f"{row.difference:+.2f} ± {row.error:.2f} {quantity.scale}"
    limit = "" if quantity.limit is None else f"{quantity.limit:g} {quantity.scale}"
    return [*sides, difference, limit]


def _side(estimate: Measurement, quantity: Quantity, *, error: bool) -> str:
    text = _number(estimate.value)
    if error:
        text += f" ± {estimate.error:.2g}" if estimate.error < 100 else f" ± {estimate.error:,.0f}"
    return f"{text} {quantity.unit}".strip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _distances(gap: Gap) -> list[str]:
    found, unit = gap.distance, QUANTITIES[gap.key.quantity].unit
    return [f"{found.ks:.4f}", f"{found.noise:.4f}", f"{found.wasserstein:.3g} {unit}"]


def _layer(key: Key) -> str:
    if key.layer is not None:
        return f"layer {key.layer}"
    return "all layers" if QUANTITIES[key.quantity].layered else ""


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
