"""`trackscape simulate`, `detector` and `compare`: hits made, where, and beside other ones."""

import math
from pathlib import Path
from typing import Annotated, Literal

import typer

from trackscape.cli.computing import Threads, prepare
from trackscape.cli.options import MaxBytes, checked_place, option, written_file
from trackscape.pictures import PICTURES, save_figure
from trackscape.text import shown

TruthTable = Annotated[
    Path | None,
    option("FILE", "Table of the primaries. (default: NAME_truth.npz beside NAME.npz)"),
]
Primaries = Annotated[
    int | None,
    option("N", "Number of primaries. (default: that of the table, or eventID + 1)", min=1),
]


def simulate_verb(
    output: Annotated[Path, written_file(".npz", text="File of hits to write: npz.")],
    phantom: Annotated[
        str, option("NAME", "none, water:MM, wedge, ctp404, or labelled voxels (npz, mhd).")
    ] = "water:100",
    primaries: Annotated[
        int, option("N", "Number of protons to simulate.", "--primaries", "-n")
    ] = 20_000,
    seed: Annotated[int, option("N", "Random seed.")] = 0,
    engine: Annotated[
        Literal["fast", "geant4"],
        option("fast|geant4", "Simulation engine; geant4 needs the extra `geant4`."),
    ] = "fast",
    detector: Annotated[
        str, option("NAME", "Variant (see `trackscape detector`) or YAML file.")
    ] = "bergen-auto",
    beam: Annotated[
        str,
        option(
            "NAME=VALUE,...",
            "Parameters that differ from energy=230,spread=0.4,spot=3.8,divergence=2,"
            "source=-500,magnet=6600 (MeV, %, mm, mrad, mm, mm).",
        ),
    ] = "",
    plan: Annotated[
        Path | None, option("FILE", "CSV of spots: spotX, spotY (mm), weight, energy (MeV).")
    ] = None,
    angle: Annotated[float, option("DEGREES", "Rotation angle of the phantom.")] = 0.0,
    truth: Annotated[
        Path | None,
        option(
            "FILE",
            "File (npz) to write with a row for each primary, too.",
            callback=checked_place(".npz"),
        ),
    ] = None,
    law: Annotated[
        Literal["geant4", "theory"],
        option("geant4|theory", "Scattering of the fast engine: as in Geant4's steps, or theory."),
    ] = "geant4",
    threads: Annotated[
        int | None,
        option(
            "N",
            "Threads of the fast engine, or processes of geant4. (default: one per core)",
            min=1,
        ),
    ] = None,
) -> None:
    """Simulate protons through a phantom into the detector.

    The result depends on the options and the seed, not on the number of cores.
    """
    from trackscape.compiled import announce_compilation
    from trackscape.progress import show_primaries
    from trackscape.simulation import make_setup, simulate

    setup = make_setup(
        detector=detector,
        phantom=phantom,
        beam=beam,
        plan=plan,
        angle=math.radians(angle),
        condensed_history=law,
    )
    announce_compilation()
    rows = simulate(
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


def detector_verb(
    variant: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Shipped variant, or a YAML file that describes a detector."
        ),
    ] = "bergen-auto",
    energy: Annotated[
        list[float] | None,
        option(
            "MEV", "Proton energy of a WET column; repeat for more columns. (default: 200 and 100)"
        ),
    ] = None,
    output: Annotated[
        Path | None,
        written_file(*PICTURES, text="Picture of the stack to write: png, pdf or svg."),
    ] = None,
) -> None:
    """Print a detector as a table, and draw it.

    The table lists planes, mass per area, radiation lengths and WET of each module.
    """
    from trackscape.simulation import load_detector, shipped_materials
    from trackscape.simulation.setup.detector_view import (
        draw_detector,
        module_table,
        tabulate_modules,
    )

    stack, energies = load_detector(variant), energy or [200.0, 100.0]
    water = shipped_materials()["water"]
    rows = tabulate_modules(stack, energies=energies, water=water)
    print(f"{shown(stack.name)}\n{shown(stack.source, limit=2000)}\n")
    print(module_table(rows, energies=energies, water=water))
    if output is not None:
        save_figure(draw_detector(stack), output, dpi=150)
        print(shown(output))


def compare_verb(
    a: Annotated[Path, typer.Argument(metavar="A", help="Simulated hits: the reference.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Simulated hits to compare with it.")],
    truth_a: TruthTable = None,
    truth_b: TruthTable = None,
    primaries_a: Primaries = None,
    primaries_b: Primaries = None,
    output: Annotated[
        Path | None,
        option("FOLDER", "Folder for all numbers (CSV, Markdown) and a picture.", "--output", "-o"),
    ] = None,
    max_bytes: MaxBytes = None,
    threads: Threads = None,
) -> None:
    """Compare two simulations, layer by layer.

    Compares deposits, angles, beam widths, counts, stopping depths and graph sizes. With -o, the
    page comparison.md explains every number.
    """
    from rich.console import Console

    from trackscape.comparison import compare_files, print_comparison, write_comparison
    from trackscape.files import check_place
    from trackscape.progress import show_status

    prepare(threads)
    if output is not None:
        check_place(output / "comparison.md")
    with show_status(f"{shown(a.name)} and {shown(b.name)}"):
        comparison = compare_files(
            a,
            b,
            truth_a=truth_a,
            truth_b=truth_b,
            primaries_a=primaries_a,
            primaries_b=primaries_b,
            max_bytes=max_bytes,
        )
    print_comparison(comparison, Console())
    if output is not None:
        write_comparison(comparison, output)
        print(f"{shown(output)}: comparison.md, comparison.csv, distances.csv, comparison.png")
