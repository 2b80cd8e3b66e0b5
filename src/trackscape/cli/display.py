"""`trackscape display`: pictures of one frame."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.computing import Threads, prepare
from trackscape.cli.options import (
    DEFAULT_METHOD,
    Detector,
    HitFile,
    MaxBytes,
    Method,
    MinLastDeposit,
    NetworkClass,
    PerFrame,
    Weights,
    open_frames,
    written_file,
)
from trackscape.pictures import PICTURES
from trackscape.text import shown


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
    network: NetworkClass = None,
    detector: Detector = None,
    min_last_deposit: MinLastDeposit = None,
    max_bytes: MaxBytes = None,
    threads: Threads = None,
) -> None:
    """Draw the tracks of a frame.

    Besides the picture there is a page to turn and zoom, which needs no network.
    """
    from trackscape.display.frame import display_frame
    from trackscape.evaluation.evaluate import Tally
    from trackscape.tracking.acceptance import describe_acceptance

    prepare(threads)
    name, tracker, found, cut = open_frames(
        file,
        per_frame=per_frame,
        method=method,
        weights=weights,
        network=network,
        detector=detector,
        min_last_deposit=min_last_deposit,
        max_bytes=max_bytes,
    )
    tally = Tally()
    written = display_frame(
        file,
        found.frames,
        per_frame=per_frame,
        number=frame,
        tracker=tracker,
        method=name,
        output=output,
        min_last_deposit=cut.min_last_deposit,
        tally=tally,
    )
    print(cut)
    print(f"Frame {frame}: {describe_acceptance(tally.total)}")
    for path in written:
        print(shown(path))
