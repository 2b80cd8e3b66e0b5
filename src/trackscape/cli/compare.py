"""`trackscape compare`: two simulated hit files side by side."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from trackscape.cli.options import MaxBytes
from trackscape.text import shown

Truth = Annotated[
    Path | None,
    typer.Option(help="Table of its primaries; default: NAME_truth.npz beside NAME.npz."),
]
Primaries = Annotated[
    int | None,
    typer.Option(min=1, help="Its number of primaries; default: the table's, or eventID + 1."),
]


def compare(
    a: Annotated[Path, typer.Argument(help="Simulated hits: the reference.")],
    b: Annotated[Path, typer.Argument(help="Simulated hits to compare with it.")],
    truth_a: Truth = None,
    truth_b: Truth = None,
    primaries_a: Primaries = None,
    primaries_b: Primaries = None,
    max_bytes: MaxBytes = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for all numbers (CSV, Markdown) and a picture."
        ),
    ] = None,
) -> None:
    """Compare two simulations: energy, angles, widths, counts, depth and graphs, layer by layer.

    The page comparison.md that -o writes explains every number.
    """
    from trackscape.experiments.comparison import compare_files, print_comparison, write_comparison

    with Console(stderr=True).status(escape(f"{shown(a.name)} and {shown(b.name)}")):
        comparison = compare_files(
            a,
            b,
            truth_a=truth_a,
            truth_b=truth_b,
            primaries_a=primaries_a,
            primaries_b=primaries_b,
            max_bytes=max_bytes,
        )
    print_comparison(comparison, Console())
    if output is not None:
        write_comparison(comparison, output)
        typer.echo(f"{shown(output)}: comparison.md, comparison.csv, distances.csv, comparison.png")
