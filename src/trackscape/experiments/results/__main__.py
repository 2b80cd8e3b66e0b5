"""Run as ``python -m trackscape.experiments.results DATA -o docs/results.md``."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.experiments.results.curve import draw_curves, measure_curves
from trackscape.experiments.results.measure import PER_FRAME, PHANTOMS, Choice, measure
from trackscape.experiments.results.page import write_page


def main(
    data: Annotated[Path, typer.Argument(help="Folder with water_{100,150,200}_val.npz.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")],
    per_frame: Annotated[list[int] | None, typer.Option(help="Primaries per frame.")] = None,
    phantom: Annotated[list[int] | None, typer.Option(help="Millimetres of water.")] = None,
    most: Annotated[int | None, typer.Option(help="Frames of each file; all if left out.")] = None,
) -> None:
    """Evaluate every method on the validation files, then write the page and its figure."""
    choice = Choice(per_frame or PER_FRAME, phantom or PHANTOMS, most)
    summaries = measure(data, choice)
    figure = output.parent / "images" / "purity_and_efficiency.png"
    figure.parent.mkdir(parents=True, exist_ok=True)
    draw_curves(measure_curves(data, choice), summaries, figure)
    write_page(summaries, output)


if __name__ == "__main__":
    typer.run(main)
