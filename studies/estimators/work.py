"""Runs of a study -> finished run folders, side by side, each on one thread."""

import multiprocessing
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import torch
import typer

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
from trackscape.data import HitGraph
from trackscape.scoring import load_network
from trackscape.training.config import LossConfig
from trackscape.training.train import train


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
    # Spawned, not forked, as the threads of this process would be missing in a forked one.
    with ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=torch.set_num_threads,
        initargs=(1,),
    ) as pool:

        def finish(chosen: Iterable[Run], *, judged: bool) -> None:
            tasks = [Task(run, judged, study, places) for run in chosen]
            for number, line in enumerate(pool.map(carry_out, tasks), 1):
                typer.echo(f"{number}/{len(tasks)} {line}", err=True)

        finish(_all(search_runs(study).values()), judged=False)
        ladders = [seeds for steps in ladder_runs(study).values() for seeds in steps]
        finish(_all(ladders), judged=True)
        finish(_all(whole_runs(study, found_losses(study, runs=runs)).values()), judged=True)


def _all(groups: Iterable[list[Run]]) -> list[Run]:
    return [run for group in groups for run in group]


def found_losses(study: StudyConfig, *, runs: Path) -> dict[str, LossConfig]:
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
    folder, started = run.folder(places.runs), time.monotonic()
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
    return (
        f"{folder.name}: {100 * tuning.edge_error:.3f} % wrong at reject {tuning.reject:.3f}, "
        f"{time.monotonic() - started:.0f} s"
    )


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
