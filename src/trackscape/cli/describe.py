"""`trackscape detector`, `phantom` and `compare`: what is simulated, and how far results agree."""

from pathlib import Path
from typing import Annotated, Any

import typer

from trackscape.cli.completion import PHANTOMS, among, detectors
from trackscape.cli.computing import Threads, prepare
from trackscape.cli.options import MaxBytes, option, written_file
from trackscape.cli.output import Json, publish, say
from trackscape.files import check_place
from trackscape.pictures import PICTURES, save_figure
from trackscape.text import shown

TruthTable = Annotated[
    Path | None, option("FILE", "Table of the primaries. (default: NAME_truth.npz beside NAME.npz)")
]
Primaries = Annotated[
    int | None,
    option("N", "Number of primaries. (default: that of the table, or eventID + 1)", min=1),
]


def detector_verb(
    variant: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="Shipped variant, or a YAML file that describes a detector.",
            autocompletion=detectors,
        ),
    ] = "bergen-auto",
    energy: Annotated[
        list[float] | None,
        option(
            "MEV", "Proton energy of a WET column; repeat for more columns. (default: 200 and 100)"
        ),
    ] = None,
    output: Annotated[
        Path | None, written_file(*PICTURES, text="Picture of the stack to write: png, pdf or svg.")
    ] = None,
    json: Json = None,
) -> None:
    """Print a detector as a table, and draw it.

    The table lists planes, mass per area, radiation lengths and WET of each module.
    """
    from trackscape.simulation import load_detector, shipped_materials
    from trackscape.simulation.setup import detector_view

    stack, energies = load_detector(variant), energy or [200.0, 100.0]
    water = shipped_materials()["water"]
    rows = detector_view.tabulate_modules(stack, energies=energies, water=water)
    content = {
        "name": stack.name,
        "source": stack.source,
        "energies": energies,
        "modules": [row._asdict() for row in rows],
        "all": detector_view.sum_of_modules(rows)._asdict(),
    }
    if output is not None:
        save_figure(detector_view.draw_detector(stack), output, dpi=150)

    def show() -> None:
        print(f"{shown(stack.name)}\n{shown(stack.source, limit=2000)}\n")
        print(detector_view.module_table(rows, energies=energies, water=water))
        if output is not None:
            say(shown(output))

    publish(content, json, show)


def phantom_verb(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Phantom, as `trackscape simulate --phantom`.",
            autocompletion=among(PHANTOMS),
        ),
    ],
    energy: Annotated[float, option("MEV", "Proton energy of the stopping powers.")] = 190.0,
    output: Annotated[
        Path | None,
        written_file(".npz", text="Labelled voxels to write: npz, and a yaml file beside it."),
    ] = None,
    json: Json = None,
) -> None:
    """Print the materials and inserts of a phantom with their stopping powers; write its voxels.

    RSP is the stopping power relative to that of water, whose mean excitation energy is 78 eV.
    """
    from trackscape.simulation import parse_phantom, relative_stopping_power, write_phantom

    phantom = parse_phantom(name)
    content: dict[str, Any] = {
        "name": phantom.name,
        "energy": energy,
        "voxels": phantom.labels.shape,
        "size": [float(edges[-1] - edges[0]) for edges in phantom.edges],
        "materials": [
            {
                "name": material.name,
                "density": material.density,
                "rsp": relative_stopping_power(material, energy),
            }
            for material in phantom.materials
        ],
        "inserts": [
            {
                "name": insert.name,
                "x": insert.x,
                "z": insert.z,
                "radius": insert.radius,
                "rsp": relative_stopping_power(insert.material, energy),
            }
            for insert in phantom.inserts
        ],
    }
    if output is not None:
        write_phantom(phantom, output)

    def show() -> None:
        _print_phantom(content)
        if output is not None:
            say(shown(output))

    publish(content, json, show)


def _print_phantom(content: dict[str, Any]) -> None:
    boxes = " x ".join(map(str, content["voxels"]))
    size = " x ".join(f"{length:g}" for length in content["size"])
    print(f"{shown(content['name'])}: {boxes} voxels, {size} mm\n")
    print(f"{'material':<24}{'g/cm3':>8}{'RSP':>9}")
    for each in content["materials"]:
        print(f"{shown(each['name']):<24}{each['density']:>8.4g}{each['rsp']:>9.4f}")
    if content["inserts"]:
        print(f"\n{'insert':<24}{'x':>8}{'z':>8}{'radius':>8}{'RSP':>9}  (mm)")
    for each in content["inserts"]:
        place = f"{each['x']:>8.1f}{each['z']:>8.1f}{each['radius']:>8.1f}"
        print(f"{shown(each['name']):<24}{place}{each['rsp']:>9.4f}")


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
    json: Json = None,
    max_bytes: MaxBytes = None,
    threads: Threads = None,
) -> None:
    """Compare two simulations, layer by layer.

    Compares deposits, angles, beam widths, counts, stopping depths and graph sizes. With -o, the
    page comparison.md explains every number.
    """
    from rich.console import Console

    from trackscape.comparison import (
        compare_files,
        comparison_as_dict,
        print_comparison,
        write_comparison,
    )
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
    if output is not None:
        write_comparison(comparison, output)

    def show() -> None:
        print_comparison(comparison, Console())
        if output is not None:
            say(f"{shown(output)}: comparison.md, comparison.csv, distances.csv, comparison.png")

    publish(comparison_as_dict(comparison), json, show)
