"""Results of a run -> docs/benchmarks.md and the figure of it.

Run as ``python -m benchmarks.report FOLDER``, with the folder that ``benchmarks.run`` left behind.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.agreement import STEPS
from benchmarks.cases import PER_FRAME, USUAL, Case
from benchmarks.conditions import Condition, check
from benchmarks.floor import WHY, floors
from benchmarks.page import table
from benchmarks.results import Results, read_results
from benchmarks.scaling import LARGE, draw, exponents
from benchmarks.stages import (
    ASSIGNMENT,
    ASSIGNMENT_AND_BACK,
    BASELINE_LINE_GRAPH,
    FROM_HITS,
    NETWORK,
    PAT,
    PTT,
    STAGES,
    VARIANTS,
    WHOLE,
)
from trackscape.files import replacing

COMMAND = "make bench DATA=folder"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
FIGURE = Path("images") / "scaling.png"

# The paper's code (SIVERT-pCT/e2e-tracking) run as it is on two CPU cores, and the times that its
# authors published for their GPU; ms at 50, 100 and 150 primaries a frame behind 100 mm of water.
PUBLISHED_CODE = {
    "network alone": (41, 242, 956),
    ASSIGNMENT: (6.8, 21.3, 50),
    ASSIGNMENT_AND_BACK: (10.8, 33.8, 84.7),
    "tracks": (13.6, 34.2, 57.6),
    "metrics": (2.9, 4.8, 7.1),
    WHOLE: (102, 734, 2396),
}
PUBLISHED_GPU = {"network alone": (7, 12, 27), WHOLE: (26, 48, 83)}
# ... training on one graph of 100 primaries a frame, behind 100, 150 and 200 mm.
PUBLISHED_TRAINING = {PTT: (1090, 680, 340), PAT: (1040, 690, 360)}
PUBLISHED_MEMORY = {50: 147, 100: 1000, 150: 4200}


def write_page(results: Results, page: Path) -> None:
    """Writes the page and, beside it, its figure."""
    draw(results.scaling, page.parent / FIGURE)
    with replacing(page) as partial:
        partial.write_text("\n".join(_page(results)) + "\n", encoding="utf-8")


def _page(results: Results) -> Iterator[str]:
    yield from ("# Benchmarks", "", *_machine(results), "")
    rows = [[c.target, *_verdict(c)] for c in check(results)]
    yield from table(["condition (behind 100 mm, one frame)", "measured", ""], rows)
    yield from ("", "## Stages", "", *_stages(results))
    yield from ("", "## Memory", "", *_memory(results))
    yield from ("", "## Beside the published code", "", *_published(results))
    yield from ("", "## Same results", "", *_agreement(results))
    yield from ("", "## Growth", "", *_growth(results))
    yield from ("", "## Distance from the floor", "", *_floor(results))


def _machine(results: Results) -> Iterator[str]:
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    yield (
        f"{results.about}. {machine.cores} cores ({machine.architecture}, {machine.model}), "
        f"{machine.threads} threads in PyTorch, no GPU; Python {machine.python}, {versions}; load "
        f"average when it began: {machine.load:.1f}. Regenerate: `{COMMAND}`."
    )
    yield ""
    yield (
        "The **baseline** is our own code of the published formulation, in plain PyTorch, PyTorch "
        "Geometric, scipy and networkx (`benchmarks/baseline`); tests hold its logits, "
        "assignments, tracks and gradients to ours. Both ran in the same process, on the same "
        "frames, and kept the memory that they freed, without which both, the baseline above all, "
        "are slower. p+/F are primaries in a frame."
    )


def _stages(results: Results) -> Iterator[str]:
    cases = _dense_cases(results)
    yield f"Medians over frames and rounds in ms, ours / baseline / ratio, {_behind(cases)}:"
    yield ""
    rows = [[stage, *(_pair(results, stage, case) for case in cases)] for stage in STAGES]
    sizes = [results.sizes[case] for case in cases]
    rows.append(["hits", *(f"{size.hits:,.0f}" for size in sizes)])
    rows.append(["edges", *(f"{size.edges:,.0f}" for size in sizes)])
    rows.append(["line-graph edges", *(f"{size.line_graph_edges:,.0f}" for size in sizes)])
    yield from table(["stage", *(f"{case.per_frame} p+/F" for case in cases)], rows)
    yield ""
    yield (
        "*network* includes the line graph; *metrics* are purity and efficiency for the baseline, "
        "and many more for ours; *training* goes from hits to the gradients of the weights of one "
        "graph. Parts and other ways, in ms:"
    )
    yield ""
    rows = [
        [name, *(_number(results.time(name, "variant", case)) for case in cases)]
        for name in VARIANTS
    ]
    yield from table(["", *(f"{case.per_frame} p+/F" for case in cases)], rows)
    others = sorted(case for case in results.sizes if case.per_frame == USUAL)
    yield from ("", f"At {USUAL} p+/F behind each phantom, ours / baseline / ratio:", "")
    rows = [[stage, *(_pair(results, stage, case) for case in others)] for stage in FROM_HITS]
    yield from table(["", *(f"{case.thickness} mm" for case in others)], rows)


def _memory(results: Results) -> Iterator[str]:
    yield (
        "Peak resident memory in MB above what the process had before, ours / baseline; a new "
        "process for each number, one frame after a warm-up on a small one. In brackets the whole "
        "process with Python, PyTorch and tables."
    )
    yield ""
    rows: list[list[str]] = []
    for case in sorted({case for _, _, case in results.memory}):
        cells = [str(case)]
        for stage in FROM_HITS:
            pair = [results.memory[stage, who, case] for who in ("ours", "baseline")]
            cells.append(" / ".join(f"{m.above:.0f} ({m.peak:.0f})" for m in pair))
        rows.append(cells)
    yield from table(["", *FROM_HITS], rows)


def _published(results: Results) -> Iterator[str]:
    cases = [Case(100, per_frame) for per_frame in PER_FRAME]
    yield (
        "ms a frame at "
        + ", ".join(map(str, PER_FRAME))
        + " p+/F behind 100 mm of water. The published code was run as it is on two CPU cores, on "
        "other frames of this detector with 65,000, 442,000 and 1,560,000 line-graph edges; its "
        "hits to tracks hold the metrics, too. The GPU is that of the paper's authors, as they "
        "published. The network alone is without making the line graph, which ours never makes."
    )
    yield ""
    rows: list[list[str]] = []
    for stage, code in PUBLISHED_CODE.items():
        gpu = PUBLISHED_GPU.get(stage)
        ours = [_ours(results, stage, case) for case in cases]
        rows.append([stage, _series(ours), _series(_theirs(results, stage, case) for case in cases),
                     _series(code), _series(gpu) if gpu else ""])  # fmt: skip
    yield from table(["", "ours", "baseline", "published code", "published GPU"], rows)
    yield ""
    memory = " / ".join(map(str, PUBLISHED_MEMORY.values()))
    yield (
        f"Its peak memory is {memory} MB. Training of one graph of {USUAL} p+/F behind 100, 150 "
        f"and 200 mm takes it {_series(PUBLISHED_TRAINING[PTT])} ms (PTT) and "
        f"{_series(PUBLISHED_TRAINING[PAT])} ms (PAT), and 1.0 to 1.7 GB."
    )


def _ours(results: Results, stage: str, case: Case) -> float:
    return results.time(NETWORK if stage == "network alone" else stage, "ours", case)


def _theirs(results: Results, stage: str, case: Case) -> float:
    if stage != "network alone":
        return results.time(stage, "baseline", case)
    line_graph = results.time(BASELINE_LINE_GRAPH, "variant", case)
    return results.time(NETWORK, "baseline", case) - line_graph


def _agreement(results: Results) -> Iterator[str]:
    found = results.agreement
    yield (
        f"Fast and plain path of the network, in float32 on {found.frames} frames of {USUAL} p+/F: "
        f"{100 * found.same:.3f} % of {found.hits:,} hits are on tracks that both find, and no "
        f"logit differs by more than {found.logit:.1e}. In float64, and for gradients, see the "
        "tests. Two trainings from the same start, one on each path (RMSprop, PTT, 50 p+/F), drift "
        "apart as rounding grows; largest relative difference of their losses until then:"
    )
    yield ""
    rows = [
        [name, *(f"{error:.1e}" for error in errors)]
        for name, errors in (("float32", found.single), ("float64", found.double))
    ]
    yield from table(["", *(f"step {step}" for step in STEPS)], rows)


def _growth(results: Results) -> Iterator[str]:
    yield f"![Time against line-graph edges, on logarithmic axes]({FIGURE.as_posix()})"
    yield ""
    headers = ["p+/F", "edges", "line-graph edges", f"{WHOLE} / ms", "network / ms", "memory / MB"]
    rows = [
        [
            str(point.per_frame),
            f"{point.edges:,.0f}",
            f"{point.line_graph_edges:,.0f}",
            _number(point.whole),
            _number(point.network),
            f"{point.memory:.0f}",
        ]
        for point in results.scaling
    ]
    yield from table(headers, rows)
    yield from ("", f"Fitted exponents of the times, over all frames / from {LARGE} p+/F on:", "")
    against = {"primaries": "per_frame", "line-graph edges": "line_graph_edges"}
    rows = []
    for name, of in ((WHOLE, "whole"), (NETWORK, "network")):
        fits = [exponents(results.scaling, of=of, against=field) for field in against.values()]
        rows.append([name, *(" / ".join(_decimals(fit) for fit in pair) for pair in fits)])
    yield from table(["", *(f"against {name}" for name in against)], rows)


def _floor(results: Results) -> Iterator[str]:
    machine, cases = results.machine, _dense_cases(results)
    yield (
        "What the method cannot do without, at the speed of a large matrix product "
        f"({machine.multiply_adds / 1e9:.0f} thousand million float32 multiply-adds a second) and "
        f"of a large copy ({machine.bandwidth / 1e9:.1f} GB/s read and written), both measured in "
        "this run with all threads. Floor in ms: how many times as long ours / the baseline "
        "takes:"
    )
    yield ""
    bounds = {case: floors(results.sizes[case], machine) for case in cases}
    rows: list[list[str]] = []
    for stage, why in WHY.items():
        cells = [stage, why]
        for case in cases:
            floor = bounds[case][stage]
            ratios = [results.time(stage, who, case) / floor for who in ("ours", "baseline")]
            cells.append(f"{_number(floor)}: {_series(ratios)}")
        rows.append(cells)
    yield from table(["stage", "at least", *(f"{case.per_frame} p+/F" for case in cases)], rows)


def _dense_cases(results: Results) -> list[Case]:
    first = min(case.thickness for case in results.sizes)
    return sorted(case for case in results.sizes if case.thickness == first)


def _behind(cases: Sequence[Case]) -> str:
    return f"behind {cases[0].thickness} mm of water"


def _pair(results: Results, stage: str, case: Case) -> str:
    times = [results.time(stage, who, case) for who in ("ours", "baseline")]
    return f"{_series(times)} / **{_number(results.ratio(stage, case))}**"


def _series(values: Iterable[float]) -> str:
    return " / ".join(map(_number, values))


def _decimals(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _number(value: float) -> str:
    """Three digits, or all of a larger number."""
    if math.isnan(value):
        return "–"
    return f"{value:.0f}" if value > 999 else f"{value:.3g}"


def _verdict(condition: Condition) -> tuple[str, str]:
    if condition.holds is None:
        return "–", "not measured"
    return condition.measured, "pass" if condition.holds else "**fail**"


def main(
    folder: Annotated[Path, typer.Argument(help="What benchmarks.run left behind.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")] = PAGE,
) -> None:
    """Write the page from results that are there."""
    write_page(read_results(folder), output)


if __name__ == "__main__":
    typer.run(main)
