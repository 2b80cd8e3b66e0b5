"""`trackscape landscape surface`: losses on a grid."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from trackscape.cli.computing import Threads, prepare
from trackscape.cli.landscape.options import (
    Card,
    ExecutorOption,
    Frames,
    Losses,
    NetworkMethod,
    NormOption,
    Reject,
    Seed,
    Workers,
    WorkFolder,
    make_computing,
    make_config,
)
from trackscape.cli.options import DEFAULT_METHOD, HitFile, NetworkClass, PerFrame, Weights
from trackscape.text import shown


def surface(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        list[Path],
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write: npz (all losses), csv, json, html, vts, png, svg, pdf; repeat it.",
        ),
    ],
    method: NetworkMethod = DEFAULT_METHOD,
    weights: Weights = None,
    through: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NETWORK",
            help="Method or weights that the grid passes through, instead of around one network, "
            "such as a stage of a training. Repeat it: 2 for a line, 3 or more for a plane.",
        ),
    ] = None,
    along: Annotated[
        Literal["random", "hessian"],
        typer.Option(metavar="random|hessian", help="Directions around one network."),
    ] = "random",
    dimensions: Annotated[
        int | None,
        typer.Option(metavar="N", help="Number of directions. (default: 2, or 1 for a line)"),
    ] = None,
    steps: Annotated[
        int, typer.Option(metavar="N", help="Number of points along each direction.")
    ] = 25,
    extent: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Largest coordinate. (default: 1, or a margin around --through)"
        ),
    ] = None,
    scale: Annotated[
        Literal["filter", "layer", "tensor", "none"] | None,
        typer.Option(
            metavar="filter|layer|tensor|none",
            help="Parts of a network in which directions are as long as its weights. (default: "
            "filter; tensor for hessian)",
        ),
    ] = None,
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
    """Draw losses on a grid: around a network, or through several."""
    from trackscape.tracker_landscape.outputs import files_of
    from trackscape.tracker_landscape.surface import compute_surface

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
    found = compute_surface(
        config,
        [*map(str, [weights] if weights else []), *(through or [])] or [method],
        outputs=output,
        along=along,
        dimensions=dimensions,
        steps=steps,
        extent=extent,
        scale=scale,
        computing=make_computing(executor, workers=workers, work=work),
    )
    for name in found.names:
        mean = found.mean(name)[found.finite(name)]
        span = f"{mean.min():.4g} to {mean.max():.4g}" if len(mean) else "nowhere a number"
        print(f"{name}: {span}")
    print("\n".join(map(shown, files_of(output, found))))
