"""`trackscape inspect`: what a hit file holds."""

import typer

from trackscape.cli.options import HitFile, MaxBytes


def inspect(
    file: HitFile,
    max_bytes: MaxBytes = None,
) -> None:
    """Print what a hit file holds: columns, layers, events, primaries, spots, what is missing."""
    from trackscape.formats import inspect_file

    typer.echo(inspect_file(file, max_bytes=max_bytes).render())
