"""`trackscape reconstruct`: hits to tracks."""

from pathlib import Path
from typing import Annotated

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


def reconstruct(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        Path,
        written_file(".parquet", ".csv", ".npz", text="File to write: parquet, csv or npz."),
    ],
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    threads: Threads = None,
) -> None:
    """Reconstruct the tracks of a hit file.

    The output has one row for each hit on a track.
    """
    from trackscape.experiments.evaluate import read_frames, reconstruct_frames
    from trackscape.experiments.progress import show_progress
    from trackscape.formats import write_tracks

    prepare(threads)
    _, tracker = choose_tracker(method, weights)
    frames = read_frames(file, per_frame=per_frame)
    tracks = reconstruct_frames(show_progress(frames), tracker=tracker)
    write_tracks(tracks, output)
    print(f"{len(frames)} frames: {output}")
