"""Run as ``python -m studies.results DATA -o docs/results.md``."""

from pathlib import Path
from typing import Annotated

import typer

from studies.data_sets import PHANTOMS
from studies.results.curve import draw_curves, measure_curves
from studies.results.measure import (
    PER_FRAME,
    Choice,
    measure,
    seeds_of_default,
)
from studies.results.page import write_page
from trackscape.tracking import TRACKERS, load_tracker


def main(
    data: Annotated[Path, typer.Argument(help="Folder with water_{100,150,200}_test.npz.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")],
    runs: Annotated[
        Path, typer.Option(help="Folder with trainings of the default with several seeds.")
    ] = Path("docs/runs"),
    per_frame: Annotated[list[int] | None, typer.Option(help="Primaries per frame.")] = None,
    phantom: Annotated[list[int] | None, typer.Option(help="Millimetres of water.")] = None,
    most: Annotated[int | None, typer.Option(help="Frames of each file; all if left out.")] = None,
) -> None:
    """Evaluate every method on the test files, then write the page and its figure."""
    choice = Choice(per_frame or PER_FRAME, phantom or PHANTOMS, most)
    methods = {name: load_tracker(name) for name in TRACKERS}
    measured = measure(data, choice, trackers=methods | seeds_of_default(runs))
    summaries = {key: summary for key, summary in measured.items() if key[0] in methods}
    seeds = {key: summary for key, summary in measured.items() if key[0] not in methods}
    figure = output.parent / "images" / "purity_and_efficiency.png"
    figure.parent.mkdir(parents=True, exist_ok=True)
    draw_curves(measure_curves(data, choice), summaries, figure)
    write_page(summaries, output, seeds=seeds)


if __name__ == "__main__":
    typer.run(main)
