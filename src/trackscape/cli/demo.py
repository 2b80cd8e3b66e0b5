"""`trackscape demo`: everything once, in three minutes."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.text import shown


def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with your own *_train and *_val hit files; default: the shipped sample."
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the report.")] = Path(
        "demo"
    ),
) -> None:
    """Train a network through the assignment, reconstruct, evaluate, and write an HTML report."""
    from trackscape.experiments.demo import run_demo

    report = run_demo(data=data, output=output)
    typer.echo(f"Report: {shown(report)}")
