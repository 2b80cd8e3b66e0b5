"""`trackscape display`: pictures of one frame."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.options import (
    DEFAULT_METHOD,
    Detector,
    HitFile,
    Method,
    MinLastDeposit,
    PerFrame,
    Weights,
    choose_cut,
    choose_tracker,
)


def display(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Picture; a page goes beside it.")
    ] = Path("frame.png"),
    frame: Annotated[int, typer.Option(min=0, help="Number of the frame.")] = 0,
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    detector: Detector = None,
    min_last_deposit: MinLastDeposit = None,
) -> None:
    """Draw the tracks of a frame: a picture, and a page to turn and zoom that needs no network."""
    from trackscape.experiments.acceptance import describe_acceptance
    from trackscape.experiments.display import display_frame
    from trackscape.experiments.evaluate import Tally, split_file

    name, tracker = choose_tracker(method, weights)
    found, tally = split_file(file, per_frame=per_frame), Tally()
    cut = choose_cut(
        found.depths,
        detector=detector,
        min_last_deposit=min_last_deposit,
        name=name,
        weights=weights,
    )
    picture, page = display_frame(
        file,
        per_frame=per_frame,
        number=frame,
        tracker=tracker,
        method=name,
        output=output,
        frames=found.frames,
        min_last_deposit=cut,
        tally=tally,
    )
    typer.echo(f"Frame {frame}: {describe_acceptance(tally.total)}")
    typer.echo(f"{picture}\n{page}")
