"""A comparison -> a summary for the terminal, a Markdown page, CSV files and a picture."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from trackscape.comparison import tables
from trackscape.comparison.compare import FAIL, FEW, NOISE, PASS, FileComparison, grouped
from trackscape.comparison.figure import draw_comparison
from trackscape.comparison.quantities import DEFINITIONS, LEAST, MAX_FRAMES, PER_FRAME
from trackscape.files import replacing
from trackscape.pictures import save_figure
from trackscape.text import shown
from trackscape.units import mm

WIDE = 120  # characters; the summary leaves out columns in terminals that have less
SAME_PLACE = 0.1 * mm  # largest distance between the mean z of two layers at the same place


def write_comparison(comparison: FileComparison, folder: Path) -> None:
    """Writes ``comparison.{csv,md,png}`` and ``distances.csv`` to a folder, which is made."""
    tables.write_rows(comparison.rows, folder / "comparison.csv")
    tables.write_gaps(comparison.gaps, folder / "distances.csv")
    save_figure(draw_comparison(comparison), folder / "comparison.png", dpi=150)
    with replacing(folder / "comparison.md") as partial:
        partial.write_text(markdown(comparison), encoding="utf-8")


def print_comparison(comparison: FileComparison, console: Console) -> None:
    """Prints the summary: verdicts and the largest differences of each quantity."""
    for line, _ in _sides(comparison):
        console.print(line, highlight=False, markup=False)
    summary = tables.summary_table(comparison.rows)
    console.print(_rich(summary if console.width >= WIDE else summary.without("A", "B")))
    console.print(_rich(tables.distance_table(comparison.gaps)))
    for note in notes(comparison):
        console.print(f"note: {note}", highlight=False, markup=False)
    console.print(verdict(comparison), highlight=False, markup=False)


def comparison_as_dict(comparison: FileComparison) -> dict[str, Any]:
    """Returns the files, all numbers with their verdicts, distances and notes, in plain values."""
    verdicts = [row.verdict for row in comparison.rows]
    sides = {
        side: {"path": each.path, "primaries": each.primaries, "hits": each.hits}
        for side, each in zip("AB", (comparison.a, comparison.b), strict=True)
    }
    return {
        **sides,
        "pass": verdicts.count(PASS),
        "within_noise": verdicts.count(NOISE),
        "fail": verdicts.count(FAIL),
        "numbers": [
            dict(zip(tables.ROW_COLUMNS, values, strict=True))
            for values in tables.row_values(comparison.rows)
        ],
        "distances": [
            dict(zip(tables.GAP_COLUMNS, values, strict=True))
            for values in tables.gap_values(comparison.gaps)
        ],
        "notes": list(notes(comparison)),
    }


def verdict(comparison: FileComparison) -> str:
    """Returns one sentence: how many of the judged numbers pass."""
    verdicts = [row.verdict for row in comparison.rows]
    counts = {name: verdicts.count(name) for name in (PASS, NOISE, FAIL)}
    return (
        f"{counts[PASS]} of {sum(counts.values())} judged numbers pass, {counts[NOISE]} are within "
        f"noise, {counts[FAIL]} fail"
    )


def markdown(comparison: FileComparison, *, picture: str = "comparison.png") -> str:
    """Returns the page: summary, notes, graph sizes beside the published ones, and all numbers."""
    return "\n".join(_lines(comparison, picture)).rstrip() + "\n"


def summary(comparison: FileComparison) -> str:
    """Returns the verdict and the largest differences of each quantity, as Markdown."""
    lines = [f"**{verdict(comparison)}.**", "", *tables.summary_table(comparison.rows).markdown()]
    return "\n".join(lines).rstrip() + "\n"


def _lines(comparison: FileComparison, picture: str) -> Iterator[str]:
    yield from ("# Two simulations side by side", "")
    for line, provenance in _sides(comparison):
        yield f"- {line}"
        if provenance is not None:
            text = shown(json.dumps(provenance), limit=10_000)
            yield f"  - `{text.replace('`', chr(39))}`"
    yield from (f"- {note}" for note in notes(comparison))
    yield from ("", f"**{verdict(comparison)}.**", "", _READING, "")
    yield from (f"![A and B, layer by layer]({picture})", "", "## Summary", "")
    yield from tables.summary_table(comparison.rows).markdown()
    yield from tables.distance_table(comparison.gaps).markdown()
    yield from tables.graph_table(comparison.rows).markdown()
    for name, group in grouped(comparison.rows):
        yield from (f"## {name[0].upper()}{name[1:]}", "", DEFINITIONS[name], "")
        yield from tables.full_table(group).markdown()


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


def _sides(comparison: FileComparison) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Yields what the files are, and what made them."""
    sides = zip("AB", comparison.names, (comparison.a, comparison.b), strict=True)
    for side, name, measured in sides:
        truth = "no" if measured.truth is None else "with"
        counts = f"{measured.primaries:,} primaries, {measured.hits:,} hits"
        yield f"{side}: {name}, {counts}, {truth} table of primaries", measured.provenance


def _rich(table: tables.Table) -> RichTable:
    rich = RichTable(title=table.title, box=box.SIMPLE_HEAD, pad_edge=False)
    for number, header in enumerate(table.headers):
        numeric = number >= len(table.headers) - table.numbers
        rich.add_column(header, justify="right" if numeric else "left")
    for line in table.lines:
        rich.add_row(*line)
    return rich


def notes(comparison: FileComparison) -> Iterator[str]:
    """Yields a sentence for each thing that a reader of the tables must know."""
    a, b, rows = comparison.a, comparison.b, comparison.rows
    few = {row.key.layer for row in rows if row.verdict == FEW and row.key.layer is not None}
    if few:
        yield f"less than {LEAST} values in layers {_listed(few)}: quantiles not judged there"
    for one, other, name in ((a, b, "A"), (b, a, "B")):
        only = one.layer_z.keys() - other.layer_z.keys()
        if only:
            yield f"only {name} has hits in layers {_listed(only)}: left out"
        if one.truth is None:
            yield (
                f"no table of primaries for {name}: nothing is said on survival, energy and angle "
                "behind the phantom"
            )
    shifts = {layer: b.layer_z[layer] - z for layer, z in a.layer_z.items() if layer in b.layer_z}
    moved = {layer: shift for layer, shift in shifts.items() if abs(shift) > SAME_PLACE}
    if moved:
        layer = max(moved, key=lambda layer: abs(moved[layer]))
        yield (
            f"{len(moved)} layers are not at the same place, layer {layer} by {moved[layer]:+.2f} "
            "mm: layers are compared by their number"
        )
    sizes = {row.key.statistic for row in rows if row.key.quantity == "graph nodes"}
    for per_frame in PER_FRAME:
        if f"{per_frame} p+/F" not in sizes:
            yield f"too few events for graphs of {per_frame} primaries a frame"
    if sizes:
        yield f"graph sizes are means over the first {MAX_FRAMES} frames of each file, or fewer"


def _listed(layers: Collection[int]) -> str:
    """Example: {1, 2, 3, 7} becomes "1 to 3, 7"; many pieces become one."""
    number = np.sort(list(layers))
    runs = np.split(number, np.flatnonzero(np.diff(number) > 1) + 1)
    if len(runs) > 4:
        return f"{number[0]} to {number[-1]} ({len(number)} of them)"
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
