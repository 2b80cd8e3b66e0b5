"""How soon a training reaches its quality, ours beside one with the baseline's steps, in one run.

Run as ``python -m benchmarks.quality --data FOLDER --runs FOLDER``. Each training has one thread,
and as many run side by side as there are cores. What was trained before is not trained again.
"""

import csv
import functools
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
from trackscape.experiments.config import TrainingConfig
from trackscape.formats import replacing

KINDS = ("ptt", "pat")
SEEDS = (0, 1, 2)
NEAR = 0.4
"""Points of purity below the plateau that count as reached."""
TIMES = 6
"""How many times longer the baseline gets."""
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

    quick: list[Curve]
    long: Curve
    baseline: Curve

    @property
    def target(self) -> float:
        """Purity that is near enough to the best of the long training."""
        return float(self.long.purity.max()) - NEAR

    @property
    def minutes(self) -> list[float]:
        """Until each quick training reached the target; infinite if it never did."""
        places = [curve.reaches(self.target) for curve in self.quick]
        return [
            float(curve.minutes[place]) if place is not None else np.inf
            for curve, place in zip(self.quick, places, strict=True)
        ]


def settings(kind: str, length: str) -> Path:
    return ROOT / "configs" / "cpu" / f"line-graph-{kind}-{length}.yaml"


def run(command: list[str]) -> None:
    print(" ".join(command[2:]), flush=True)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, *command], check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )


def train(config: Path, seed: int, *, data: Path, runs: Path) -> Curve:
    where = [f"--data={data}", f"--runs={runs}", f"--seed={seed}"]
    run(["-m", "trackscape", "train", str(config), *where])
    loaded = TrainingConfig.load(config)
    return read_curve(runs / f"{loaded.name}-{loaded.digest}-s{seed}", f"seed {seed}")


def train_baseline(
    kind: str, quick: list[Curve], minutes: float, *, data: Path, runs: Path
) -> Curve:
    """Gives the baseline as many steps as it can do in the time, and so the best schedule."""
    trial = runs / f"trial-{kind}"
    command = ["-m", "benchmarks.baseline.training", str(settings(kind, "quick")), f"--data={data}"]
    run([*command, f"--runs={trial}", "--steps=40", "--validations=1"])
    pace = read_curve(next(trial.iterdir()), "trial")
    steps = int(TIMES * minutes / pace.minutes[-1] * pace.graphs[-1])
    run([*command, f"--runs={runs / f'long-{kind}'}", f"--steps={steps}"])
    return read_curve(next((runs / f"long-{kind}").iterdir()), "baseline")


def read_curve(folder: Path, name: str) -> Curve:
    with (folder / "metrics.csv").open() as file:
        metrics = list(csv.DictReader(file))
    with (folder / "timing.csv").open() as file:
        seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
    batch = TrainingConfig.model_validate_json((folder / "config.json").read_text())
    graphs = [int(row["step"]) * batch.optimiser.graphs_per_step for row in metrics]
    purity = [100 * float(row["validation_purity"]) for row in metrics]
    return Curve(name, np.array(seconds) / 60, np.array(graphs), np.array(purity))


def measure(data: Path, runs: Path) -> dict[str, Kind]:
    go = functools.partial(train, data=data, runs=runs)
    jobs = [(kind, "long", 0) for kind in KINDS]
    jobs += [(kind, "quick", seed) for kind in KINDS for seed in SEEDS]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        curves = list(pool.map(lambda job: go(settings(*job[:2]), job[2]), jobs))
        of = dict(zip(jobs, curves, strict=True))
        quick = {kind: [of[kind, "quick", seed] for seed in SEEDS] for kind in KINDS}
        slowest = {
            kind: max(Kind(quick[kind], of[kind, "long", 0], of[kind, "long", 0]).minutes)
            for kind in KINDS
        }
        baseline = pool.map(
            lambda kind: train_baseline(kind, quick[kind], slowest[kind], data=data, runs=runs),
            KINDS,
        )
        return {
            kind: Kind(quick[kind], of[kind, "long", 0], curve)
            for kind, curve in zip(KINDS, baseline, strict=True)
        }


def draw(kinds: dict[str, Kind], path: Path) -> None:
    figure, axes = plt.subplots(len(kinds), 2, figsize=(9, 6.5), sharey="row", layout="constrained")
    for row, (name, kind) in zip(axes, kinds.items(), strict=True):
        _draw_kind(row[0], kind, "minutes")
        _draw_kind(row[1], kind, "graphs")
        row[0].set_ylabel(f"{name.upper()}: validation purity / %")
        row[0].set_ylim(kind.target - 4, kind.target + 1)
        row[0].legend(fontsize="small", loc="lower right")
    for axis, label in zip(
        axes[-1], ("minutes of training on one core", "frames seen"), strict=True
    ):
        axis.set_xlabel(label)
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=110)
    plt.close(figure)


def _draw_kind(axis: Axes, kind: Kind, over: str) -> None:
    for number, curve in enumerate(kind.quick):
        label = f"{len(kind.quick)} seeds" if number == 0 else None
        axis.plot(getattr(curve, over), curve.purity, "-o", ms=3, color="C0", label=label)
    axis.plot(
        getattr(kind.long, over), kind.long.purity, "-", color="C2", label="four times longer"
    )
    axis.plot(
        getattr(kind.baseline, over), kind.baseline.purity, "-s", ms=3, color="C3", label="baseline"
    )
    axis.axhline(kind.target, ls=":", color="0.5", label=f"plateau - {NEAR} points")
    axis.set_xscale("log")
    axis.grid(alpha=0.3)


def write_page(kinds: dict[str, Kind], path: Path) -> None:
    lines = [
        "# How soon a training reaches its quality",
        "",
        hardware() + " Regenerate: `python -m benchmarks.quality --data FOLDER --runs FOLDER`.",
        "",
        "Published purity of all validation frames (100 p+/F, mean of three phantoms), against the "
        "time of the steps on **one** core, without validations. The plateau is the best "
        "validation of a training at least four times as long; reached means "
        f"{NEAR} points below it. The baseline makes the same training with its own steps: "
        f"{TIMES} times as long as the slowest seed took, its schedule fitted to that time, one "
        "frame a step as ours.",
        "",
        "![Purity against time and against frames](images/training_speed.png)",
        "",
        "| | plateau | to reach | minutes, by seed | frames, by seed | purity at the end, by seed "
        "| baseline after | its best purity |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, kind in kinds.items():
        places = [curve.reaches(kind.target) for curve in kind.quick]
        frames = [
            f"{curve.graphs[place]:,}" if place is not None else "never"
            for curve, place in zip(kind.quick, places, strict=True)
        ]
        cells = [
            name.upper(),
            f"{kind.long.purity.max():.2f} ({kind.long.graphs[-1]:,} frames)",
            f"{kind.target:.2f}",
            " / ".join(f"{minutes:.1f}" for minutes in kind.minutes),
            " / ".join(frames),
            " / ".join(f"{curve.purity[-1]:.2f}" for curve in kind.quick),
            f"{kind.baseline.minutes[-1]:.1f} min, {kind.baseline.graphs[-1]:,} frames",
            f"{kind.baseline.purity.max():.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    with replacing(path) as partial:
        partial.write_text("\n".join([*lines, ""]), encoding="utf-8")


def main(
    data: Annotated[Path, typer.Option(help="Folder with water_{100,150,200}_{train,val}.npz.")],
    runs: Annotated[Path, typer.Option(help="Where the trainings are kept.")],
    output: Annotated[Path, typer.Option("--output", "-o")] = PAGE,
) -> None:
    """Train all, then write the page and its figure."""
    kinds = measure(data.resolve(), runs.resolve())
    draw(kinds, FIGURE)
    write_page(kinds, output)


if __name__ == "__main__":
    typer.run(main)
