"""`trackscape display`: pictures of one frame."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.options import (
    DEFAULT_METHOD,
    HitFile,
    MaxBytes,
    Method,
    PerFrame,
    Weights,
    choose_tracker,
)
from trackscape.text import shown


def display(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Picture; a page goes beside it.")
    ] = Path("frame.png"),
    frame: Annotated[int, typer.Option(min=0, help="Number of the frame.")] = 0,
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    max_bytes: MaxBytes = None,
) -> None:
    """Draw the tracks of a frame: a picture, and a page to turn and zoom that needs no network."""
    from trackscape.experiments.display import display_frame

    name, tracker = choose_tracker(method, weights)
    picture, page = display_frame(
        file,
        per_frame=per_frame,
        number=frame,
        tracker=tracker,
        method=name,
        output=output,
        max_bytes=max_bytes,
    )
    typer.echo(f"{shown(picture)}\n{shown(page)}")
