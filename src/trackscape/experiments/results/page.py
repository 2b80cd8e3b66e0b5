"""The paper's table of results, beside ours on the same kind of hits, as a page of the docs.

Run as ``python -m trackscape.experiments.results DATA -o docs/results.md``, with the folder that
holds ``water_{100,150,200}_val.npz``.
"""

import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from trackscape.assignment import Assigner
from trackscape.evaluation import Summary
from trackscape.experiments.evaluate import evaluate_frames, read_frames
from trackscape.experiments.progress import show_progress
from trackscape.formats import replacing
from trackscape.scoring import METHODS, load_method

PHANTOMS = (100, 150, 200)
PER_FRAME = (50, 100, 150)
MEAN_AT = 100
Cell = tuple[float, float]
Summaries = dict[tuple[str, int, int], Summary]

# Purity and efficiency in %, behind 100, 150 and 200 mm of water; test files of the paper, means
# of five seeds (Kortus, Keidel, Gauger, TMLR 2025; PAT with lambda = 25).
PUBLISHED: dict[str, dict[int, tuple[Cell, Cell, Cell]]] = {
    "line-graph-ptt": {
        50: ((94.9, 83.8), (96.2, 86.9), (96.4, 88.7)),
        100: ((87.4, 75.2), (91.9, 82.4), (91.7, 83.8)),
        150: ((77.5, 65.0), (84.9, 75.3), (87.2, 79.6)),
    },
    "line-graph-pat": {
        50: ((94.9, 83.8), (96.2, 87.0), (96.5, 88.9)),
        100: ((87.3, 75.0), (91.7, 82.1), (92.2, 84.4)),
        150: ((76.7, 64.3), (84.8, 75.1), (87.6, 80.1)),
    },
}
SHOWN = ("strict_purity", "reconstructable_efficiency", "complete_efficiency", "trackml_score")


def main(
    data: Annotated[Path, typer.Argument(help="Folder with water_{100,150,200}_val.npz.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")],
) -> None:
    """Evaluate the shipped weights on the validation files and write the page."""
    summaries: Summaries = {}
    for method in METHODS:
        scorer = load_method(method)
        for per_frame in PER_FRAME:
            for phantom in PHANTOMS:
                frames = read_frames(data / f"water_{phantom}_val.npz", per_frame=per_frame)
                summaries[method, per_frame, phantom] = evaluate_frames(
                    frames,
                    scorer=scorer,
                    assigner=Assigner(),
                    method=method,
                    per_frame=per_frame,
                    progress=show_progress,
                )
    with replacing(output) as partial:
        partial.write_text("\n".join(_page(summaries)) + "\n", encoding="utf-8")


def _page(summaries: Summaries) -> Iterable[str]:
    yield "# Results"
    yield ""
    yield (
        "The shipped weights on the validation files of the Geant4 data (5,000 primaries behind "
        "each phantom, other seeds than the training files; the best validation of a training "
        "was chosen on them), beside the published figures, which are for other Monte Carlo "
        "files of the same detector. 95 % bootstrap intervals over frames. Metrics are explained "
        "in [conventions](conventions.md), the training in [training](training.md). "
        "Regenerate with `make results DATA=folder`. "
        f"Times: {os.cpu_count()} cores, {platform.machine()}, no GPU."
    )
    for method in METHODS:
        yield from _published_metrics(method, summaries)
        yield from _honest_metrics(method, summaries)


def _published_metrics(method: str, summaries: Summaries) -> Iterable[str]:
    yield from ("", f"## {method}", "", "Purity / efficiency as published, in %:", "")
    yield "| p+/F | | " + " | ".join(f"{phantom} mm" for phantom in PHANTOMS) + " |"
    yield "|---|---|---|---|---|"
    for per_frame in PER_FRAME:
        ours = [summaries[method, per_frame, phantom] for phantom in PHANTOMS]
        yield _line(
            per_frame,
            "ours",
            [f"{_with_interval(s, 'purity')} / {_with_interval(s, 'efficiency')}" for s in ours],
        )
        paper = PUBLISHED[method][per_frame]
        yield _line("", "paper", [f"{purity} / {efficiency}" for purity, efficiency in paper])
    purities = [summaries[method, MEAN_AT, phantom].values["purity"] for phantom in PHANTOMS]
    yield ""
    yield (
        f"Mean purity of the three phantoms at {MEAN_AT} p+/F: "
        f"**{100 * sum(purities) / len(purities):.2f} %**."
    )


def _honest_metrics(method: str, summaries: Summaries) -> Iterable[str]:
    yield from ("", "Stricter metrics on the same tracks, in %:", "")
    titles = [name.replace("_", " ") for name in SHOWN]
    yield f"| p+/F | mm | {' | '.join(titles)} | edge TPR | edge FPR | graph ceiling | ms a frame |"
    yield "|" + "---|" * (len(SHOWN) + 6)
    for per_frame in PER_FRAME:
        for phantom in PHANTOMS:
            summary = summaries[method, per_frame, phantom]
            cells = [f"{100 * summary.values[name]:.1f}" for name in SHOWN]
            cells += [f"{100 * summary.values[name]:.2f}" for name in ("edge_tpr", "edge_fpr")]
            cells += [f"{100 * summary.graph_ceiling:.2f}"]
            cells += [f"{1e3 * summary.seconds_per_frame:.0f}"]
            yield _line(per_frame, phantom, cells)


def _with_interval(summary: Summary, name: str) -> str:
    low, high = summary.intervals[name]
    return f"{100 * summary.values[name]:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def _line(*cells: object) -> str:
    *first, rest = cells
    assert isinstance(rest, list)
    return "| " + " | ".join(map(str, [*first, *rest])) + " |"


if __name__ == "__main__":
    typer.run(main)
