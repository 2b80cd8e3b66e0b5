"""`trackscape display`: pictures of one frame."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.computing import Threads, prepare
from trackscape.cli.options import (
    DEFAULT_METHOD,
    HitFile,
    Method,
    PerFrame,
    Weights,
    choose_tracker,
    written_file,
)
from trackscape.pictures import PICTURES


def display(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        Path,
        written_file(
            *PICTURES,
            ".html",
            text="Picture (png, pdf, svg), beside which a page goes, or the page (html) alone.",
        ),
    ] = Path("frame.png"),
    frame: Annotated[
        int, typer.Option(min=0, metavar="N", help="Number of the frame, from 0 on.")
    ] = 0,
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    threads: Threads = None,
) -> None:
    """Draw the tracks of a frame.

    Besides the picture there is a page to turn and zoom, which needs no network.
    """
    from trackscape.experiments.display import display_frame

    prepare(threads)
    name, tracker = choose_tracker(method, weights)
    written = display_frame(
        file, per_frame=per_frame, number=frame, tracker=tracker, method=name, output=output
    )
    for path in written:
        print(path)
