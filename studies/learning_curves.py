"""Trainings of the studies -> a page that shows whether each reaches its plateau.

Run as ``python -m studies.learning_curves CONFIG TWICE --archive FOLDER -o
docs/studies/trainings.md`` with the config of a study of the landscape, and of trainings that are
longer. The page tells how their optimisers were chosen, too.
"""

import csv
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from matplotlib.figure import Figure

from studies.formatting import percent
from studies.markdown import replace_parts, table
from studies.trainings import CURVE, TIMES, Run, TrainingPlan, all_runs, load_plan
from trackscape.pictures import save_figure

OPTIMISERS = "optimisers.csv"


class Learned(NamedTuple):
    """The learning curve of one training."""

    setting: str
    seed: int
    frames: list[int]
    """Frames of training before each validation."""
    purity: list[float]
    """Published purity on held-out frames at each."""
    minutes: float
    """Of the steps, without validations."""

    @property
    def last_quarter(self) -> float:
        """What the best purity gained in the last quarter of the frames."""
        before = [
            purity
            for frames, purity in zip(self.frames, self.purity, strict=True)
            if frames <= 0.75 * self.frames[-1]
        ]
        return max(self.purity) - max(before)


def read_curves(plan: TrainingPlan, archive: Path) -> list[Learned]:
    """Returns the curves of all finished trainings whose validations make one."""
    runs = [run for run in all_runs(plan) if run.finished(archive)]
    curves = [_read(run, run.folder(archive)) for run in runs]
    return [curve for curve in curves if len(curve.frames) > 3]


def _read(run: Run, folder: Path) -> Learned:
    graphs = run.settings.optimiser.graphs_per_step
    rows, times = _rows(folder / CURVE), _rows(folder / TIMES)
    return Learned(
        setting=run.setting,
        seed=run.seed,
        frames=[graphs * int(row["step"]) for row in rows],
        purity=[float(row["validation_purity"]) for row in rows],
        minutes=float(times[-1]["seconds"]) / 60,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def curve_table(curves: Sequence[Learned], longer: Sequence[Learned]) -> list[str]:
    """Returns a row for each setting and length."""
    headers = ["setting", "seeds", "frames", "best purity", "gain in the last quarter"]
    headers += ["gain over half as many frames", "minutes"]
    return table(headers, [_row(of, curves) for of in (*_by_setting(curves), *_by_setting(longer))])


def _by_setting(curves: Sequence[Learned]) -> Iterator[list[Learned]]:
    for name in dict.fromkeys(curve.setting for curve in curves):
        yield [curve for curve in curves if curve.setting == name]


def _row(of: Sequence[Learned], shorter: Sequence[Learned]) -> list[str]:
    best = [max(curve.purity) for curve in of]
    halves = {(each.setting, each.seed): each for each in shorter}
    gains = [
        max(each.purity) - max(half.purity)
        for each in of
        if (half := halves.get((each.setting, each.seed))) and half.frames[-1] < each.frames[-1]
    ]
    spread = f" ± {percent(statistics.stdev(best), digits=2)}" if len(best) > 1 else ""
    return [
        of[0].setting,
        str(len(of)),
        f"{of[0].frames[-1]:,}",
        percent(statistics.mean(best), digits=2) + spread,
        _mean_gain([curve.last_quarter for curve in of]),
        _mean_gain(gains),
        f"{statistics.median(curve.minutes for curve in of):.0f}",
    ]


def _mean_gain(gains: Sequence[float]) -> str:
    return f"{100 * statistics.mean(gains):+.2f}" if gains else ""


def optimiser_table(path: Path) -> list[str]:
    """Returns the trials that chose the optimisers, the best first."""
    rows = [list(row.values()) for row in _rows(path)]
    rows.sort(key=lambda row: (row[0], -float(row[-1])))
    return table(list(_rows(path)[0]), rows)


def draw_curves(curves: Sequence[Learned], longer: Sequence[Learned], path: Path) -> None:
    """Draws held-out purity against frames: a panel for each setting, a line for each seed."""
    panels = list(_by_setting([*curves, *longer]))
    figure = Figure(figsize=(2.6 * len(panels), 3.2), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for place, of in zip(axes, panels, strict=True):
        for curve in of:
            colour = "C1" if curve in longer else "C0"
            place.plot(curve.frames, [100 * purity for purity in curve.purity], colour, lw=0.8)
        place.set_title(of[0].setting)
        place.grid(alpha=0.3)
    lowest = min(statistics.median(curve.purity) for of in panels for curve in of)
    axes[0].set_ylim(bottom=100 * lowest - 3)
    axes[0].set_ylabel("purity on held-out frames, %")
    figure.supxlabel("frames of training, 100 p+/F (twice as long: orange)")
    save_figure(figure, path, dpi=110)


def main(
    config: Annotated[Path, typer.Argument(help="Such as configs/landscape/full.yaml.")],
    twice: Annotated[Path, typer.Argument(help="Such as configs/trainings/twice.yaml.")],
    archive: Annotated[Path, typer.Option(help="Folder of finished trainings.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Page whose generated parts are replaced.")
    ],
) -> None:
    """Fill the page with the curves of what is in the archive, and draw them."""
    curves, longer = (read_curves(load_plan(path), archive) for path in (config, twice))
    some = curves or longer
    parts = {
        "curves": curve_table(curves, longer) if some else ["*No training is finished.*"],
        "optimisers": optimiser_table(archive / OPTIMISERS),
    }
    replace_parts(output, parts)
    if some:
        draw_curves(curves, longer, output.parent.parent / "images" / f"{output.stem}.png")


if __name__ == "__main__":
    typer.run(main)
