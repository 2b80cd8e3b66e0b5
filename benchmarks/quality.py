"""How soon a training reaches its quality, ours beside one with the baseline's steps, in one run.

Run as ``python -m benchmarks.quality --data FOLDER --runs FOLDER``. Each training has one thread,
and as many run side by side as there are cores. What was trained before is not trained again.
"""

import csv
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import typer
from matplotlib.axes import Axes
from numpy.typing import NDArray

from benchmarks.machine import hardware
from benchmarks.memory import ROOT
from studies.markdown import table
from trackscape.files import replacing
from trackscape.pictures import save_figure
from trackscape.training import TrainingConfig

SEEDS = {
    "ptt": {"soap-plateau": (0, 1, 2), "long": (0, 1, 2), "plateau": (0,)},
    "pat": {"soap": (1, 2), "soap-plateau": (0,), "long": (0, 1, 2), "plateau": (0,)},
}
"""Of each training, by loss and by the name of its settings."""
NEAR = 0.4
"""Points of purity below the plateau that count as reached."""
BASELINE_MINUTES = {"ptt": 45.0, "pat": 64.0}
"""What the baseline gets, by loss: six times what ours took in a first run."""
HEADERS = (
    "",
    "training",
    "seed",
    "frames",
    "minutes",
    "purity at the end",
    "its best",
    "reached after",
)
PAGE = ROOT / "docs" / "training_speed.md"
FIGURE = ROOT / "docs" / "images" / "training_speed.png"


class Curve(NamedTuple):
    """One training."""

    name: str
    minutes: NDArray[np.float64]
    """Of steps, without validations."""
    graphs: NDArray[np.int64]
    purity: NDArray[np.float64]
    """Of all validation frames, in %."""

    def reaches(self, purity: float) -> int | None:
        """Number of the first validation with this purity, or None."""
        enough = np.flatnonzero(self.purity >= purity)
        return int(enough[0]) if len(enough) else None


class Kind(NamedTuple):
    """All trainings with one loss."""

    ours: dict[str, list[Curve]]
    """By the name of the settings."""
    baseline: Curve | None
    """None if it was not trained."""

    @property
    def plateau(self) -> float:
        """Best purity of all trainings."""
        return max(float(curve.purity.max()) for curves in self.ours.values() for curve in curves)

    @property
    def target(self) -> float:
        """Purity that is near enough to the plateau."""
        return self.plateau - NEAR


def settings(kind: str, length: str) -> Path:
    return ROOT / "configs" / "cpu" / f"line-graph-{kind}-{length}.yaml"


def run(command: list[str]) -> None:
    print(" ".join(command[2:]), flush=True)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, *command], check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )


def train(kind: str, length: str, seed: int, *, data: Path, runs: Path) -> Curve:
    config = settings(kind, length)
    where = [f"--data={data}", f"--runs={runs}", f"--seed={seed}"]
    run(["-m", "trackscape", "train", str(config), *where])
    loaded = TrainingConfig.load(config)
    return read_curve(loaded.folder(runs, seed=seed), str(seed))


def train_baseline(kind: str, minutes: float, *, data: Path, runs: Path) -> Curve:
    """Gives the baseline as many steps as it can do in the time, and so the best schedule."""
    command = ["-m", "benchmarks.baseline.training", str(settings(kind, "long")), f"--data={data}"]
    trial, whole = runs / f"baseline-trial-{kind}", runs / f"baseline-{kind}"
    run([*command, f"--runs={trial}", "--steps=40", "--validations=1"])
    pace = read_curve(next(trial.iterdir()), "trial")
    steps = int(minutes / pace.minutes[-1] * 40)
    run([*command, f"--runs={whole}", f"--steps={steps}"])
    return read_curve(next(whole.iterdir()), "0")


def read_curve(folder: Path, name: str) -> Curve:
    with (folder / "metrics.csv").open() as file:
        metrics = list(csv.DictReader(file))
    with (folder / "timing.csv").open() as file:
        seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
    batch = TrainingConfig.model_validate_json((folder / "config.json").read_text())
    graphs = [int(row["step"]) * batch.optimiser.graphs_per_step for row in metrics]
    purity = [100 * float(row["validation_purity"]) for row in metrics]
    return Curve(name, np.array(seconds) / 60, np.array(graphs), np.array(purity))


def measure(data: Path, runs: Path, *, baseline: bool) -> dict[str, Kind]:
    jobs = [
        (kind, length, seed)
        for kind, lengths in SEEDS.items()
        for length in sorted(lengths)  # the long ones first
        for seed in lengths[length]
    ]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        curves = pool.map(lambda job: train(*job, data=data, runs=runs), jobs)
        of = dict(zip(jobs, curves, strict=True))
        kinds = {
            kind: Kind(
                {
                    length: [of[kind, length, seed] for seed in seeds]
                    for length, seeds in by.items()
                },
                None,
            )
            for kind, by in SEEDS.items()
        }
        if not baseline:
            return kinds
        found = pool.map(
            lambda item: train_baseline(*item, data=data, runs=runs), BASELINE_MINUTES.items()
        )
        baselines = dict(zip(BASELINE_MINUTES, found, strict=True))
    return {kind: ours._replace(baseline=baselines.get(kind)) for kind, ours in kinds.items()}


def draw(kinds: dict[str, Kind], path: Path) -> None:
    figure, axes = plt.subplots(len(kinds), 2, figsize=(9, 6.5), sharey="row", layout="constrained")
    for row, (name, kind) in zip(axes, kinds.items(), strict=True):
        _draw_kind(row[0], kind, "minutes")
        _draw_kind(row[1], kind, "graphs")
        row[0].set_ylabel(f"{name.upper()}: validation purity / %")
        row[0].set_ylim(kind.target - 4, kind.target + 1)
        row[0].legend(fontsize="small", loc="lower right")
        row[1].locator_params(axis="x", nbins=6)
    for axis, label in zip(
        axes[-1], ("minutes of training on one core", "frames seen"), strict=True
    ):
        axis.set_xlabel(label)
    save_figure(figure, path, dpi=110)
    plt.close(figure)


def _draw_kind(axis: Axes, kind: Kind, over: str) -> None:
    styles = {
        "soap": ("-", "C0"),
        "soap-plateau": ("-", "C1"),
        "long": (":", "C2"),
        "plateau": (":", "C4"),
    }
    groups = [(curves, *styles[length], length) for length, curves in kind.ours.items()]
    if kind.baseline is not None:
        groups.append(([kind.baseline], "-s", "C3", "baseline"))
    for curves, style, colour, label in groups:
        for number, curve in enumerate(curves):
            name = f"{label}, {len(curves)} seeds" if len(curves) > 1 else label
            axis.plot(
                getattr(curve, over),
                curve.purity,
                style,
                ms=3,
                color=colour,
                label=None if number else name,
            )
    axis.axhline(kind.target, ls=":", color="0.5", label=f"plateau - {NEAR} points")
    axis.grid(alpha=0.3)


def write_page(kinds: dict[str, Kind], path: Path) -> None:
    lines = [
        "# How soon a training reaches its quality",
        "",
        hardware() + " Regenerate: `python -m benchmarks.quality --data FOLDER --runs FOLDER`.",
        "",
        "Published purity of all validation frames (100 p+/F, three phantoms together), against "
        "the time of the steps on **one** core, without validations. Settings: "
        "`configs/cpu/line-graph-*-{soap,soap-plateau,long,plateau}.yaml`, each with the schedule "
        "of its learning rate fitted to its length. *soap* and *soap-plateau* take steps of SOAP "
        "without momentum, two trainings side by side; *long* and *plateau* those of Adam (PTT) "
        "and RMSprop (PAT), and like the baselines they ran beside other programs. The plateau "
        f"is the best validation of all of them; reached means {NEAR} points below it, at the "
        "first validation that is. A training with fewer frames than the others of its kind was "
        "stopped. The baseline made the steps of *long* on the literal implementation, their "
        "schedule fitted to its time.",
        "",
        "![Purity against time and against frames](images/training_speed.png)",
        "",
    ]
    rows: list[list[str]] = []
    for name, kind in kinds.items():
        groups = [*kind.ours.items()]
        groups += [("baseline", [kind.baseline])] if kind.baseline is not None else []
        for length, curves in groups:
            rows += [_row(name.upper(), length, kind, curve) for curve in curves]
    lines += table(HEADERS, rows)
    lines += ["", *(_sentence(name.upper(), kind) for name, kind in kinds.items())]
    with replacing(path) as partial:
        partial.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _row(name: str, length: str, kind: Kind, curve: Curve) -> list[str]:
    place, reached = curve.reaches(kind.target), "not reached"
    if place is not None:
        reached = f"{curve.minutes[place]:.1f} min, {curve.graphs[place]:,} frames"
    cells = [name, length, curve.name, f"{curve.graphs[-1]:,}", f"{curve.minutes[-1]:.1f}"]
    return [*cells, f"{curve.purity[-1]:.2f}", f"{curve.purity.max():.2f}", reached]


def _sentence(name: str, kind: Kind) -> str:
    with_soap = [curve for length, each in kind.ours.items() if "soap" in length for curve in each]
    others = [curve for length, each in kind.ours.items() if "soap" not in length for curve in each]
    best = max(float(curve.purity.max()) for curve in others)
    said = (
        f"- {name}: plateau {kind.plateau:.2f} %, to reach {kind.target:.2f} %. "
        + _compare(with_soap, kind.baseline, kind.target)
        + f" Within {NEAR} points of what the other optimiser reached at best, {best:.2f} %: "
    )
    return said + _compare(with_soap, kind.baseline, best - NEAR)


def _compare(ours: list[Curve], baseline: Curve | None, target: float) -> str:
    places = [curve.reaches(target) for curve in ours]
    times = [
        float(curve.minutes[place])
        for curve, place in zip(ours, places, strict=True)
        if place is not None
    ]
    said = f"{len(times)} of {len(ours)} trainings with SOAP, after {_enumerate(times)} minutes"
    if baseline is None:
        return said + "; the baseline was not trained in this run."
    place = baseline.reaches(target)
    minutes = float(baseline.minutes[-1 if place is None else place])
    return said + (
        f"; the baseline {'not within' if place is None else 'after'} {minutes:.1f}, "
        f"{_enumerate([minutes / time for time in times])} times as long."
    )


def _enumerate(values: list[float]) -> str:
    *most, last = [f"{value:.1f}" for value in sorted(values)]
    return f"{', '.join(most)} and {last}" if most else last


def main(
    data: Annotated[Path, typer.Option(help="Folder with water_{100,150,200}_{train,val}.npz.")],
    runs: Annotated[Path, typer.Option(help="Where the trainings are kept.")],
    output: Annotated[Path, typer.Option("--output", "-o")] = PAGE,
    baseline: Annotated[bool, typer.Option(help="Whether to train the baseline, too.")] = True,
) -> None:
    """Train all, then write the page and its figure."""
    kinds = measure(data.resolve(), runs.resolve(), baseline=baseline)
    draw(kinds, FIGURE)
    write_page(kinds, output)


if __name__ == "__main__":
    typer.run(main)
