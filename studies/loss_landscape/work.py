"""A study -> finished files, side by side, each on one thread."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import typer

from studies.jobs import run_tasks
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.connections import ROUTES, measure_paths
from studies.loss_landscape.decisions import decide
from studies.loss_landscape.inputs import Places
from studies.loss_landscape.plan import joined_pairs, measured_folder, model_groups
from studies.loss_landscape.planes import measure_plane
from studies.loss_landscape.similarity import compare_layers
from studies.trainings import Run, all_runs, copy_finished, copy_new
from trackscape.files import write_json
from trackscape.training import train

EVALUATION, GRADIENT, PRODUCT = 0.006, 0.033, 0.15
"""Seconds for a frame of 50 p+/F: losses, a gradient, a product with the Hessian."""
ARCHIVED = ("config.json", "*-eigen.json", "*-plane.npz", "*-paths.npz")
"""What took long to measure: the archive keeps it."""
Measure = Callable[[StudyConfig, Any, Places, Path], None]


class Task(NamedTuple):
    """Something to do, and the file that says that it was done."""

    what: str
    measure: Measure
    of: Any
    """A run, a pair, or the runs of a kind of network."""
    result: Path


def carry_out_study(
    study: StudyConfig,
    *,
    data: Path,
    runs: Path,
    workers: int,
    training: bool = True,
    archive: Path | None = None,
) -> None:
    """Trains and measures whatever is not there yet.

    Arguments:
        study: What is done.
        data: Folder of the hit files.
        runs: Folder of the run folders, and of the folder with the measures.
        workers: Processes side by side.
        training: Whether missing trainings are made; if not, all must be there.
        archive: Folder that keeps what took long, and is asked before anything is measured.
    """
    places, folder = Places(data, runs, archive), measured_folder(study, runs)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", study.model_dump(mode="json"))
    if archive is not None:
        copy_new(archive / folder.name, folder, *ARCHIVED)
    do = functools.partial(carry_out, study, places, folder)
    if training:
        typer.echo(f"about {core_minutes(study):,.0f} minutes of a CPU core in all", err=True)
        left = [run for run in all_runs(study) if not run.finished(runs)]
        tasks = [Task(f"training {run.name}", train_run, run, run.weights(runs)) for run in left]
        run_tasks(do, tasks, workers=workers, before=len(all_runs(study)) - len(left))
    tasks = list(_measures(study, folder))
    undone = [task for task in tasks if not task.result.exists()]
    run_tasks(do, undone, workers=workers, before=len(tasks) - len(undone))


def core_minutes(study: StudyConfig) -> float:
    """Returns roughly how long one core takes, by what the published network costs.

    Measured at 50 p+/F; at 100 p+/F evaluations take 3.0 times, and gradients 2.7 times as long.
    """
    planes, curves = study.planes, study.curves
    evaluations = planes.steps**2 * planes.frames
    of_run = 30 * planes.eigen_frames * PRODUCT + evaluations * EVALUATION
    of_pair = 2 * curves.steps * curves.frames_per_step * GRADIENT
    # Statistics of BatchNorm take as long as what is evaluated with them.
    of_pair += 2 * len(ROUTES) * curves.points * curves.frames * EVALUATION
    seconds = sum(
        setting.steps * setting.graphs_per_step * GRADIENT + of_run
        for setting in (run.settings.optimiser for run in all_runs(study))
    )
    seconds += len(joined_pairs(study)) * of_pair
    return seconds / 60 * (study.per_frame / 50) ** 1.5


def carry_out(study: StudyConfig, places: Places, folder: Path, task: Task) -> str:
    """Does one thing, archives what came of it, and returns what it was."""
    task.measure(study, task.of, places, folder)
    if places.archive is not None:
        copy_finished(study, places.runs, places.archive)
        copy_new(folder, places.archive / folder.name, *ARCHIVED)
    return task.what


def train_run(study: StudyConfig, run: Run, places: Places, folder: Path) -> None:
    """Trains one network, or what is left of its training."""
    train(run.settings, data=places.data, runs=places.runs, seed=run.seed, progress=False)


def _measures(study: StudyConfig, folder: Path) -> Iterator[Task]:
    runs = all_runs(study)
    for run in runs:
        yield Task(f"decisions {run.name}", decide, run, folder / f"{run.name}-decided.json")
    for run in runs:
        yield Task(f"plane {run.name}", measure_plane, run, folder / f"{run.name}-plane.npz")
    for models in model_groups(study):
        name = models.runs[0].setting
        yield Task(f"layers of {name}", compare_layers, models.runs, folder / f"{name}-layers.json")
    for pair in joined_pairs(study):
        yield Task(f"paths {pair.name}", measure_paths, pair, folder / f"{pair.name}-paths.npz")
