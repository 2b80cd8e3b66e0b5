"""`trackscape landscape surface`: losses on a grid."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from trackscape.cli.computing import Threads, prepare
from trackscape.cli.landscape.options import (
    Card,
    ExecutorName,
    Frames,
    Losses,
    NetworkMethod,
    Norm,
    Reject,
    Seed,
    Work,
    Workers,
    make_computing,
    make_setting,
)
from trackscape.cli.options import DEFAULT_METHOD, HitFile, PerFrame, Weights
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
    norm: Norm = None,
    seed: Seed = 0,
    workers: Workers = 1,
    executor: ExecutorName = None,
    work: Work = None,
    threads: Threads = None,
) -> None:
    """Draw losses on a grid: around a network, or through several."""
    from trackscape.tracker_landscape.surface import compute_surface
    from trackscape.tracker_landscape.surface_files import files_of

    prepare(threads)
    setting = make_setting(
        file,
        per_frame=per_frame,
        frames=frames,
        losses=loss,
        reject=reject,
        card=card,
        norm=norm,
        seed=seed,
    )
    found = compute_surface(
        setting,
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
