"""`trackscape inspect`: what a hit file holds."""

from pathlib import Path
from typing import Annotated

import typer


def inspect(
    file: Annotated[Path, typer.Argument(help="Hit file: npz, npy, root, parquet or csv.")],
) -> None:
    """Print what a hit file holds: columns, layers, events, primaries, spots, what is missing."""
    from trackscape.formats import inspect_file

    typer.echo(inspect_file(file).render())
