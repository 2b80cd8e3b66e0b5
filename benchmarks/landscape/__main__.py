"""Writes docs/benchmarks_landscape.md: ``make rivals DATA=folder``, ten minutes.

Run as ``python -m benchmarks.landscape --data FOLDER`` from the root of the checkout, with the
packages of requirements/rivals.txt.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks.landscape import eigenpairs, surfaces
from benchmarks.landscape.cases import PER_FRAME, hit_file
from benchmarks.machine import hardware
from benchmarks.memory import ROOT
from benchmarks.page import table
from trackscape.files import replacing

PAGE = ROOT / "docs" / "benchmarks_landscape.md"
RIVAL_TIMES, PAPER_TIMES, SCALING, PRODUCTS = 3.0, 10.0, 1.8, 0.5
"""What the library has to reach."""


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with the hit files.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")] = PAGE,
) -> None:
    """Measure surfaces and eigenpairs, and write the page."""
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    print(f"Load average {load:.1f}: the machine should do nothing else.", flush=True)
    speeds = list(measure_surfaces(data))
    found = list(eigenpairs.compare(data))
    products = eigenpairs.compare_products()
    lines = page(speeds, found, products, data=data, load=load)
    with replacing(output) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(output)


def measure_surfaces(data: Path | None) -> Iterator[surfaces.Speed]:
    surfaces.ours(data, processes=1, steps=2)  # compiles
    for measure in (
        lambda: surfaces.ours(data, processes=2),
        lambda: surfaces.ours(data, processes=1),
        lambda: surfaces.theirs(data, fast=True),
        lambda: surfaces.theirs(data, fast=False),
        lambda: surfaces.paper(data),
    ):
        speed = measure()
        print(f"{speed.tool}: {speed.rate:.2f} points/s", flush=True)
        yield speed


def page(
    speeds: list[surfaces.Speed],
    found: list[eigenpairs.Found],
    products: list[eigenpairs.Product],
    *,
    data: Path | None,
    load: float,
) -> Iterator[str]:
    two, one, kernels, plain, paper = speeds
    mine, rival, *_ = found
    yield "# Benchmarks of the landscape"
    yield ""
    yield (
        f"`{hit_file(data).name}`, {PER_FRAME} p+/F, network of line-graph-ptt; {hardware()} One "
        f"thread in each process; load average when it began: {load:.1f}. Regenerate: `make "
        "rivals DATA=folder`."
    )
    yield ""
    conditions = [
        ("two processes : the fastest rival, each with the network it is made for",
         two.rate / plain.rate, RIVAL_TIMES),
        ("two processes : the paper's scheme", two.rate / paper.rate, PAPER_TIMES),
        ("two processes : one process", two.rate / one.rate, SCALING),
        ("products of pyhessian : ours, five eigenpairs",
         rival.products / mine.num_matvecs, 1 / PRODUCTS),
    ]  # fmt: skip
    rows = [
        [f"{what}: at least {limit:g}", f"{value:.3g}", "yes" if value >= limit else "**no**"]
        for what, value, limit in conditions
    ]
    yield from table(["condition", "measured", ""], rows)
    yield ""
    yield from _surfaces(speeds, kernels)
    yield ""
    yield from _eigenpairs(found, products)


def _surfaces(speeds: list[surfaces.Speed], kernels: surfaces.Speed) -> Iterator[str]:
    yield "## Points of a surface"
    yield ""
    yield (
        f"Cross-entropy of {surfaces.FRAMES} frames at each point of a plane of two random, "
        "filter-normalised directions, graphs in memory; start-up of processes included. The "
        "paper's scheme, in our own words, reads the file and builds network and graphs for each "
        "point, and decides every frame; it was spread over a cluster. `difference`: of a loss "
        "from ours at the same weights."
    )
    yield ""
    rows = [
        [
            speed.tool,
            f"{speed.points}",
            f"{speed.rate:.3g}",
            "" if speed.difference is None else f"{speed.difference:.0e}",
        ]
        for speed in speeds
    ]
    yield from table(["tool", "points", "points/s", "difference"], rows)
    yield ""
    yield (
        f"Two processes are {speeds[0].rate / kernels.rate:.2f} times as fast as loss-landscapes "
        "on the network with our compiled kernels: what a point costs is the network, not the "
        "tool, and the rest is the second process."
    )


def _eigenpairs(found: list[eigenpairs.Found], products: list[eigenpairs.Product]) -> Iterator[str]:
    yield "## Eigenpairs of the Hessian"
    yield ""
    yield (
        f"The {eigenpairs.PAIRS} of largest magnitude, cross-entropy of {eigenpairs.FRAMES} "
        f"frames, tolerance {eigenpairs.TOLERANCE:g} in each tool's own sense, plain PyTorch for "
        "all. `error`: largest of an eigenvalue, from those with residuals below 1e-6; "
        "`residual`: largest |Hv - λv| / |λ|. Ours is scipy's eigsh with a small basis; the "
        "products that measure residuals count."
    )
    yield ""
    rows = [
        [each.tool, f"{each.products}", f"{each.seconds:.1f}", f"{each.error:.1e}",
         f"{each.residual:.1e}"]
        for each in found
    ]  # fmt: skip
    yield from table(["tool", "products", "s", "error", "residual"], rows)
    yield ""
    yield (
        "One product with the Hessian of a perceptron of 26,000 parameters, 4 batches of 256 "
        "samples (curvlinops cannot take a graph for a batch):"
    )
    yield ""
    rows = [[each.tool, f"{each.milliseconds:.1f}", f"{each.difference:.0e}"] for each in products]
    yield from table(["tool", "ms", "difference"], rows)


if __name__ == "__main__":
    typer.run(main)
