"""The trainings of a study, as one plan: what is there, how many hours are left, and the archive.

Run as ``python -m studies.trainings CONFIG --data A --runs B --archive C --workers 2`` with the
config of a study of the landscape. It may be stopped and called again at any time: what was begun
goes on at its last validation. What is finished is copied to the archive without its checkpoints,
some 40 kB a training, and what an archive holds is not trained again. Seed after seed is trained
with all settings, so that a part of the plan is a smaller study.
"""

import csv
import functools
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import pydantic
import typer

from studies.jobs import run_tasks
from studies.markdown import table
from studies.settings import Name, Seeds, check_names
from trackscape.files import replacing
from trackscape.formats import Count, Share, Strict, read_settings
from trackscape.training import (
    AssignerConfig,
    DataConfig,
    NetworkConfig,
    ObjectiveConfig,
    OptimiserConfig,
    TrainingConfig,
    train,
)

WEIGHTS, CURVE, TIMES = "weights.safetensors", "metrics.csv", "timing.csv"
ARCHIVED = ("config.json", "provenance.json", CURVE, TIMES, WEIGHTS)
"""What the archive keeps of a run folder: the weights come last."""
FOUND = "curve-*.npz"
"""Curves to other trainings, which took long to find: they are archived, too."""
SECONDS = 0.07
"""For a frame of 100 p+/F, of all networks here, on a core: the timing of the runs in docs/runs."""


class SettingConfig(Strict):
    """One way to train, with several seeds."""

    name: Name
    """Name in the tables."""
    network: NetworkConfig
    """Network; only settings with equal networks are compared with each other."""
    loss: ObjectiveConfig
    assigner: AssignerConfig = AssignerConfig()
    """Assignment of the training and of all that is measured."""
    optimiser: OptimiserConfig | None = None
    """Optimiser; that of the study if left out."""


class TrainingPlan(Strict):
    """What is trained: the part of a study's config that other studies may read, too."""

    name: Name
    """Prefix of the names of the run folders."""
    training: tuple[str, ...] = pydantic.Field(min_length=1)
    """Hit files."""
    judged: tuple[str, ...] = pydantic.Field(min_length=1)
    """Hit files for all that is measured."""
    per_frame: Count
    """Primaries per readout frame."""
    seeds: Seeds
    optimiser: OptimiserConfig
    """Optimiser of all settings without one of their own."""
    settings: tuple[SettingConfig, ...] = pydantic.Field(min_length=2)
    held_out: Share | None = None
    """Share of the frames of each training file, its last ones, that choose the weights which are
    kept. If left out, nothing chooses, and the last weights are kept."""

    @pydantic.model_validator(mode="after")
    def _settings_have_names(self) -> "TrainingPlan":
        check_names((setting.name for setting in self.settings), of="settings")
        return self

    @pydantic.model_validator(mode="after")
    def _last_weights_count(self) -> "TrainingPlan":
        for optimiser in (self.optimiser, *(setting.optimiser for setting in self.settings)):
            chooses = self.held_out is not None
            if optimiser and not chooses and optimiser.validate_every != optimiser.steps:
                raise ValueError(
                    f"validate_every ({optimiser.validate_every}) must be steps "
                    f"({optimiser.steps}), so that the last weights are kept, or give held_out"
                )
        return self

    def training_of(self, setting: SettingConfig) -> TrainingConfig:
        """Returns what a setting is trained with."""
        chooses = self.held_out is not None
        return TrainingConfig(
            name=f"{self.name}-{setting.name}",
            network=setting.network,
            loss=setting.loss,
            assigner=setting.assigner,
            optimiser=setting.optimiser or self.optimiser,
            data=DataConfig(
                training=self.training,
                validation=() if chooses else self.judged,
                held_out=self.held_out,
                per_frame=self.per_frame,
                validation_frames=None if chooses else 1,
            ),
        )


class _PlanInStudy(TrainingPlan, extra="ignore"):
    """The plan in a file of a study, which has further keys."""


class Run(NamedTuple):
    """One training of a plan."""

    setting: str
    settings: TrainingConfig
    seed: int

    @property
    def name(self) -> str:
        """Short and unique in a plan."""
        return f"{self.setting}-s{self.seed}"

    def folder(self, runs: Path) -> Path:
        """Where its training leaves everything."""
        return self.settings.folder(runs, seed=self.seed)

    def weights(self, runs: Path) -> Path:
        """Where its training leaves them: the best so far, while it goes on."""
        return self.folder(runs) / WEIGHTS

    def steps_done(self, runs: Path) -> int:
        """Returns the steps up to the last validation."""
        rows = read_rows(self.folder(runs) / CURVE)
        return int(rows[-1]["step"]) if rows else 0

    def finished(self, runs: Path) -> bool:
        """Whether nothing of the training is left."""
        done = self.steps_done(runs) == self.settings.optimiser.steps
        return done and self.weights(runs).exists()


def all_runs(plan: TrainingPlan) -> list[Run]:
    """Returns all trainings, setting after setting."""
    return [
        Run(setting.name, plan.training_of(setting), seed)
        for setting in plan.settings
        for seed in plan.seeds
    ]


def finished_seeds(plan: TrainingPlan, runs: Path) -> tuple[int, ...]:
    """Returns the seeds with which all settings are trained: those that studies may compare."""
    missing = {run.seed for run in all_runs(plan) if not run.finished(runs)}
    return tuple(seed for seed in plan.seeds if seed not in missing)


def hours_left(plan: TrainingPlan, runs: Path) -> dict[str, float]:
    """Returns about how many hours of one core are left, by setting.

    A training that was begun goes on at its own speed, others at the mean speed of their setting.
    """
    left: dict[str, float] = {}
    for setting in plan.settings:
        of = [run for run in all_runs(plan) if run.setting == setting.name]
        speeds = {run.name: _speed(run, runs) for run in of}
        known = [speed for speed in speeds.values() if speed is not None]
        graphs = of[0].settings.optimiser.graphs_per_step
        guess = SECONDS * graphs * (plan.per_frame / 100) ** 2
        usual = sum(known) / len(known) if known else guess
        left[setting.name] = sum(
            (run.settings.optimiser.steps - run.steps_done(runs)) * (speeds[run.name] or usual)
            for run in of
        )
    return {name: seconds / 3600 for name, seconds in left.items()}


def copy_finished(plan: TrainingPlan, source: Path, target: Path) -> int:
    """Copies what is finished and another folder does not have; returns the number of trainings."""
    finished = [run for run in all_runs(plan) if run.finished(source)]
    missing = [run for run in finished if not run.finished(target)]
    for run in missing:
        copy_files(run.folder(source), run.folder(target), ARCHIVED)
    for run in finished:
        copy_new(run.folder(source), run.folder(target), FOUND)
    return len(missing)


def copy_new(source: Path, target: Path, *patterns: str) -> None:
    """Copies what has such a name and another folder does not have, in the order of the names."""
    found = {path.name for pattern in patterns for path in source.glob(pattern)}
    new = sorted(name for name in found if not (target / name).exists())
    if new:
        copy_files(source, target, new)


def copy_files(source: Path, target: Path, names: Iterable[str]) -> None:
    """Copies files of a folder to another one, in their order, each whole or not at all."""
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        with replacing(target / name) as partial:
            shutil.copyfile(source / name, partial)


def carry_out(
    plan: TrainingPlan,
    *,
    data: Path,
    runs: Path,
    archive: Path,
    workers: int = 1,
    hours: float | None = None,
) -> None:
    """Trains what is neither finished nor archived, and archives each training when it is.

    Arguments:
        plan: What is trained.
        data: Folder of the hit files.
        runs: Folder of the run folders, with checkpoints.
        archive: Folder that keeps what is finished.
        workers: Processes side by side.
        hours: After so many no training is begun; without a limit if left out.
    """
    copy_finished(plan, archive, runs)
    copy_finished(plan, runs, archive)
    tasks = [run for run in all_runs(plan) if not run.finished(runs)]
    tasks.sort(key=lambda run: plan.seeds.index(run.seed))  # settings keep their order
    end = None if hours is None else time.time() + 3600 * hours
    done = len(plan.settings) * len(plan.seeds) - len(tasks)
    do = functools.partial(_train, data=data, runs=runs, archive=archive, end=end)
    run_tasks(do, tasks if hours != 0 else [], workers=workers, before=done)


def _train(run: Run, *, data: Path, runs: Path, archive: Path, end: float | None) -> str:
    if end is not None and time.time() > end:
        return f"no time for {run.name}"
    trained = train(run.settings, data=data, runs=runs, seed=run.seed, progress=False)
    copy_files(run.folder(runs), run.folder(archive), ARCHIVED)
    return f"training {run.name}: purity {100 * trained.purity:.2f} % where weights were chosen"


def state_table(plan: TrainingPlan, runs: Path, *, workers: int) -> list[str]:
    """Returns a table of what is there and what is left."""
    left = hours_left(plan, runs)
    done = [run.setting for run in all_runs(plan) if run.finished(runs)]
    rows = [
        [name, f"{done.count(name)} of {len(plan.seeds)}", f"{hours:.1f}"]
        for name, hours in left.items()
    ]
    total = sum(left.values())
    rows.append(["all", f"{len(done)} of {len(left) * len(plan.seeds)}", f"{total:.1f}"])
    lines = table(["setting", "trained", "hours of a core left"], rows)
    seeds = len(finished_seeds(plan, runs))
    return [
        *lines,
        "",
        f"{seeds} of {len(plan.seeds)} seeds have all settings; "
        f"about {total / workers:.1f} hours are left with {workers} at a time.",
    ]


def load_plan(path: Path) -> TrainingPlan:
    """Reads the plan in the config of a study.

    Raises:
        ConfigError: If the file is no YAML, or a key is missing or out of range.
    """
    return read_settings(path, _PlanInStudy, described_in="configs/landscape/full.yaml")


def _speed(run: Run, runs: Path) -> float | None:
    """Seconds for a step."""
    rows = read_rows(run.folder(runs) / TIMES)
    return float(rows[-1]["seconds"]) / int(rows[-1]["step"]) if rows else None


def read_rows(path: Path) -> Sequence[dict[str, str]]:
    """Returns the rows of a table in a run folder, none if it is not there."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main(
    config: Annotated[Path, typer.Argument(help="Such as configs/landscape/full.yaml.")],
    runs: Annotated[Path, typer.Option(help="Folder of the run folders, with checkpoints.")],
    archive: Annotated[Path, typer.Option(help="Folder that keeps what is finished.")],
    data: Annotated[Path, typer.Option(help="Folder with the hit files.")] = Path(),
    workers: Annotated[int, typer.Option(min=1, help="Processes side by side.")] = 1,
    hours: Annotated[
        float | None, typer.Option(min=0, help="Begin no training after so many; 0: none.")
    ] = None,
) -> None:
    """Train what is missing, and say what is left."""
    plan = load_plan(config)
    copy_finished(plan, archive, runs)
    typer.echo("\n".join(state_table(plan, runs, workers=workers)), err=True)
    carry_out(plan, data=data, runs=runs, archive=archive, workers=workers, hours=hours)
    typer.echo("\n".join(state_table(plan, runs, workers=workers)))


if __name__ == "__main__":
    typer.run(main)
