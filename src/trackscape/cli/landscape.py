"""`trackscape landscape`: what the loss of a network looks like around its weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from trackscape.cli.completion import LOSSES, NETWORKS, among
from trackscape.cli.computing import add_verb
from trackscape.cli.landscape_options import (
    Frames,
    Network,
    NetworkMethod,
    Options,
    spread_options,
)
from trackscape.cli.options import DEFAULT_METHOD, HitFile, PerFrame, Weights, option
from trackscape.cli.output import Json, publish, say
from trackscape.text import shown


def _files(endings: str) -> Any:
    return typer.Option("--output", "-o", metavar="FILE", help=f"File to write: {endings}.")


def surface(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        list[Path], _files("npz (all losses), csv, json, html, vts, png, svg, pdf; repeat it")
    ],
    method: NetworkMethod = DEFAULT_METHOD,
    weights: Weights = None,
    through: Annotated[
        list[str] | None,
        option(
            "NETWORK",
            "Method or weights that the grid passes through, instead of around one network, "
            "such as a stage of a training. Repeat it: 2 for a line, 3 or more for a plane.",
            autocompletion=among(NETWORKS),
        ),
    ] = None,
    along: Annotated[
        Literal["random", "hessian"], option("random|hessian", "Directions around one network.")
    ] = "random",
    dimensions: Annotated[
        int | None, option("N", "Number of directions. (default: 2, or 1 for a line)")
    ] = None,
    steps: Annotated[int, option("N", "Number of points along each direction.")] = 25,
    extent: Annotated[
        float | None, option("X", "Largest coordinate. (default: 1, or a margin around --through)")
    ] = None,
    scale: Annotated[
        Literal["filter", "layer", "tensor", "none"] | None,
        option(
            "filter|layer|tensor|none",
            "Parts of a network in which directions are as long as its weights. (default: "
            "filter; tensor for hessian)",
        ),
    ] = None,
    frames: Frames = 20,
    json: Json = None,
    *,
    options: Options,
) -> None:
    """Draw losses on a grid: around a network, or through several."""
    from trackscape.tracker_landscape.outputs import files_of, surface_as_dict
    from trackscape.tracker_landscape.surface import compute_surface

    found = compute_surface(
        options.configure(file, per_frame=per_frame, frames=frames),
        [*map(str, [weights] if weights else []), *(through or [])] or [method],
        outputs=output,
        along=along,
        dimensions=dimensions,
        steps=steps,
        extent=extent,
        scale=scale,
        computing=options.computing(),
    )
    written = files_of(output, found)

    def show() -> None:
        for name in found.names:
            mean = found.mean(name)[found.finite(name)]
            span = f"{mean.min():.4g} to {mean.max():.4g}" if len(mean) else "nowhere a number"
            print(f"{name}: {span}")
        _say_paths(written)

    publish(surface_as_dict(found), json, show)


def curvature(
    file: HitFile,
    per_frame: PerFrame,
    output: Annotated[
        list[Path] | None, _files("json, npz (eigenvectors, too), png, svg, pdf. Repeat for more")
    ] = None,
    method: NetworkMethod = DEFAULT_METHOD,
    weights: Weights = None,
    kind: Annotated[
        Literal["hessian", "difference", "gauss-newton", "fisher"],
        option(
            "hessian|difference|gauss-newton|fisher",
            "Matrix; difference: the Hessian from differences of gradients.",
        ),
    ] = "hessian",
    step: Annotated[
        float, option("X", "Step of these differences, relative to the norm of the weights.")
    ] = 1e-3,
    eigenvalues: Annotated[int, option("N", "Number of eigenvalues, largest magnitude first.")] = 5,
    products: Annotated[int, option("N", "Number of products with vectors, for the trace.")] = 30,
    probes: Annotated[int, option("N", "Number of random vectors, for the density.")] = 4,
    frames: Frames = 5,
    json: Json = None,
    *,
    options: Options,
) -> None:
    """Measure how the first loss curves at the weights of a network."""
    from trackscape.tracker_landscape.curvature import measure_curvature

    found = measure_curvature(
        options.configure(file, per_frame=per_frame, frames=frames),
        str(weights or method),
        outputs=tuple(output or ()),
        kind=kind,
        step=step,
        eigenvalues=eigenvalues,
        products=products,
        probes=probes,
        computing=options.computing(),
    )
    values, trace = found.eigenpairs.values.tolist(), found.trace

    def show() -> None:
        print(f"{found.eigenpairs.kind} of {found.loss}, {found.density.size:,} parameters")
        print(f"largest eigenvalues: {', '.join(f'{value:.4g}' for value in values)}")
        print(f"trace: {trace.value:.4g} ({trace.low:.4g} to {trace.high:.4g})")
        _say_paths(output)

    publish(found.as_dict(), json, show)


def connect(
    file: HitFile,
    first: Network,
    second: Network,
    per_frame: PerFrame,
    output: Annotated[
        list[Path] | None, _files("json, npz (all losses), png, svg, pdf. Repeat for more")
    ] = None,
    steps: Annotated[int, option("N", "Number of points of each path, with both ends.")] = 25,
    align: Annotated[
        bool, typer.Option(help="Also permute the hidden units of the second network.")
    ] = True,
    curve: Annotated[
        list[str] | None,
        option(
            "NAME",
            f"Loss that a curve is trained by: {', '.join(LOSSES)}. Repeat for more curves.",
            autocompletion=among(LOSSES),
        ),
    ] = None,
    curve_data: Annotated[
        Path | None,
        option("FILE", "Hits that curves are trained on. (default: the frames of FILE)"),
    ] = None,
    curve_steps: Annotated[int, option("N", "Number of steps of the optimiser.")] = 500,
    bends: Annotated[int, option("N", "Number of control points of a curve.")] = 1,
    learning_rate: Annotated[float, option("X", "Learning rate of the optimiser.")] = 1e-3,
    frames: Frames = 20,
    json: Json = None,
    *,
    options: Options,
) -> None:
    """Follow the losses from one network to another: on a line, and along trained curves."""
    from trackscape.tracker_landscape.connect import CurveConfig, connect_networks

    found = connect_networks(
        options.configure(file, per_frame=per_frame, frames=frames),
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
        computing=options.computing(),
    )

    def show() -> None:
        for path in found.paths:
            for summary in path.summaries:
                barrier = summary.barrier
                print(
                    f"{path.name}, {summary.name}: barrier {barrier.value:.4g} +- "
                    f"{barrier.standard_error:.2g} at {barrier.time:.2f}"
                )
        _say_paths(output)

    publish(found.as_dict(), json, show)


def similarity(
    file: HitFile,
    first: Network,
    second: Network,
    per_frame: PerFrame,
    output: Annotated[list[Path] | None, _files("json")] = None,
    frames: Frames = 20,
    json: Json = None,
    *,
    options: Options,
) -> None:
    """Compare what the layers of two networks compute, and what they decide."""
    from trackscape.tracker_landscape.similarity import compare_networks

    config = options.configure(file, per_frame=per_frame, frames=frames)
    found = compare_networks(config, (first, second), outputs=tuple(output or ()))

    def show() -> None:
        for name, layer in found.layers.items():
            print(f"CKA of {name}: {layer.value:.3f} +- {layer.standard_error:.3f}")
        a, b = (100 * error for error in found.errors)
        print(f"wrong decisions: {a:.3f} % and {b:.3f} %")
        print(
            f"decided differently: {100 * found.differing:.3f} %; disagreement "
            f"{found.disagreement:.3f} (by chance {found.by_chance:.3f})"
        )
        _say_paths(output)

    publish(found.as_dict(), json, show)


def _say_paths(paths: Sequence[Path] | None) -> None:
    for path in paths or ():
        say(shown(path))


app = typer.Typer(
    no_args_is_help=True, help="Loss landscapes: surfaces, curvature, paths, similarity."
)
for verb, without in {
    surface: (),
    curvature: (),
    connect: (),
    similarity: ("loss", "norm", "workers", "executor", "work"),
}.items():
    command = spread_options(verb, without=without)
    add_verb(app, command, then="With --work FOLDER, the same command goes on from there.")
