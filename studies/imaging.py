"""What tracking does to an image: errors of stopping power by tracker and density, as a page.

Run as ``python -m studies.imaging SCANS -o docs/imaging_quality.md``, with a folder of scans of
CTP404 that ``trackscape simulate --scan configs/scan/ctp404.yaml --seed N`` made, of which none has
chosen anything.
"""

import itertools
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import typer
from matplotlib.image import AxesImage

from studies.markdown import table
from trackscape.execution import Processes
from trackscape.files import replacing
from trackscape.imaging import (
    TRUE_TRACKS,
    Image,
    ImageScore,
    Recipe,
    draw_slice,
    make_image,
    read_calibration,
    score_image,
    track_scan,
)
from trackscape.pictures import save_figure
from trackscape.progress import show_progress
from trackscape.simulation import Scan, read_scan
from trackscape.tracking import load_tracker

CASES = (
    f"{TRUE_TRACKS}:100",
    "trackscape:100",
    "track-follower:100:3",
    "kalman:100:1",
    "line-graph-ptt:100:1",
    "trackscape:20:1",
    "trackscape:50:1",
    "trackscape:150:1",
    "trackscape:200:1",
    "track-follower:40:1",
)
"""Trackers, protons in a frame, and of how many scans the tracks are found, where not of all."""
_DRAWN = 6
METHODS: tuple[Literal["fbp", "tv"], ...] = ("fbp", "tv")
_AIR = 0.1


class Measured(NamedTuple):
    """An image of one scan."""

    image: Image
    """The image."""
    score: ImageScore
    """The image beside the phantom."""
    contamination: tuple[float, ...]
    """What wrong tracks change in each insert, relative to its true value (air: to 0.5)."""
    right: float
    """Share of the tracks that are right."""


Key = tuple[str, int, str]
"""Tracker, protons in a frame, method of reconstruction."""


def measure(
    scan: Scan, folder: Path, tracker: str, per_frame: int, method: Literal["fbp", "tv"]
) -> Measured:
    """Makes the image of all tracks, and that of those that are right among the ones it used."""
    finder = None if tracker == TRUE_TRACKS else load_tracker(tracker)
    recipe = Recipe(tracker, finder, per_frame, read_calibration())
    kept = track_scan(
        scan,
        recipe,
        folder,
        executor=Processes(len(os.sched_getaffinity(0))),
        progress=lambda angles: show_progress(angles, tracker),
    )
    tables = [kept.rows(number) for number in range(len(kept.angles))]

    def image(*, only_right: bool = False) -> Image:
        return make_image(
            tables.__getitem__,
            kept.angles,
            optics=kept.optics,
            method=method,
            only_right=only_right,
        )

    whole = image()
    score = score_image(whole, scan.phantom)
    right = np.concatenate([rows["right"] for rows in tables]) == 1
    pure = score if right.all() else score_image(image(only_right=True), scan.phantom)
    differences = tuple(
        (every.mean - good.mean) / (every.true if every.true > _AIR else 0.5)
        for every, good in zip(score.inserts, pure.inserts, strict=True)
    )
    return Measured(whole, score, differences, float(right.mean()))


def lines_of(
    found: dict[Key, list[Measured]], scan: Scan, output: Path, cases: Sequence[str] = ()
) -> Iterator[str]:
    """Gives the lines of the page, with what is said of one of its scans."""
    options = "".join(f" --case {case}" for case in cases)
    scans = max(map(len, found.values()))
    yield "# What tracking does to the image"
    yield ""
    yield (
        f"CTP404, {len(scan.angles)} angles of {scan.primaries:,} protons each, engine "
        f"{scan.engine}, mean over up to {scans} scans with standard errors: how accurate the "
        f"reconstructed stopping power is beside the truth. Made by `python -m "
        f"studies.imaging SCANS{options} -o docs/{output.name}`."
    )
    yield ""
    yield f"![Images of one scan by tracker and method](images/{output.stem}.png)"
    yield ""
    headers = [
        "tracks",
        "p+/F",
        "scans",
        "image",
        "right %",
        "mean abs. error %",
        "largest mean error %",
        "contamination, rms %",
        "noise",
        "MTF 10 %, lp/cm",
    ]
    rows = []
    for (tracker, per_frame, method), scored in found.items():
        mae = [100 * each.score.mean_absolute_error for each in scored]
        errors = np.mean([[100 * i.error for i in each.score.inserts] for each in scored], axis=0)
        impure = np.mean([each.contamination for each in scored], axis=0)
        rows.append(
            [
                tracker,
                str(per_frame),
                str(len(scored)),
                method,
                f"{100 * np.mean([each.right for each in scored]):.1f}",
                _with_error(mae),
                f"{np.abs(errors).max():.2f}",
                f"{100 * math.sqrt(float(np.mean(impure**2))):.2f}",
                f"{np.mean([each.score.noise for each in scored]):.4f}",
                f"{10 * np.mean([each.score.mtf10 for each in scored]):.2f}",
            ]
        )
    yield from table(headers, rows, align="right")
    yield from insert_lines(found)


def insert_lines(found: dict[Key, list[Measured]]) -> Iterator[str]:
    """Gives the lines of the table of inserts."""
    yield ""
    yield "## Inserts"
    yield ""
    yield "Mean error of each insert in per cent, and in brackets what wrong tracks add to it."
    yield ""
    first = next(iter(found.values()))[0].score
    headers = ["tracks", "image", *(f"{i.name} {i.true:.3f}" for i in first.inserts), "body"]
    rows = []
    for (tracker, per_frame, method), scored in found.items():
        errors = np.mean([[100 * i.error for i in each.score.inserts] for each in scored], axis=0)
        impure = 100 * np.mean([each.contamination for each in scored], axis=0)
        body = 100 * np.mean([each.score.background_error for each in scored])
        cells = [
            f"{error:+.2f} ({wrong:+.2f})" for error, wrong in zip(errors, impure, strict=True)
        ]
        rows.append([f"{tracker} {per_frame}", method, *cells, f"{body:+.2f}"])
    yield from table(headers, rows, align="right")
    yield ""
    yield "## Error bars"
    yield ""
    pulls = [
        (i.mean - i.true) / i.standard_error
        for (tracker, _, method), scored in found.items()
        if tracker == TRUE_TRACKS and method == "tv"
        for each in scored
        for i in each.score.inserts
    ]
    yield (
        f"With true tracks and least total variation, (mean - true) / standard error of the "
        f"{len(pulls)} inserts has the mean {np.mean(pulls):+.2f} and the standard deviation "
        f"{np.std(pulls):.2f}."
    )


def _with_error(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.2f}"
    error = np.std(values, ddof=1) / math.sqrt(len(values))
    return f"{np.mean(values):.2f} ± {error:.2f}"


def draw(found: dict[Key, list[Measured]], path: Path) -> None:
    """Draws the first scan's images of the first cases."""
    some = dict(itertools.islice(found.items(), _DRAWN))
    figure, axes = plt.subplots(
        2, len(some) // 2, figsize=(4 * len(some) / 2, 8), squeeze=False, layout="constrained"
    )
    drawn: list[AxesImage] = []
    for axis, (key, scored) in zip(axes.T.flat, some.items(), strict=True):
        tracker, per_frame, method = key
        drawn.append(draw_slice(axis, scored[0].image))
        density = "" if tracker == TRUE_TRACKS else f", {per_frame} p+/F"
        axis.set(title=f"{tracker}{density}: {method}", xlim=(-85, 85), ylim=(-85, 85))
    figure.colorbar(drawn[0], ax=axes, label="relative stopping power", shrink=0.6)
    save_figure(figure, path)


def main(
    scans: Annotated[list[Path], typer.Argument(help="Folders of scans of CTP404.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")],
    tables: Annotated[
        Path | None, typer.Option(help="Folder where tables of tracks are kept.")
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option(help="TRACKER:PROTONS of a frame, or with :SCANS.")
    ] = None,
) -> None:
    """Make images of every scan with every tracker, and write the page."""
    found: dict[Key, list[Measured]] = {}
    for text in case or CASES:
        tracker, number, *some = text.split(":")
        per_frame = int(number)
        for folder in scans[: int(some[0]) if some else None]:
            scan = read_scan(folder)
            kept = (tables or folder) / f"{tracker}-{per_frame}-s{scan.seed}"
            for method in METHODS:
                measured = measure(scan, kept, tracker, per_frame, method)
                found.setdefault((tracker, per_frame, method), []).append(measured)
    draw(found, output.parent / "images" / f"{output.stem}.png")
    with replacing(output) as path:
        lines = lines_of(found, read_scan(scans[0]), output, case or ())
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
