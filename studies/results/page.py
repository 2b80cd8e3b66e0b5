"""Summaries -> the page of results."""

import os
import platform
import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch

from studies.markdown import table
from studies.results.measure import Cell, Summaries
from studies.results.published import PUBLISHED, THICKNESSES
from trackscape.evaluation import Summary
from trackscape.files import replacing

OURS = "trackscape"
MEAN_AT = 100
"""Primaries per frame at which means over the phantoms are given, as for trainings."""
SPREAD_OF = ("purity", "efficiency", "complete_efficiency")
STRICTER = ("trackml_score", "complete_efficiency", "strict_purity")
IN_SHORT = (
    "- **What it shows:** every method beside every other, and beside published figures, on hits "
    "that chose nothing.\n"
    "- **Look at** the table below, the page in short, and at the picture of [purity against "
    "efficiency](#purity-against-efficiency): what each network can trade.\n"
    "- All further tables are the same for each density and phantom, with intervals, and for "
    "stricter metrics."
)
INTRODUCTION = (
    "All methods on test files of the Geant4 engine, which chose nothing: "
    "`python -m studies.data_sets test FOLDER` makes them (5,000 primaries behind "
    "each phantom, a seed of their own; no setting was ever looked at on them). Beside them "
    "published figures, which are for other Monte Carlo files of the same detector. In %, with "
    "95 % bootstrap intervals over frames, of single comparisons. Parameters of the classical "
    "methods and the cost of an end were tuned on training files; `trackscape` and "
    "`nine-constants` keep their last weights, the line graphs the best on frames of the training "
    "files that were held out. Metrics are explained in [conventions](conventions.md), our model "
    "in [the best tracks](best_tracks.md), trainings in [training](training.md). Regenerate with "
    "`make results DATA=folder`."
)


def write_page(summaries: Summaries, path: Path, *, seeds: Summaries) -> None:
    """Writes the tables of all methods and cells, and of several seeds of the default."""
    with replacing(path) as partial:
        partial.write_text("\n".join(_page(summaries, seeds)) + "\n", encoding="utf-8")


def _page(summaries: Summaries, seeds: Summaries) -> Iterator[str]:
    methods = list(dict.fromkeys(method for method, _ in summaries))
    cells = list(dict.fromkeys(cell for _, cell in summaries))
    phantoms = list(dict.fromkeys(cell.phantom for cell in cells))
    yield from ("# Results", "", IN_SHORT, "")
    if MEAN_AT in (cell.per_frame for cell in cells):
        yield from _means(summaries, methods, phantoms)
    yield from ("## How it was measured", "", INTRODUCTION)
    yield from ("", "## Purity / efficiency as published", "")
    for per_frame in dict.fromkeys(cell.per_frame for cell in cells):
        rows = _rows(summaries, per_frame, "purity", "efficiency")
        yield from _table(per_frame, phantoms, [*rows, *_published(per_frame, phantoms)])
        yield ""
    if seeds:
        yield from _seeds(seeds, phantoms)
    yield from ("## Purity against efficiency", "")
    yield (
        "A filter can buy either. The lines are what each network reaches for all costs of a "
        "track's end; the marks are the methods as they are used. Cutting tracks into pieces "
        "raises both published ratios, which is what happens on the left; complete efficiency, "
        "below, does not fall for it."
    )
    yield from ("", "![Purity against efficiency](images/purity_and_efficiency.png)", "")
    yield from ("## Stricter metrics", "")
    yield (
        f"{', '.join(name.replace('_', ' ') for name in STRICTER)}. The TrackML score is no aim "
        "here: tracks of protons that react are thrown away if they are right, and kept, and "
        "counted, if they go on with a secondary. That of the truth is in [how much is left]"
        "(ceiling.md)."
    )
    yield ""
    for per_frame in dict.fromkeys(cell.per_frame for cell in cells):
        yield from _table(per_frame, phantoms, _rows(summaries, per_frame, *STRICTER))
        yield ""
    yield from _times(summaries, methods, cells)


def _table(per_frame: int, phantoms: Sequence[int], rows: Iterable[Sequence[str]]) -> Sequence[str]:
    return table([f"{per_frame} p+/F", *(f"{phantom} mm" for phantom in phantoms)], rows)


def _rows(summaries: Summaries, per_frame: int, *metrics: str) -> Iterator[list[str]]:
    """Yields metrics of each method behind all phantoms."""
    for method in dict.fromkeys(method for method, _ in summaries):
        of = [
            each
            for (who, at), each in summaries.items()
            if (who, at.per_frame) == (method, per_frame)
        ]
        yield [method, *(_pair(summary, *metrics) for summary in of)]


def _published(per_frame: int, phantoms: Sequence[int]) -> Iterator[list[str]]:
    for method, figures in PUBLISHED.items():
        if per_frame in figures:
            by_phantom = dict[int, tuple[float, float]](
                zip(THICKNESSES, figures[per_frame], strict=True)
            )
            pairs = [by_phantom.get(phantom) for phantom in phantoms]
            cells = [f"*{pair[0]} / {pair[1]}*" if pair else "" for pair in pairs]
            yield [f"*{method}, published*", *cells]


def _means(summaries: Summaries, methods: Sequence[str], phantoms: Sequence[int]) -> Iterator[str]:
    rows: list[list[str]] = []
    for method in methods:
        of = [summaries[method, Cell(MEAN_AT, phantom)] for phantom in phantoms]
        means = (
            statistics.fmean(100 * summary.values[name] for summary in of)
            for name in ("purity", "efficiency")
        )
        rows.append([method, *(f"{mean:.2f}" for mean in means)])
    yield from table([f"mean of the phantoms, {MEAN_AT} p+/F", "purity", "efficiency"], rows)
    yield ""


def _seeds(seeds: Summaries, phantoms: Sequence[int]) -> Iterator[str]:
    names = dict.fromkeys(name for name, _ in seeds)
    yield from ("## Seeds of the default", "")
    yield (
        f"Purity / efficiency / complete efficiency of {len(names)} trainings that differ in their "
        "seed alone, mean ± standard deviation; the first is shipped."
    )
    rows: list[list[str]] = []
    for per_frame in dict.fromkeys(cell.per_frame for _, cell in seeds):
        cells: list[str] = []
        for phantom in phantoms:
            of = [seeds[name, Cell(per_frame, phantom)].values for name in names]
            cells.append(" / ".join(_spread([values[m] for values in of]) for m in SPREAD_OF))
        rows.append([str(per_frame), *cells])
    yield from ("", *table(["p+/F", *(f"{phantom} mm" for phantom in phantoms)], rows), "")


def _spread(values: Sequence[float]) -> str:
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{100 * statistics.fmean(values):.1f} ± {100 * spread:.2f}"


def _times(summaries: Summaries, methods: Sequence[str], cells: Sequence[Cell]) -> Iterator[str]:
    yield from ("## Time and graphs", "")
    yield (
        "Median milliseconds from the hits of a frame to its tracks "
        f"({torch.get_num_threads()} thread(s), {os.cpu_count()} cores, {platform.machine()}, no "
        f"GPU, load average {os.getloadavg()[0]:.0f} at the end: compare the rows rather than "
        "other machines), and the share of true segments that a graph holds:"
    )
    titles = [f"{cell.per_frame} p+/F, {cell.phantom} mm" for cell in cells]
    rows = [
        [method, *(f"{1e3 * summaries[method, cell].seconds_per_frame:.0f}" for cell in cells)]
        for method in methods
    ]
    for name, method in {"published graph": methods[0], f"graph of {OURS}": OURS}.items():
        of = [summaries[method, cell] for cell in cells if (method, cell) in summaries]
        shares = [f"{100 * summary.graph_ceiling:.2f}" for summary in of]
        rows.append([f"ceiling of the {name}, %", *shares])
    yield from ("", *table(["", *titles], rows))


def _pair(summary: Summary, *names: str) -> str:
    texts: list[str] = []
    for name in names:
        low, high = summary.intervals[name]
        texts.append(f"{100 * summary.values[name]:.1f} ({100 * low:.1f} to {100 * high:.1f})")
    text = " / ".join(texts)
    return f"**{text}**" if summary.method == OURS else text
