"""`trackscape inspect`: what a hit file holds."""

from trackscape.cli.options import HitFile


def inspect(file: HitFile) -> None:
    """Print what a hit file holds.

    That is: columns, layers, events, primaries, spots, and what is missing.
    """
    from trackscape.formats import inspect_file

    print(inspect_file(file).render())
