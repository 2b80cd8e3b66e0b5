"""`trackscape compare`: two simulated hit files side by side."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.computing import Threads, prepare
from trackscape.cli.options import MaxBytes
from trackscape.text import shown

Truth = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Table of its primaries; default: NAME_truth.npz beside NAME.npz."
    ),
]
Primaries = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Its number of primaries; default: the table's, or eventID + 1."
    ),
]


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="Simulated hits: the reference.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Simulated hits to compare with it.")],
    truth_a: Truth = None,
    truth_b: Truth = None,
    primaries_a: Primaries = None,
    primaries_b: Primaries = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Folder for all numbers (CSV, Markdown) and a picture.",
        ),
    ] = None,
    max_bytes: MaxBytes = None,
    threads: Threads = None,
) -> None:
    """Compare two simulations, layer by layer.

    Compared are deposits, angles, widths, counts, depths and graphs. The page comparison.md that -o
    writes explains every number.
    """
    from rich.console import Console

    from trackscape.comparison import compare_files, print_comparison, write_comparison
    from trackscape.files import check_place
    from trackscape.progress import show_status

    prepare(threads)
    if output is not None:
        check_place(output / "comparison.md")
    with show_status(f"{shown(a.name)} and {shown(b.name)}"):
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
        print(f"{shown(output)}: comparison.md, comparison.csv, distances.csv, comparison.png")
