"""Runs of a study -> finished run folders, side by side, each on one thread."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from studies.decisions import COUNTS, write_decisions
from studies.estimators.config import StudyConfig
from studies.estimators.evaluate import (
    TUNING,
    WEIGHTS,
    judge,
    read_graphs,
    read_tuning,
    tune,
    write_tuning,
)
from studies.estimators.files import held_out_name, split_files
from studies.estimators.plan import Run, ladder_runs, search_runs, whole_runs
from studies.jobs import run_tasks
from trackscape.data import HitGraph
from trackscape.scoring import load_network
from trackscape.training import Objective, train


class Places(NamedTuple):
    """Folders of a study."""

    data: Path
    """Of the files on which is judged."""
    parts: Path
    """Of the files on which is trained and tuned."""
    runs: Path


class Task(NamedTuple):
    """A run, and what is to be done with it."""

    run: Run
    judged: bool
    """Whether it is judged, or only chosen by."""
    study: StudyConfig
    places: Places


def carry_out_study(study: StudyConfig, *, data: Path, runs: Path, workers: int) -> None:
    """Searches the scales, then trains and judges everything that is not there yet.

    Arguments:
        study: What is done.
        data: Folder of the hit files.
        runs: Folder of the run folders.
        workers: Trainings side by side.
    """
    places = Places(data, split_files(study, data=data, runs=runs), runs)

    def finish(groups: Iterable[list[Run]], *, judged: bool) -> None:
        tasks = [Task(run, judged, study, places) for seeds in groups for run in seeds]
        run_tasks(carry_out, tasks, workers=workers)

    finish(search_runs(study).values(), judged=False)
    finish((seeds for steps in ladder_runs(study).values() for seeds in steps), judged=True)
    finish(whole_runs(study, found_losses(study, runs=runs)).values(), judged=True)


def found_losses(study: StudyConfig, *, runs: Path) -> dict[str, Objective]:
    """Returns the loss with the scale of the smallest held-out error, of all searched methods.

    Raises:
        RunError: If a run of the search is not finished.
    """
    return {
        name: min(
            candidates, key=lambda run: read_tuning(run.folder(runs)).edge_error
        ).settings.loss
        for name, candidates in search_runs(study).items()
    }


def carry_out(task: Task) -> str:
    """Trains, tunes and judges one run, as far as that was not done before.

    Returns:
        A line about it.
    """
    run, study, places = task.run, task.study, task.places
    folder = run.folder(places.runs)
    if not (folder / WEIGHTS).exists():
        train(run.settings, data=places.parts, runs=places.runs, seed=run.seed, progress=False)
    scorer = load_network(folder / WEIGHTS)
    if not (folder / TUNING).exists():
        graphs = _tuning_graphs(study, places)
        write_tuning(folder, tune(scorer, graphs, settings=run.settings, seed=run.seed))
    tuning = read_tuning(folder)
    if task.judged and not (folder / COUNTS).exists():
        decisions = {
            density: judge(scorer, _judged_graphs(study, places, density), reject=tuning.reject)
            for density in study.judged_at
        }
        write_decisions(folder, decisions)
    return f"{folder.name}: {100 * tuning.edge_error:.3f} % wrong at reject {tuning.reject:.3f}"


def _tuning_graphs(study: StudyConfig, places: Places) -> list[HitGraph]:
    return [
        graph
        for name in study.training
        for graph in read_graphs(
            places.parts / held_out_name(name), per_frame=study.per_frame, most=study.tuning_frames
        )
    ]


def _judged_graphs(study: StudyConfig, places: Places, density: int) -> list[HitGraph]:
    return [
        graph
        for name in study.judged
        for graph in read_graphs(places.data / name, per_frame=density)
    ]
