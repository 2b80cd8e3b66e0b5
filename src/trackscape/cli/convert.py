"""`trackscape convert`: hits from one format into another."""

from pathlib import Path
from typing import Annotated

from trackscape.cli.options import MaxBytes, PipedFile, option
from trackscape.cli.pipes import checked_output, from_standard_input, is_piped, to_standard_output
from trackscape.text import shown


def convert_verb(
    file: PipedFile,
    output: Annotated[
        Path,
        option(
            "FILE",
            "File to write (parquet, csv, root or npz), or folder NAME.trackml for files of "
            "TrackML; - is standard output as csv, -.parquet as parquet.",
            "--output",
            "-o",
            callback=checked_output,
        ),
    ],
    max_bytes: MaxBytes = None,
) -> None:
    """Write the hits of a file in another format.

    The columns are the published ones; others are left out.
    """
    from trackscape.formats import read_hits, write_hits

    with to_standard_output(output) as place:
        with from_standard_input(file) as path:
            hits = read_hits(path, max_bytes=max_bytes)
        write_hits(hits, place)
        print(f"{len(hits):,} hits: {'standard output' if is_piped(output) else shown(output)}")
