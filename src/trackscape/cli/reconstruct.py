"""`trackscape reconstruct`: hits to tracks."""

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


def reconstruct(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write: parquet, csv or npz.")
    ],
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    detector: Detector = None,
    min_last_deposit: MinLastDeposit = None,
) -> None:
    """Reconstruct the tracks of a hit file; one row for each hit on a track."""
    from trackscape.experiments.acceptance import describe_acceptance
    from trackscape.experiments.evaluate import Tally, reconstruct_frames, split_file
    from trackscape.experiments.progress import show_progress
    from trackscape.formats import write_tracks

    name, tracker = choose_tracker(method, weights)
    found, tally = split_file(file, per_frame=per_frame), Tally()
    cut = choose_cut(
        found.depths,
        detector=detector,
        min_last_deposit=min_last_deposit,
        name=name,
        weights=weights,
    )
    tracks = reconstruct_frames(
        show_progress(found.frames), tracker=tracker, min_last_deposit=cut, tally=tally
    )
    write_tracks(tracks, output)
    typer.echo(describe_acceptance(tally.total, left_over=found.left_over))
    typer.echo(f"{len(found.frames)} frames: {output}")
