"""`trackscape landscape connect`: what lies between two networks."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.computing import Threads, prepare
from trackscape.cli.landscape.options import (
    LOSSES,
    Card,
    ExecutorOption,
    Frames,
    Losses,
    Network,
    NormOption,
    Reject,
    Seed,
    Workers,
    WorkFolder,
    make_computing,
    make_config,
)
from trackscape.cli.options import HitFile, NetworkClass, PerFrame
from trackscape.text import shown


def connect(
    file: HitFile,
    first: Network,
    second: Network,
    per_frame: PerFrame,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write: json, npz (all losses), png, svg, pdf. Repeat for more.",
        ),
    ] = None,
    steps: Annotated[
        int, typer.Option(metavar="N", help="Number of points of each path, with both ends.")
    ] = 25,
    align: Annotated[
        bool, typer.Option(help="Also permute the hidden units of the second network.")
    ] = True,
    curve: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"Loss that a curve is trained by: {LOSSES}. Repeat for more curves.",
        ),
    ] = None,
    curve_data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Hits that curves are trained on. (default: the frames of FILE)"
        ),
    ] = None,
    curve_steps: Annotated[
        int, typer.Option(metavar="N", help="Number of steps of the optimiser.")
    ] = 500,
    bends: Annotated[
        int, typer.Option(metavar="N", help="Number of control points of a curve.")
    ] = 1,
    learning_rate: Annotated[
        float, typer.Option(metavar="X", help="Learning rate of the optimiser.")
    ] = 1e-3,
    frames: Frames = 20,
    loss: Losses = None,
    reject: Reject = 0.5,
    card: Card = False,
    norm: NormOption = None,
    seed: Seed = 0,
    network: NetworkClass = None,
    workers: Workers = 1,
    executor: ExecutorOption = None,
    work: WorkFolder = None,
    threads: Threads = None,
) -> None:
    """Follow the losses from one network to another: on a line, and along trained curves."""
    from trackscape.tracker_landscape.connect import CurveConfig, connect_networks

    prepare(threads)
    config = make_config(
        file,
        per_frame=per_frame,
        frames=frames,
        losses=loss,
        reject=reject,
        card=card,
        norm=norm,
        seed=seed,
        network=network,
    )
    found = connect_networks(
        config,
        (first, second),
        outputs=tuple(output or ()),
        steps=steps,
        aligned=align,
        curve=CurveConfig(
            losses=tuple(curve or ()),
            file=curve_data,
            bends=bends,
            steps=curve_steps,
            learning_rate=learning_rate,
        ),
        computing=make_computing(executor, workers=workers, work=work),
    )
    for path in found.paths:
        for summary in path.summaries:
            barrier = summary.barrier
            print(
                f"{path.name}, {summary.name}: barrier {barrier.value:.4g} +- "
                f"{barrier.standard_error:.2g} at {barrier.time:.2f}"
            )
    for path in output or ():
        print(shown(path))
