"""`trackscape inspect`: what a hit file holds."""

from pathlib import Path
from typing import Annotated

import typer


def inspect(
    file: Annotated[Path, typer.Argument(help="Hit file: npz, npy, root, parquet or csv.")],
) -> None:
    """Print what a hit file holds: columns, layers, events, primaries, spots, what is missing."""
    from trackscape.formats.inspect import Report, inspect_file

    report = inspect_file(file)
    typer.echo(report.render())
    if isinstance(report, Report):
        from trackscape.experiments.acceptance import describe_detector

        for line in describe_detector(report.layers.depths):
            typer.echo(f"  {line}")
