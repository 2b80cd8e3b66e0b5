"""`trackscape detector`: a detector as a table and a picture."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.options import written_file
from trackscape.pictures import PICTURES, save_figure
from trackscape.text import shown


def detector(
    variant: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Shipped variant, or a YAML file that describes a detector."
        ),
    ] = "bergen-auto",
    energy: Annotated[
        list[float] | None,
        typer.Option(
            metavar="MEV",
            help="Proton energy of a WET column; repeat for more. (default: 200 and 100)",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        written_file(*PICTURES, text="Picture of the stack to write: png, pdf or svg."),
    ] = None,
) -> None:
    """Print a detector as a table, and draw it.

    The table has planes, mass per area, radiation lengths and WET of each module.
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
