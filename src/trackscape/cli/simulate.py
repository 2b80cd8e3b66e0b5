"""`trackscape simulate`: beam, phantom and detector to hits."""

import math
from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.options import checked_place, written_file
from trackscape.text import shown


def simulate(
    output: Annotated[Path, written_file(".npz", text="File of hits to write: npz.")],
    phantom: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="none, water:MM, wedge, ctp404, or labelled voxels (npz, mhd)."
        ),
    ] = "water:100",
    primaries: Annotated[
        int, typer.Option("--primaries", "-n", metavar="N", help="Protons to simulate.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the random numbers.")] = 0,
    engine: Annotated[
        str,
        typer.Option(metavar="fast|geant4", help="Who simulates; geant4 needs the extra `geant4`."),
    ] = "fast",
    detector: Annotated[
        str, typer.Option(metavar="NAME", help="Variant (see `trackscape detector`) or YAML file.")
    ] = "bergen-auto",
    beam: Annotated[
        str,
        typer.Option(
            metavar="NAME=VALUE,...",
            help="What differs from energy=230,spread=0.4,spot=3.8,divergence=2,source=-500,"
            "magnet=6600 (MeV, %, mm, mrad, mm, mm).",
        ),
    ] = "",
    plan: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of spots: spotX, spotY (mm), weight, energy (MeV)."),
    ] = None,
    angle: Annotated[float, typer.Option(metavar="DEGREES", help="Rotation of the phantom.")] = 0.0,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a row for each primary to this npz file, too.",
            callback=checked_place(".npz"),
        ),
    ] = None,
    law: Annotated[
        str,
        typer.Option(
            metavar="geant4|theory", help="Of the fast engine: as Geant4's steps do, or theory."
        ),
    ] = "geant4",
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Threads of the fast engine, processes of geant4. (default: one for each core)",
        ),
    ] = None,
) -> None:
    """Simulate protons through a phantom into the detector.

    The result depends on the options and the seed, not on the number of cores.
    """
    from trackscape.cli.compilation import announce_compilation
    from trackscape.progress import show_primaries
    from trackscape.simulation import make_setup
    from trackscape.simulation import simulate as run

    setup = make_setup(
        detector=detector,
        phantom=phantom,
        beam=beam,
        plan=plan,
        angle=math.radians(angle),
        condensed_history=law,
    )
    announce_compilation()
    rows = run(
        setup,
        output,
        primaries=primaries,
        seed=seed,
        engine=engine,
        truth=truth,
        threads=threads,
        progress=show_primaries,
    )
    print(f"{primaries:,} primaries, {rows:,} hits: {shown(output)}")
