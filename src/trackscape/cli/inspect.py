"""`trackscape inspect`: what a hit file holds."""

from trackscape.cli.options import HitFile, MaxBytes


def inspect(file: HitFile, max_bytes: MaxBytes = None) -> None:
    """Print what a hit file holds.

    That is: columns, layers, events, primaries, spots, and what is missing.
    """
    from trackscape.formats import HitReport, inspect_file

    report = inspect_file(file, max_bytes=max_bytes)
    print(report.render())
    if isinstance(report, HitReport):
        from trackscape.simulation import describe_detector

        for line in describe_detector(report.layers.depths):
            print(f"  {line}")
