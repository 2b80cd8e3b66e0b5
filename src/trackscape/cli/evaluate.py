"""`trackscape evaluate`: how good the tracks of a simulated file are."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

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


def evaluate(
    file: HitFile,
    per_frame: PerFrame,
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    max_bytes: MaxBytes = None,
    json: Annotated[Path | None, typer.Option(help="Write all metrics to this file, too.")] = None,
) -> None:
    """Reconstruct a simulated file and compare with its truth.

    Every metric is explained in docs/conventions.md.
    """
    from trackscape.experiments.evaluate import evaluate_frames, read_frames
    from trackscape.experiments.progress import show_progress
    from trackscape.experiments.run_folder import write_json

    name, tracker = choose_tracker(method, weights)
    frames = read_frames(file, per_frame=per_frame, max_bytes=max_bytes)
    summary = evaluate_frames(
        frames,
        tracker=tracker,
        method=name,
        per_frame=per_frame,
        progress=show_progress,
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
    typer.echo(f"{1e3 * summary.seconds_per_frame:.0f} ms per frame")
    if json is not None:
        write_json(json, summary.as_dict())
