"""Writes docs/benchmarks_imaging.md: ``make bench-imaging DATA=scan TUNING=scan``.

Run as ``python -m benchmarks.imaging`` from the root of the checkout, with the packages of
requirements/imaging.txt. Without folders, both scans are simulated first, some minutes each.
"""

import importlib.metadata
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

from benchmarks.imaging.engines import ENGINES, HULL, MAGNET, RADIUS, SHAPE, SIZE, Plane
from benchmarks.machine import hardware
from benchmarks.page import table
from trackscape.files import replacing
from trackscape.imaging import (
    TRUE_TRACKS,
    Bins,
    Cylinder,
    Grid,
    Image,
    ImageScore,
    PathModel,
    PathTable,
    Recipe,
    bin_protons,
    filled,
    read_calibration,
    score_image,
    select_protons,
    track_scan,
    with_stopping,
)
from trackscape.progress import show_progress
from trackscape.simulation import (
    Scan,
    load_scan_settings,
    read_scan,
    relative_stopping_power,
    rsp_image,
    shipped_materials,
    simulate_scan,
)

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks_imaging.md"
SETTINGS = ROOT / "configs" / "scan" / "ctp404.yaml"
SEEDS = (2, 0)
"""Of the scan that is scored, and of that on which iterations and strengths are chosen."""
STOPPING = 1.12
"""Mean stopping power of CTP404."""
AGREE = 0.5
"""Per cent that engines with the same filter may differ by on an insert."""
FROM_PROTONS = ("ours", "ours-tv")
"""Engines that take protons in place of a sinogram."""
FINE = 8
"""Lines in a place of the sinogram without noise."""
_INNER = 70.0  # mm; the edge of the phantom is not asked for
_DENSE = 0.1


class Found(NamedTuple):
    option: float
    score: ImageScore
    rms: float
    """Root mean square error of the voxels within 70 mm of the axis."""
    seconds: float
    """CPU seconds."""
    before: float
    """MB, all loaded."""
    peak: float
    """MB."""


def main(
    data: Annotated[Path | None, typer.Option(help="Scan to reconstruct.")] = None,
    tuning: Annotated[Path | None, typer.Option(help="Another one, to choose on.")] = None,
    work: Annotated[Path | None, typer.Option(help="Folder for what comes between.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")] = PAGE,
) -> None:
    """Reconstruct one scan with every engine, and write the page."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as temporary:
        folder = work or Path(temporary)
        scans = [
            open_scan(given, folder / f"scan{seed}", seed)
            for given, seed in zip((data, tuning), SEEDS, strict=True)
        ]
        parts = [
            prepare(scan, folder / f"part{number}")
            for number, scan in zip(SEEDS, scans, strict=True)
        ]
        found = {name: measure(name, *parts, scans) for name in ENGINES}
        ideal = folder / "ideal"
        write_ideal(scans[0], ideal)
        clean = {
            name: run(name, ideal, each.option, scans[0], runs=1)
            for name, each in found.items()
            if name not in FROM_PROTONS
        }
    lines = page(scans, found, clean, load=load)
    with replacing(output) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(output)


def open_scan(given: Path | None, folder: Path, seed: int) -> Scan:
    if given is not None:
        return read_scan(given)
    settings = load_scan_settings(SETTINGS).model_copy(update={"seed": seed})
    return simulate_scan(settings, folder, workers=len(os.sched_getaffinity(0)))


def prepare(scan: Scan, folder: Path) -> Path:
    """Writes true tracks and the sinogram in the plane of the axis."""
    recipe = Recipe(TRUE_TRACKS, None, 100, read_calibration())
    tracks = track_scan(scan, recipe, folder / "tracks", progress=show_progress)
    (folder / "scan.txt").write_text(str(scan.folder.resolve()), encoding="utf-8")
    optics = with_stopping(tracks.optics, STOPPING)
    geometry = PathModel.of(optics, Cylinder(HULL))
    bins = Bins(1, SHAPE[0], 1, 20.0, 1.0)
    lines = PathTable(geometry, bins.z, from_magnet=True)
    angles, rows = np.radians(scan.angles), []
    for number, angle in enumerate(angles):
        protons = select_protons(tracks.rows(number), geometry, angle=angle)
        grouped = bin_protons(protons, lines, bins)
        one = grouped._replace(total=grouped.total[0], weight=grouped.weight[0])
        rows.append(filled(one)[0, :, 0].astype(np.float32))
    np.savez(folder / "sinogram.npz", wepl=np.array(rows), angles=angles)
    return folder


def write_ideal(scan: Scan, folder: Path) -> None:
    """Writes the sinogram of the body and its inserts that straight lines without noise give."""
    edges = np.linspace(-SIZE / 2, SIZE / 2, FINE * SHAPE[0] + 1)
    u, angles = (edges[1:] + edges[:-1]) / 2, np.radians(scan.angles)
    body = relative_stopping_power(shipped_materials()["epoxy"])
    discs = [(0.0, 0.0, RADIUS, body)]
    discs += [
        (insert.x, insert.z, insert.radius, relative_stopping_power(insert.material) - body)
        for insert in scan.phantom.inserts
    ]
    wepl = sum(value * chords(u, angles, *disc) for *disc, value in discs)
    folder.mkdir(parents=True, exist_ok=True)
    means = wepl.reshape(len(angles), SHAPE[0], FINE).mean(axis=2).astype(np.float32)
    np.savez(folder / "sinogram.npz", wepl=means, angles=angles)


def chords(u: Plane, angles: Plane, x: float, z: float, radius: float) -> Plane:
    """Lengths in a disc of the lines from the magnet through u in the plane of the axis, (A, u)."""
    across = x * np.cos(angles) + z * np.sin(angles)
    depth = z * np.cos(angles) - x * np.sin(angles)
    distance = u * (1 + depth[:, None] / MAGNET) - across[:, None]
    distance /= np.sqrt(1 + (u / MAGNET) ** 2)
    return 2 * np.sqrt(np.maximum(radius**2 - distance**2, 0.0))


def measure(name: str, scored: Path, other: Path, scans: list[Scan]) -> Found:
    """Chooses on one scan and measures on the other."""
    options = ENGINES[name].options
    tried = [run(name, other, option, scans[1], runs=1) for option in options[len(options) == 1 :]]
    option = min(tried, key=lambda each: each.rms).option if tried else options[0]
    found = run(name, scored, option, scans[0], runs=2)
    print(
        f"{name}: {100 * found.score.mean_absolute_error:.2f} %, {found.seconds:.2f} s", flush=True
    )
    return found


def run(name: str, folder: Path, option: float, scan: Scan, *, runs: int) -> Found:
    output = folder / "image.npz"
    arguments = [name, str(folder), str(option), str(output), str(runs)]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.imaging.engines", *arguments],
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
    )
    with np.load(output) as arrays:
        image, costs = arrays["image"], arrays["costs"]
    print(f"  {name} {option:g}: {costs[0]:.2f} s", flush=True)
    return Found(option, score(image, scan), rms(image, scan), *map(float, costs))


def score(image: Plane, scan: Scan) -> ImageScore:
    empty: Image = Grid(size=SIZE).empty()
    return score_image(empty.like(image[:, None]), scan.phantom)


def rms(image: Plane, scan: Scan) -> float:
    edges = np.arange(SHAPE[0] + 1) - SIZE / 2
    true = rsp_image(scan.phantom, (edges, np.array([-10.0, 10.0]), edges))[:, 0]
    middle = (edges[1:] + edges[:-1]) / 2
    inner = middle[:, None] ** 2 + middle**2 < _INNER**2
    return float(np.sqrt(((image - true)[inner] ** 2).mean()))


def page(
    scans: list[Scan], found: dict[str, Found], clean: dict[str, Found], *, load: float
) -> Iterator[str]:
    scan, tuning = scans
    packages = sorted({engine.package for engine in ENGINES.values()} - {"trackscape"})
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    total = len(scan.angles) * scan.primaries
    yield from (
        "# Benchmarks of images",
        "",
        f"{scan.phantom_name}, {len(scan.angles)} angles, {total:,} protons, engine {scan.engine}, "
        f"seed {scan.seed}; true tracks, so that only the reconstruction differs. {hardware()} "
        f"{versions}. Load average when it began: {load:.1f}. Regenerate: `make bench-imaging`.",
        "",
        "Paths and cuts are ours for all. The other engines get one sinogram: the mean WEPL where "
        "the paths cross the plane of the axis, in 181 places of 1 mm, as fans from the magnet "
        "6.6 m away; astra's FBP and scikit-image know parallel beams only, which moves a place "
        "at the edge by at most 0.5 mm. Iterations and strengths are those, of five tried for "
        f"each engine, with the least root mean square error within {_INNER:g} mm of the axis on "
        f"the scan of seed {tuning.seed}. Filters are plain ramps.",
        "",
        *score_lines(found),
        "",
        "Error: mean of the absolute relative errors of six plastics, from voxels 2.1 mm and more "
        "inside of their borders. Noise: standard deviation of the voxels of epoxy. rms: root "
        "mean square error of all voxels within 70 mm, with blurred borders. MTF: line pairs per "
        "cm where the edge of the phantom keeps 10 % of its contrast. CPU: of the second of two "
        "runs, with what is loaded and compiled before; of our own it includes reading no file, "
        "but cuts, paths and binning, which the others get done. Memory: peak of the process, and "
        "of that what was there before the reconstruction: packages and data.",
        "",
        "## Inserts",
        "",
        "Error in per cent; of air, difference to the truth relative to 0.5.",
        "",
        *insert_lines(found),
        "",
        "## Agreement",
        "",
        "Difference to our back-projection of the same sinogram, over the six plastics:",
        "",
        *agreement_lines(found),
        "",
        "Back-projections of one sinogram with one filter differ only by how they interpolate, and "
        "by taking the fan for parallel beams. A sinogram at each depth holds other numbers, as "
        "protons are in other places there than in the plane of the axis. Engines that iterate "
        "differ without noise, too, below: they are stopped where contrast and noise of all voxels "
        "together are best, before the contrast is whole. Least total variation explains protons, "
        "not their means in bins.",
        "",
        "The same without noise: straight lines through the body and its inserts.",
        "",
        *agreement_lines(clean),
        "",
        *insert_lines(clean),
    )


def score_lines(found: dict[str, Found]) -> list[str]:
    headers = ["engine", "method", "error / %", "noise", "rms", "MTF 10 %", "CPU / s"]
    headers += ["memory / MB", "of it before"]
    rows = []
    for name, each in found.items():
        engine, value = ENGINES[name], each.score
        chosen = f", {each.option:g}{engine.unit}" if len(engine.options) > 1 else ""
        rows.append(
            [
                engine.package,
                engine.what + chosen,
                f"{100 * value.mean_absolute_error:.2f}",
                f"{value.noise:.4f}",
                f"{each.rms:.4f}",
                f"{10 * value.mtf10:.2f}",
                f"{each.seconds:.2f}",
                f"{each.peak:.0f}",
                f"{each.before:.0f}",
            ]
        )
    return table(headers, rows)


def insert_lines(found: dict[str, Found]) -> list[str]:
    inserts = next(iter(found.values())).score.inserts
    headers = ["engine", *(f"{insert.name} {insert.true:.3f}" for insert in inserts), "epoxy"]
    rows = []
    for name, each in found.items():
        errors = [insert.error for insert in each.score.inserts]
        errors.append(each.score.background_error)
        rows.append([name, *(f"{100 * error:+.2f}" for error in errors)])
    return table(headers, rows)


def agreement_lines(found: dict[str, Found]) -> list[str]:
    def errors(name: str) -> np.ndarray:
        score = found[name].score
        return 100 * np.array([insert.error for insert in score.inserts if insert.true > _DENSE])

    reference = errors("ours-plane")
    rows = []
    for name in found:
        apart = errors(name) - reference
        verdict = "yes" if np.abs(apart).max() <= AGREE else "no"
        rows.append([name, f"{np.abs(apart).max():.2f}", f"{apart.mean():+.2f}", verdict])
    headers = ["engine", "largest difference / %", "mean / %", f"within {AGREE:g} %"]
    return table(headers, rows)


if __name__ == "__main__":
    typer.run(main)
