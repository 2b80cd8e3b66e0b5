"""CPU and wall seconds of each step from tracks to an image.

Run as ``python -m benchmarks.imaging.speed SCAN`` from the root of the checkout, with a folder of
`trackscape simulate --scan`; its true tracks are found first, and kept there.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import typer

from trackscape.imaging import (
    TRUE_TRACKS,
    Bins,
    Cylinder,
    Grid,
    PathIntegrals,
    PathModel,
    PathTable,
    Recipe,
    bin_protons,
    make_image,
    read_calibration,
    scan_protons,
    track_scan,
)
from trackscape.simulation import read_scan

_Result = TypeVar("_Result")
HULL = 76.0  # mm; the phantom has 75
"""Of the outline in mm."""


def timed(what: str, run: Callable[[], _Result], *, protons: int = 0) -> _Result:
    """Runs once to compile, then prints what the second run takes."""
    run()
    cpu, wall = time.process_time(), time.monotonic()
    result = run()
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    rate = f", {protons / cpu:,.0f} protons/s and core" if protons else ""
    print(f"{what}: {cpu:.2f} CPU s, {wall:.2f} s{rate}", flush=True)
    return result


def main(
    scan: Annotated[Path, typer.Argument(help="Folder of a scan.")],
    tables: Annotated[Path | None, typer.Option(help="Where its tracks are kept.")] = None,
) -> None:
    """Time paths, binning, both directions of list mode, and whole images."""
    opened = read_scan(scan)
    recipe = Recipe(TRUE_TRACKS, None, 100, read_calibration())
    found = track_scan(opened, recipe, tables or scan / "tracks_truth_100")
    rows = [found.rows(number) for number in range(len(found.angles))].__getitem__
    geometry, grid = PathModel.of(found.optics, Cylinder(HULL)), Grid()
    bins = Bins.for_grid(grid)
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    every = timed("cuts and outline", lambda: list(scan_protons(rows, found.angles, geometry)))
    n = sum(map(len, every))
    table = PathTable(geometry, bins.z, from_magnet=True)
    timed(
        f"paths and binning, {bins.n_z} planes",
        lambda: [bin_protons(protons, table, bins) for protons in every],
        protons=n,
    )
    paths = PathIntegrals(every, geometry, grid)
    image = np.ones(paths.shape)
    timed("forward", lambda: paths.forward(image), protons=n)
    timed("adjoint", lambda: paths.adjoint(paths.wepl), protons=n)
    for method in ("fbp", "tv"):
        timed(
            f"{method} with outline and error, {n:,} protons",
            lambda method=method: make_image(
                rows, found.angles, optics=found.optics, method=method
            ),
        )


if __name__ == "__main__":
    typer.run(main)
