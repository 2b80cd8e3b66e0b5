"""`trackscape rsp` and `calibrate`: an image beside its phantom, and ranges on boxes of water."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from trackscape.cli.completion import PHANTOMS, among
from trackscape.cli.options import SimulatedDetector, option, written_file
from trackscape.cli.output import Json, publish, say
from trackscape.text import shown


def rsp_verb(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Image: mhd, npz or nii.")],
    phantom: Annotated[
        str,
        option(
            "NAME|FILE",
            "Phantom that it shows: ctp404, a YAML or a voxel file.",
            autocompletion=among(PHANTOMS),
        ),
    ] = "ctp404",
    json: Json = None,
) -> None:
    """Compare an image with the phantom that it shows.

    For each insert: mean, standard error, true stopping power at 190 MeV, and relative error.
    """
    from rich.console import Console
    from rich.table import Table

    from trackscape.imaging import read_image, score_image
    from trackscape.simulation import parse_phantom

    score = score_image(read_image(image), parse_phantom(phantom))
    table = Table(title=f"{shown(image.name)}: relative stopping power")
    for name in ("insert", "true", "mean", "standard error", "error %", "contrast / noise"):
        table.add_column(name, justify="left" if name == "insert" else "right")
    for insert in score.inserts:
        table.add_row(
            insert.name,
            f"{insert.true:.4f}",
            f"{insert.mean:.4f}",
            f"{insert.standard_error:.4f}",
            f"{100 * insert.error:+.2f}",
            f"{insert.contrast_to_noise:.1f}",
        )

    def show() -> None:
        Console().print(table)
        print(
            f"Mean absolute error {100 * score.mean_absolute_error:.2f} %, body "
            f"{100 * score.background_error:+.2f} %, noise {score.noise:.4f}, MTF 10 % at "
            f"{10 * score.mtf10:.2f} line pairs per cm."
        )

    publish(score.as_dict(), json, show)


def calibrate_verb(
    output: Annotated[Path, written_file(".npz", text="Calibration to write: npz.")],
    detector: SimulatedDetector = "bergen-auto",
    beam: Annotated[
        str,
        option("NAME=VALUE,...", "Beam, as that of `trackscape simulate`."),
    ] = "",
    estimator: Annotated[
        Literal["posterior", "midpoint", "bragg"],
        option("posterior|midpoint|bragg", "Estimator of the residual range."),
    ] = "posterior",
    primaries: Annotated[int, option("N", "Protons behind each box of water.", min=1000)] = 20_000,
    seed: Annotated[int, option("N", "Random seed.", min=0)] = 0,
    engine: Annotated[
        Literal["fast", "geant4"],
        option("fast|geant4", "Simulation engine."),
    ] = "fast",
    json: Json = None,
) -> None:
    """Calibrate residual ranges on boxes of water.

    Simulates protons behind 0 to 275 mm of water and fits the water-equivalent path length.
    """
    from trackscape.imaging import calibrate, write_calibration
    from trackscape.progress import show_progress

    found = calibrate(
        detector=detector,
        beam=beam,
        estimator=estimator,
        primaries=primaries,
        seed=seed,
        engine=engine,
        progress=lambda boxes: show_progress(boxes, "boxes of water"),
    )
    write_calibration(found, output)
    content = {
        "estimator": found.estimator,
        "range": found.curve[0],
        "wepl": found.curve[1],
        "boxes_wepl": found.spread[0],
        "boxes_spread": found.spread[1],
        "provenance": found.provenance,
    }
    publish(content, json, lambda: say(shown(output)))
