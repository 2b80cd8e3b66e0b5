"""A comparison -> a summary for the terminal, and a Markdown page with all numbers."""

import json
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from trackscape.comparison.notes import notes
from trackscape.comparison.quantities import LEAST, QUANTITIES
from trackscape.comparison.rows import FAIL, NOISE, PASS, Comparison, grouped
from trackscape.comparison.table import (
    Table,
    distance_table,
    full_table,
    graph_table,
    summary_table,
)
from trackscape.text import shown

WIDE = 120
"""Characters; the summary leaves out columns in terminals that have less."""


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Prints the summary: verdicts and the largest differences of each quantity."""
    for line, _ in _sides(comparison):
        console.print(line, highlight=False, markup=False)
    summary = summary_table(comparison.rows)
    console.print(_rich(summary if console.width >= WIDE else summary.without("A", "B")))
    console.print(_rich(distance_table(comparison.gaps)))
    for note in notes(comparison):
        console.print(f"note: {note}", highlight=False, markup=False)
    console.print(verdict(comparison), highlight=False, markup=False)


def verdict(comparison: Comparison) -> str:
    """Returns one sentence: how many of the judged numbers pass."""
    verdicts = [row.verdict for row in comparison.rows]
    counts = {name: verdicts.count(name) for name in (PASS, NOISE, FAIL)}
    return (
        f"{counts[PASS]} of {sum(counts.values())} judged numbers pass, {counts[NOISE]} are within "
        f"noise, {counts[FAIL]} fail"
    )


def markdown(comparison: Comparison, *, picture: str = "comparison.png") -> str:
    """Returns the page: summary, notes, graph sizes beside the published ones, and all numbers.

    Arguments:
        comparison: What to show.
        picture: Name of the picture beside the page.
    """
    return "\n".join(_lines(comparison, picture)).rstrip() + "\n"


def summary(comparison: Comparison) -> str:
    """Returns the verdict and the largest differences of each quantity, as Markdown."""
    lines = [f"**{verdict(comparison)}.**", "", *summary_table(comparison.rows).markdown()]
    return "\n".join(lines).rstrip() + "\n"


def _lines(comparison: Comparison, picture: str) -> Iterator[str]:
    yield from ("# Two simulations side by side", "")
    for line, provenance in _sides(comparison):
        yield f"- {line}"
        if provenance is not None:
            text = shown(json.dumps(provenance), limit=10_000)
            yield f"  - `{text.replace('`', chr(39))}`"
    yield from (f"- {note}" for note in notes(comparison))
    yield from ("", f"**{verdict(comparison)}.**", "", _READING, "")
    yield from (f"![A and B, layer by layer]({picture})", "", "## Summary", "")
    yield from summary_table(comparison.rows).markdown()
    yield from distance_table(comparison.gaps).markdown()
    yield from graph_table(comparison.rows).markdown()
    for name, group in grouped(comparison.rows):
        yield from (f"## {name[0].upper()}{name[1:]}", "", QUANTITIES[name].text, "")
        yield from full_table(group).markdown()


_READING = (
    "± is one standard deviation, from the spread between events. Differences are B - A, in % of A "
    f"where the unit is %. `{PASS}`: not larger than the tolerance; `{NOISE}`: larger by less than "
    f"two standard deviations; `{FAIL}`: larger by more. Quantiles of less than {LEAST} values are "
    "not judged and stand in comparison.csv only. KS: the largest difference of the distribution "
    "functions (Kolmogorov-Smirnov), and what samples of one distribution exceed in 5 % of cases; "
    "Wasserstein: the area between the distribution functions. The summary names for each quantity "
    "the number that differs most beyond two standard deviations, and for each distribution the "
    "layer whose KS distance is the largest beyond noise."
)


def _sides(comparison: Comparison) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Yields what the files are, and what made them."""
    sides = zip("AB", comparison.names, (comparison.a, comparison.b), strict=True)
    for side, name, measured in sides:
        truth = "no" if measured.truth is None else "with"
        counts = f"{measured.primaries:,} primaries, {measured.hits:,} hits"
        yield f"{side}: {name}, {counts}, {truth} table of primaries", measured.provenance


def _rich(table: Table) -> RichTable:
    rich = RichTable(title=table.title, box=box.SIMPLE_HEAD, pad_edge=False)
    for number, header in enumerate(table.headers):
        numeric = number >= len(table.headers) - table.numbers
        rich.add_column(header, justify="right" if numeric else "left")
    for line in table.lines:
        rich.add_row(*line)
    return rich
