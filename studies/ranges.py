"""Bias of ranges in steps of 1 mm of water: do the layers of the detector show in it?

Run as ``python -m studies.ranges -o docs/images/ranges.png``: simulates a few thousand protons
behind each of 241 boxes of water, prints what `docs/imaging.md` says of them, and draws it.
"""

import tempfile
from pathlib import Path
from typing import Annotated, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import typer

from trackscape.files import replacing
from trackscape.formats import read_hits
from trackscape.imaging import Ranges, midpoint_ranges, read_calibration, true_tracks, water_depths
from trackscape.pictures import save_figure
from trackscape.progress import show_progress
from trackscape.simulation import STOPPED, load_detector, make_setup, simulate

BOXES = range(20, 261)
"""Thicknesses in mm."""
PITCH = 8.16
"""Distance of the layers in mm of water."""
WINDOW = 12.6
"""Distance in mm from the median within which protons are taken that stopped."""
ESTIMATORS = ("posterior", "midpoint")

Bias = npt.NDArray[np.float64]


class Found(NamedTuple):
    """Axes: B boxes, 2 estimators of `ESTIMATORS`."""

    bias: Bias
    """Mean of range less the place where the proton stopped, in mm of water, (B, 2)."""
    error: Bias
    """Its standard error, (B, 2)."""
    wepl: Bias
    """Mean WEPL of the posterior less the thickness of the box in mm, (B,)."""
    wepl_error: Bias
    """Its standard error, (B,)."""


def measure(box: int, *, primaries: int, seed: int) -> tuple[Bias, Bias, float, float]:
    """Simulates one box; returns a row of `Found`."""
    calibration, depths = read_calibration(), water_depths(load_detector("bergen-auto"))
    with tempfile.TemporaryDirectory() as folder:
        hits, truth = Path(folder) / "hits.npz", Path(folder) / "truth.npz"
        setup = make_setup(phantom=f"water:{box}")
        simulate(setup, hits, primaries=primaries, seed=seed + box, truth=truth, threads=1)
        tracks = true_tracks(read_hits(hits))
        with np.load(truth) as archive:
            table = archive["arr_0"]
    row = np.searchsorted(table["eventID"], tracks.hits.known_truth.event[tracks.first].numpy())
    stop = depths.of_z(table["end_z"][row])
    good = (table["fate"][row] == STOPPED) & (np.abs(stop - np.median(stop)) < WINDOW)
    hits_of = tracks.offset.numpy(), tracks.hits.layer[tracks.index].numpy()
    found: list[Ranges] = [
        calibration.ranges(tracks),
        midpoint_ranges(*hits_of, plane=calibration.plane),
    ]
    apart = np.stack([each.value - stop for each in found])[:, good]
    wepl = calibration.wepl(found[0])[0][good] - box
    root = np.sqrt(good.sum())
    return apart.mean(axis=1), apart.std(axis=1) / root, wepl.mean(), wepl.std() / root


def line(values: Bias, *, pitch: float = PITCH) -> float:
    """Returns the amplitude of values at steps of 1 mm at the period of the layers."""
    smooth = np.polynomial.Polynomial.fit(np.arange(len(values)), values, 4)
    turn = np.exp(2j * np.pi * np.arange(len(values)) / pitch)
    return 2 * abs(complex(np.mean((values - smooth(np.arange(len(values)))) * turn)))


def draw(found: Found, path: Path) -> None:
    """Draws biases, and their spectra beside the period of the layers."""
    boxes, periods = np.array(BOXES), np.linspace(3, 20, 600)
    figure, (above, below) = plt.subplots(2, 1, figsize=(8, 6), layout="constrained")
    for number, name in reversed(list(enumerate(ESTIMATORS))):
        bias = found.bias[:, number]
        above.plot(boxes, bias, label=name)
        below.plot(1 / periods, [line(bias, pitch=period) for period in periods], label=name)
    below.plot(
        1 / periods,
        [line(found.wepl, pitch=each) for each in periods],
        label="WEPL of the posterior",
    )
    above.axhspan(-0.1, 0.1, color="0.9", zorder=0)
    above.set(xlabel="water / mm", ylabel="bias of the range / mm")
    below.axvline(1 / PITCH, color="0.7", zorder=0)
    below.axhline(0.05, color="0.7", linestyle="--", zorder=0)
    below.set(xlabel="1 / mm (grey: the layers)", ylabel="amplitude / mm", ylim=0)
    above.legend()
    below.legend()
    save_figure(figure, path)


def main(
    output: Annotated[Path, typer.Option("--output", "-o", help="Picture to write.")],
    primaries: Annotated[int, typer.Option(help="Protons behind each box.")] = 4000,
    seed: Annotated[int, typer.Option(help="Of the simulations.")] = 1000,
    kept: Annotated[Path | None, typer.Option(help="File (npz) for the numbers.")] = None,
) -> None:
    """Simulate, print and draw."""
    rows = [measure(box, primaries=primaries, seed=seed) for box in show_progress(BOXES, "boxes")]
    found = Found(*(np.array(column) for column in zip(*rows, strict=True)))
    for number, name in enumerate(ESTIMATORS):
        bias, error = found.bias[:, number], found.error[:, number]
        print(
            f"{name}: mean {bias.mean():+.3f} mm, {bias.min():+.3f} to {bias.max():+.3f}, standard "
            f"error of one {error.mean():.3f}; line at 1/{PITCH} mm: {line(bias):.3f} mm"
        )
    print(
        f"WEPL: {found.wepl.min():+.3f} to {found.wepl.max():+.3f} mm, standard error of one "
        f"{found.wepl_error.mean():.3f}; line: {line(found.wepl):.3f} mm"
    )
    if kept is not None:
        with replacing(kept) as path, path.open("wb") as file:
            np.savez(file, **found._asdict())
    draw(found, output)


if __name__ == "__main__":
    typer.run(main)
