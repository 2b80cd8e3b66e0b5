"""What pixels do to tracks: from hits to pixels and back, beside the hits themselves, as a page.

Run as ``python -m studies.pixels DATA -o docs/pixels.md``, with a folder that holds
``water_{100,150,200}_val.npz``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
import typer
from matplotlib.patches import Rectangle

from studies.markdown import replace_parts, table
from trackscape.data import Hits
from trackscape.evaluation import evaluate_frames
from trackscape.graph_construction import make_frame, merge_deposits
from trackscape.pictures import save_figure
from trackscape.pixels import cluster_pixels, digitise_hits, pixel_grid
from trackscape.progress import show_progress
from trackscape.reconstruction import FrameRule, Input
from trackscape.simulation import PixelGrid, load_detector
from trackscape.tracking import load_tracker

PHANTOMS, DENSITIES = (100, 150, 200), (50, 100, 150, 200)
DETECTOR = load_detector("bergen-auto")
METRICS = ("purity", "efficiency", "complete_efficiency")
GRID = pixel_grid(DETECTOR)
SIDE = (GRID.width / GRID.chips / GRID.columns, GRID.height / GRID.staves / GRID.rows)
NO_GAPS = PixelGrid(GRID.columns, GRID.rows, SIDE, GRID.chips, GRID.staves, GRID.width, GRID.height)


class Row(NamedTuple):
    """A phantom at a density."""

    phantom: int
    density: int
    values: dict[str, dict[str, float]]
    """What was made of the hits -> metric -> value."""
    rms: tuple[float, float]
    """Distances in x and y in um of clusters from where their protons crossed."""
    shared: float
    """Share of the primary deposits that have no cluster of their own."""


def read_deposits(file: Path, per_frame: int) -> list[Hits]:
    """Returns the deposits of each particle in each layer, frame by frame, not yet cleaned."""
    given = Input([file], FrameRule(per_frame=per_frame))
    return [hits for part in given.parts() for hits in part.hits(merge_deposits)]


def there_and_back(hits: Hits, grid: PixelGrid, *, split: bool = True) -> Hits:
    """Returns the clusters of the pixels that deposits fire."""
    pixels = digitise_hits(hits, grid, thickness=DETECTOR.sensitive_thickness)
    return cluster_pixels(pixels, DETECTOR, grid, split=split)


def measure(file: Path, phantom: int, density: int) -> Row:
    """Measures tracks of hits as they are, and of what pixels make of them."""
    frames = read_deposits(file, density)
    tracker = load_tracker()
    ways: dict[str, Callable[[Hits], Hits]] = {
        "hits": lambda hits: hits,
        "pixels": lambda hits: there_and_back(hits, GRID),
        "without gaps": lambda hits: there_and_back(hits, NO_GAPS),
        "without cutting": lambda hits: there_and_back(hits, GRID, split=False),
    }
    values: dict[str, dict[str, float]] = {}
    for name, change in ways.items():
        changed = [make_frame(change(hits)) for hits in frames]
        what = f"{phantom} mm, {density} p+/F, {name}"
        summary = evaluate_frames(
            changed,
            tracker=tracker,
            method="trackscape",
            per_frame=density,
            progress=lambda items, what=what: show_progress(items, what),
        )
        values[name] = {metric: 100 * summary.values[metric] for metric in METRICS}
    distances, shared = zip(*(_distances(hits) for hits in frames), strict=True)
    rms = np.sqrt(np.square(np.concatenate(distances)).mean(axis=0))
    return Row(phantom, density, values, (float(rms[0]), float(rms[1])), float(np.mean(shared)))


def _distances(hits: Hits) -> tuple[np.ndarray, float]:
    """Distances in um of clusters from the deposits of their owners, (n, 2)."""
    found = there_and_back(hits, NO_GAPS)
    keys = [_keys(each) for each in (hits, found)]
    order = torch.argsort(keys[0])
    at = torch.searchsorted(keys[0][order], keys[1])
    apart = (found.position - hits.position[order][at])[:, :2].numpy() * 1e3
    primary = hits.known_truth.primary
    own = torch.isin(keys[0], keys[1])[primary]
    return apart[(np.abs(apart) < 100).all(axis=1)], float(1 - own.double().mean())


def _keys(hits: Hits) -> torch.Tensor:
    truth = hits.known_truth
    return (truth.event * 100_000 + truth.track) * 100 + hits.layer


def page_parts(rows: list[Row]) -> dict[str, list[str]]:
    """Returns the generated parts of the page."""
    first = [
        [str(row.phantom), str(row.density)]
        + [f"{row.values[way][metric]:.1f}" for metric in METRICS for way in ("hits", "pixels")]
        for row in rows
    ]
    head = ["mm", "p+/F"]
    head += [f"{m.replace('_', ' ')}, {w}" for m in METRICS for w in ("hits", "pixels")]
    why = [
        [str(row.phantom), str(row.density)]
        + [f"{row.values[way]['purity']:.1f}" for way in row.values]
        + [f"{row.rms[0]:.2f}", f"{row.rms[1]:.2f}", f"{100 * row.shared:.2f}"]
        for row in rows
    ]
    why_head = ["mm", "p+/F", *(f"purity, {way}" for way in rows[0].values)]
    why_head += ["rms x / um", "rms y / um", "without an own cluster / %"]
    return {"cost": table(head, first, align="right"), "why": table(why_head, why, align="right")}


def draw(file: Path, output: Path) -> None:
    """Draws pixels and the centres of their clusters, where protons of a frame come nearest."""
    _, hits, centre = min(
        (_nearest(frame.select(frame.layer == 8)) for frame in read_deposits(file, 100)),
        key=lambda found: found[0],
    )
    pixels = digitise_hits(hits, GRID, thickness=DETECTOR.sensitive_thickness)
    found = cluster_pixels(pixels, DETECTOR, GRID)
    x, y = GRID.position(*(pixels[name] for name in ("stave", "chip", "column", "row")))
    figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
    side = GRID.pitch
    for at in zip(x, y, strict=True):
        corner = (at[0] - side[0] / 2, at[1] - side[1] / 2)
        axes.add_patch(Rectangle(corner, *side, facecolor="#99bbdd", edgecolor="white"))
    marks = (("deposits", hits, "x", "#cc3311"), ("clusters", found, "+", "black"))
    for label, each, marker, color in marks:
        axes.scatter(*each.position[:, :2].T, s=80, marker=marker, color=color, label=label)
    limits = [(middle - 0.15, middle + 0.15) for middle in centre[:2]]
    axes.set(xlim=limits[0], ylim=limits[1], xlabel="x / mm", ylabel="y / mm", aspect="equal")
    axes.legend(loc="upper right")
    save_figure(figure, output)


def _nearest(hits: Hits) -> tuple[float, Hits, np.ndarray]:
    """Distance in mm of the two deposits that are nearest, of those that can be told apart."""
    position = hits.position[hits.known_truth.primary & (hits.energy < 0.05)]
    apart = torch.cdist(position[:, :2].double(), position[:, :2].double())
    apart += 1e3 * torch.eye(len(position), dtype=apart.dtype)
    apart[apart < 0.07] = 1e3
    first = int(apart.min(dim=1).values.argmin())
    return float(apart.min()), hits, position[first].numpy()


def main(
    data: Annotated[Path, typer.Argument(help="Folder with the files of hits.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")],
) -> None:
    """Writes the page on pixels."""
    files = {phantom: data / f"water_{phantom}_val.npz" for phantom in PHANTOMS}
    rows = [measure(file, mm, density) for mm, file in files.items() for density in DENSITIES]
    draw(files[100], output.parent / "images" / "pixels.png")
    replace_parts(output, page_parts(rows))


if __name__ == "__main__":
    typer.run(main)
