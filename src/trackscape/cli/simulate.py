"""`trackscape simulate`: beam, phantom and detector to hits."""

import math
from pathlib import Path
from typing import Annotated

import typer

from trackscape.text import shown


def simulate(
    output: Annotated[Path, typer.Option("--output", "-o", help="File of hits to write: npz.")],
    phantom: Annotated[
        str,
        typer.Option(help="none, water:MM, wedge, ctp404, or labelled voxels (npz, mhd)."),
    ] = "water:100",
    primaries: Annotated[
        int, typer.Option("--primaries", "-n", help="Protons to simulate.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 0,
    engine: Annotated[
        str, typer.Option(help="fast, or geant4 (needs the extra `geant4`).")
    ] = "fast",
    detector: Annotated[
        str, typer.Option(help="Variant (see `trackscape detector`) or YAML file.")
    ] = "bergen-auto",
    beam: Annotated[
        str,
        typer.Option(
            help="What differs from energy=230,spread=0.4,spot=3.8,divergence=2,source=-500,"
            "magnet=6600 (MeV, %, mm, mrad, mm, mm)."
        ),
    ] = "",
    plan: Annotated[
        Path | None, typer.Option(help="CSV of spots: spotX, spotY (mm), weight, energy (MeV).")
    ] = None,
    angle: Annotated[float, typer.Option(help="Rotation of the phantom in degrees.")] = 0.0,
    truth: Annotated[
        Path | None, typer.Option(help="Write a row for each primary to this npz file, too.")
    ] = None,
    law: Annotated[
        str,
        typer.Option(help="Of the fast engine: geant4 (as Geant4's steps do) or theory."),
    ] = "geant4",
) -> None:
    """Simulate protons through a phantom into the detector and write their hits.

    The result depends on the options and the seed, not on the number of cores.
    """
    from trackscape.experiments.progress import show_primaries
    from trackscape.simulation.setup import make_setup
    from trackscape.simulation.simulate import simulate as run

    setup = make_setup(
        detector=detector,
        phantom=phantom,
        beam=beam,
        plan=plan,
        angle=math.radians(angle),
        law=law,
    )
    try:
        rows = run(
            setup,
            output,
            primaries=primaries,
            seed=seed,
            engine=engine,
            truth=truth,
            progress=show_primaries,
        )
    except KeyboardInterrupt:
        typer.echo("Interrupted. Nothing was written.", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"{primaries:,} primaries, {rows:,} hits: {shown(output)}")
