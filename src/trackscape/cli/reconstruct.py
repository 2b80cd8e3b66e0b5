"""`trackscape reconstruct`: hits to tracks."""

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


def reconstruct(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write: parquet, csv or npz.")
    ],
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    max_bytes: MaxBytes = None,
) -> None:
    """Reconstruct the tracks of a hit file; one row for each hit on a track."""
    from trackscape.experiments.evaluate import read_frames, reconstruct_frames
    from trackscape.experiments.progress import show_progress
    from trackscape.formats import write_tracks

    _, tracker = choose_tracker(method, weights)
    frames = read_frames(file, per_frame=per_frame, max_bytes=max_bytes)
    tracks = reconstruct_frames(show_progress(frames), tracker=tracker)
    write_tracks(tracks, output)
    typer.echo(f"{len(frames)} frames: {shown(output)}")
