"""`trackscape evaluate`: how good the tracks of a simulated file are."""

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
    checked_place,
    open_frames,
)
from trackscape.text import shown


def evaluate(
    file: HitFile,
    per_frame: PerFrame,
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    network: NetworkClass = None,
    detector: Detector = None,
    min_last_deposit: MinLastDeposit = None,
    json: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write all metrics to this file, too.", callback=checked_place()
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
