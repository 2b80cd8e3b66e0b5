"""`trackscape inspect`, `reconstruct`, `evaluate` and `display`: hits to tracks and pictures."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.computing import Threads, prepare
from trackscape.cli.options import (
    DEFAULT_METHOD,
    DetectorName,
    HitFile,
    MaxBytes,
    Method,
    MinLastDeposit,
    NetworkClass,
    PerFrame,
    Weights,
    checked_place,
    open_frames,
    written_file,
)
from trackscape.pictures import PICTURES
from trackscape.text import shown


def inspect_verb(file: HitFile, max_bytes: MaxBytes = None) -> None:
    """Print what a hit file holds.

    Lists columns, layers, events, primaries, beam spots, and what is missing.
    """
    from trackscape.formats import HitReport, inspect_file

    report = inspect_file(file, max_bytes=max_bytes)
    print(report.render())
    if isinstance(report, HitReport):
        from trackscape.simulation import describe_detector

        for line in describe_detector(report.layers.depths):
            print(f"  {line}")


def reconstruct_verb(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        Path,
        written_file(".parquet", ".csv", ".npz", text="File to write: parquet, csv or npz."),
    ],
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    network: NetworkClass = None,
    detector: DetectorName = None,
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


def evaluate_verb(
    file: HitFile,
    per_frame: PerFrame,
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    network: NetworkClass = None,
    detector: DetectorName = None,
    min_last_deposit: MinLastDeposit = None,
    json: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File to which all metrics are written, too.",
            callback=checked_place(),
        ),
    ] = None,
    max_bytes: MaxBytes = None,
    threads: Threads = None,
) -> None:
    """Reconstruct a simulated file and compare with its truth.

    Every metric is explained in docs/conventions.md.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from trackscape.evaluation.evaluate import Tally, evaluate_frames
    from trackscape.files import write_json
    from trackscape.progress import show_progress
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
    summary = evaluate_frames(
        found.frames,
        tracker=tracker,
        method=name,
        per_frame=per_frame,
        progress=show_progress,
        min_last_deposit=cut.min_last_deposit,
        tally=tally,
    )
    table = Table(
        title=escape(f"{shown(file.name)}: {name}, {per_frame} p+/F, {summary.frames} frames")
    )
    table.add_column("metric")
    table.add_column("%", justify="right")
    table.add_column("95 % interval", justify="right")
    for row in summary.rows():
        table.add_row(*row)
    table.add_row("graph ceiling", f"{100 * summary.graph_ceiling:.2f}", "")
    console = Console()
    console.print(table)
    print(cut)
    print(describe_acceptance(tally.total, left_over=found.left_over))
    print(f"{1e3 * summary.seconds_per_frame:.0f} ms per frame")
    if json is not None:
        write_json(json, summary.as_dict())


def display_verb(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        Path,
        written_file(
            *PICTURES,
            ".html",
            text="Picture to write (png, pdf, svg) with a page beside it, or the page (html).",
        ),
    ] = Path("frame.png"),
    frame: Annotated[
        int, typer.Option(min=0, metavar="N", help="Number of the frame, counted from 0.")
    ] = 0,
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    network: NetworkClass = None,
    detector: DetectorName = None,
    min_last_deposit: MinLastDeposit = None,
    max_bytes: MaxBytes = None,
    threads: Threads = None,
) -> None:
    """Draw the tracks of one frame.

    Beside the picture, a page shows them in a view to rotate and zoom; it works offline.
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
