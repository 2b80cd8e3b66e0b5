"""Trainings of the studies -> a page that shows whether each reaches its plateau.

Run as ``python -m studies.learning_curves CONFIG OTHERS --archive FOLDER -o
docs/studies/trainings.md`` with the config of a study of the landscape, and of shorter and longer
trainings. The page tells how their optimisers were chosen, too.
"""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from matplotlib.figure import Figure

from studies.formatting import percent
from studies.markdown import replace_parts, table
from studies.trainings import CURVE, TIMES, Run, TrainingPlan, all_runs, load_plan, read_rows
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
    rows, times = read_rows(folder / CURVE), read_rows(folder / TIMES)
    return Learned(
        setting=run.setting,
        seed=run.seed,
        frames=[graphs * int(row["step"]) for row in rows],
        purity=[float(row["validation_purity"]) for row in rows],
        minutes=float(times[-1]["seconds"]) / 60,
    )


def curve_table(curves: Sequence[Learned]) -> list[str]:
    """Returns a row for each setting and length."""
    headers = ["setting", "seeds", "frames", "best purity", "gain in the last quarter"]
    headers += ["gain over half as many frames", "minutes"]
    settings = [curve.setting for curve in curves]
    kinds = sorted(set(map(_kind, curves)), key=lambda kind: (settings.index(kind[0]), kind[1]))
    rows = [_row([each for each in curves if _kind(each) == kind], curves) for kind in kinds]
    return table(headers, rows)


def _kind(curve: Learned) -> tuple[str, int]:
    return curve.setting, curve.frames[-1]


def _row(of: Sequence[Learned], curves: Sequence[Learned]) -> list[str]:
    best = {curve.seed: max(curve.purity) for curve in of}
    half = {each.seed: max(each.purity) for each in curves if _kind(each) == _half(of[0])}
    spread = f" ± {percent(statistics.stdev(best.values()), digits=2)}" if len(best) > 1 else ""
    return [
        of[0].setting,
        str(len(of)),
        f"{of[0].frames[-1]:,}",
        percent(statistics.mean(best.values()), digits=2) + spread,
        _mean_gain([curve.last_quarter for curve in of]),
        _mean_gain([best[seed] - half[seed] for seed in best.keys() & half.keys()]),
        f"{statistics.median(curve.minutes for curve in of):.0f}",
    ]


def _half(curve: Learned) -> tuple[str, int]:
    return curve.setting, curve.frames[-1] // 2


def _mean_gain(gains: Sequence[float]) -> str:
    return f"{100 * statistics.mean(gains):+.2f}" if gains else ""


def optimiser_table(path: Path) -> list[str]:
    """Returns the trials that chose the optimisers, the best first."""
    trials = read_rows(path)
    if not trials:
        return ["*No trial is archived.*"]
    rows = [list(trial.values()) for trial in trials]
    rows.sort(key=lambda row: (row[0], -float(row[-1])))
    return table(list(trials[0]), rows)


def draw_curves(curves: Sequence[Learned], path: Path) -> None:
    """Draws held-out purity against frames: a panel for each setting, a colour for each length."""
    settings = list(dict.fromkeys(curve.setting for curve in curves))
    lengths = sorted({curve.frames[-1] for curve in curves})
    figure = Figure(figsize=(max(5, 2.6 * len(settings)), 3.4), layout="constrained")
    panels = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for axes, setting in zip(panels, settings, strict=True):
        for curve in (curve for curve in curves if curve.setting == setting):
            colour = f"C{lengths.index(curve.frames[-1])}"
            axes.plot(curve.frames, [100 * each for each in curve.purity], colour, lw=0.8)
        axes.set_title(setting)
        axes.grid(alpha=0.3)
    for number, length in enumerate(lengths):
        panels[0].plot([], [], f"C{number}", label=f"{length:,} frames")
    panels[0].legend(loc="lower right", fontsize="small")
    lowest = min(statistics.median(curve.purity) for curve in curves)
    panels[0].set_ylim(bottom=100 * lowest - 3)
    panels[0].set_ylabel("purity on held-out frames, %")
    figure.supxlabel("frames of training, 100 p+/F")
    save_figure(figure, path, dpi=110)


def main(
    configs: Annotated[
        list[Path],
        typer.Argument(help="Such as configs/landscape/full.yaml configs/trainings/twice.yaml."),
    ],
    archive: Annotated[Path, typer.Option(help="Folder of finished trainings.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Page whose generated parts are replaced.")
    ],
) -> None:
    """Fill the page with the curves of what is in the archive, and draw them."""
    curves = [curve for path in configs for curve in read_curves(load_plan(path), archive)]
    parts = {
        "curves": curve_table(curves) if curves else ["*No training is finished.*"],
        "optimisers": optimiser_table(archive / OPTIMISERS),
    }
    replace_parts(output, parts)
    if curves:
        draw_curves(curves, output.parent.parent / "images" / f"{output.stem}.png")


if __name__ == "__main__":
    typer.run(main)
