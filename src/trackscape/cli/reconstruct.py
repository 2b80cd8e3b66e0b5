"""`trackscape reconstruct`: hits to tracks."""

from pathlib import Path
from typing import Annotated

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
from trackscape.text import shown


def reconstruct(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        Path,
        written_file(".parquet", ".csv", ".npz", text="File to write: parquet, csv or npz."),
    ],
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    network: NetworkClass = None,
    detector: Detector = None,
    min_last_deposit: MinLastDeposit = None,
    max_bytes: MaxBytes = None,
    threads: Threads = None,
) -> None:
    """Reconstruct the tracks of a hit file.

    The output has one row for each hit on a track.
    """
    from trackscape.evaluation.evaluate import Tally, reconstruct_frames
    from trackscape.formats import write_tracks
    from trackscape.progress import show_progress
    from trackscape.tracking.acceptance import describe_acceptance

    prepare(threads)
    _, tracker, found, cut = open_frames(
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
    tracks = reconstruct_frames(
        show_progress(found.frames),
        tracker=tracker,
        min_last_deposit=cut.min_last_deposit,
        tally=tally,
    )
    write_tracks(tracks, output)
    print(cut)
    print(describe_acceptance(tally.total, left_over=found.left_over))
    print(f"{len(found.frames)} frames: {shown(output)}")
