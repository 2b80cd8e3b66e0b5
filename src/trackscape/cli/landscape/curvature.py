"""`trackscape landscape curvature`: eigenvalues, their density, the trace."""

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


def curvature(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write: json, npz (eigenvectors, too), png, svg, pdf. Repeat for more.",
        ),
    ] = None,
    method: NetworkMethod = DEFAULT_METHOD,
    weights: Weights = None,
    kind: Annotated[
        Literal["hessian", "difference", "gauss-newton", "fisher"],
        typer.Option(
            metavar="hessian|difference|gauss-newton|fisher",
            help="Matrix; difference: the Hessian from differences of gradients.",
        ),
    ] = "hessian",
    step: Annotated[
        float,
        typer.Option(
            metavar="X", help="Step of these differences, relative to the norm of the weights."
        ),
    ] = 1e-3,
    eigenvalues: Annotated[
        int, typer.Option(metavar="N", help="Number of eigenvalues, largest magnitude first.")
    ] = 5,
    products: Annotated[
        int, typer.Option(metavar="N", help="Number of products with vectors, for the trace.")
    ] = 30,
    probes: Annotated[
        int, typer.Option(metavar="N", help="Number of random vectors, for the density.")
    ] = 4,
    frames: Frames = 5,
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
    """Measure how the first loss curves at the weights of a network."""
    from trackscape.tracker_landscape.curvature import measure_curvature

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
    found = measure_curvature(
        config,
        str(weights or method),
        outputs=tuple(output or ()),
        kind=kind,
        step=step,
        eigenvalues=eigenvalues,
        products=products,
        probes=probes,
        computing=make_computing(executor, workers=workers, work=work),
    )
    values, trace = found.eigenpairs.values.tolist(), found.trace
    print(f"{found.eigenpairs.kind} of {found.loss}, {found.density.size:,} parameters")
    print(f"largest eigenvalues: {', '.join(f'{value:.4g}' for value in values)}")
    print(f"trace: {trace.value:.4g} ({trace.low:.4g} to {trace.high:.4g})")
    for path in output or ():
        print(shown(path))
