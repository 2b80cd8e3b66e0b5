"""`trackscape detector`: a detector as a table and a picture."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.text import shown


def detector(
    variant: Annotated[
        str, typer.Argument(help="Shipped variant, or a YAML file that describes a detector.")
    ] = "bergen-auto",
    energy: Annotated[
        list[float] | None,
        typer.Option(help="Proton energy in MeV of a WET column; repeat for more. [200 and 100]"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Picture of the stack to write.")
    ] = None,
) -> None:
    """Print a detector: planes, g/cm², radiation lengths and WET of each module; draw it."""
    from trackscape.experiments.display_figure import write_png
    from trackscape.simulation.detector import load_detector
    from trackscape.simulation.detector_picture import draw_detector
    from trackscape.simulation.detector_table import render, tabulate
    from trackscape.simulation.materials import shipped_materials

    stack, energies = load_detector(variant), energy or [200.0, 100.0]
    water = shipped_materials()["water"]
    rows = tabulate(stack, energies=energies, water=water)
    typer.echo(f"{shown(stack.name)}\n{shown(stack.source, limit=2000)}\n")
    typer.echo(render(rows, energies=energies, water=water))
    if output is not None:
        write_png(draw_detector(stack), output)
        typer.echo(shown(output))
