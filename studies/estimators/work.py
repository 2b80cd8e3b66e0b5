"""Runs of a study -> finished run folders, side by side, each on one thread."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from studies.decisions import COUNTS, write_decisions
from studies.estimators.config import MethodConfig, StudyConfig
from studies.estimators.evaluate import (
    TUNING,
    judge,
    judged_graphs,
    read_tuning,
    tune,
    tuning_graphs,
    write_tuning,
)
from studies.estimators.plan import Run, Setting, whole_runs
from studies.estimators.search import best_of, read_trials, search, trials_file, write_trials
from studies.jobs import run_tasks
from studies.trainings import ARCHIVED, WEIGHTS, copy_files
from trackscape.scoring import load_network
from trackscape.training import train

KEPT = (TUNING, *ARCHIVED)
"""What the archive keeps of a run folder: the weights come last."""


class Places(NamedTuple):
    """Folders of a study."""

    data: Path
    """Of the hit files."""
    runs: Path
    archive: Path | None
    """Of what is kept of finished searches and trainings."""


def carry_out_study(study: StudyConfig, places: Places, *, workers: int) -> None:
    """Searches settings, then trains and judges everything that is not there yet.

    Arguments:
        study: What is done.
        places: Where.
        workers: Trainings side by side.
    """
    copy_archive(study, places.archive, places.runs)
    copy_archive(study, places.runs, places.archive)
    run_tasks(
        functools.partial(find_setting, study=study, places=places),
        [each for each in study.methods if not trials_file(study, each, places.runs).exists()],
        workers=workers,
    )
    whole = whole_runs(study, found_settings(study, runs=places.runs))
    # Seed after seed, so that a part of a study is a smaller one.
    tasks = [run for of_seed in zip(*whole.values(), strict=True) for run in of_seed]
    run_tasks(functools.partial(carry_out, study=study, places=places), tasks, workers=workers)


def trained_seeds(study: StudyConfig, *, runs: Path) -> StudyConfig:
    """Returns the study of those seeds with which all methods are trained.

    Raises:
        RunError: If a search is not finished.
    """
    whole = whole_runs(study, found_settings(study, runs=runs)).values()
    missing = {
        run.seed for seeds in whole for run in seeds if not (run.folder(runs) / WEIGHTS).exists()
    }
    return study.model_copy(
        update={"seeds": tuple(seed for seed in study.seeds if seed not in missing)}
    )


def found_settings(study: StudyConfig, *, runs: Path) -> Mapping[str, Setting]:
    """Returns the setting with the smallest held-out error, of each method.

    Raises:
        RunError: If a search is not finished.
    """
    return {
        method.name: best_of(read_trials(trials_file(study, method, runs)))
        for method in study.methods
    }


def find_setting(method: MethodConfig, *, study: StudyConfig, places: Places) -> str:
    """Searches, and keeps the trials; returns a line about them."""
    trials = search(
        study,
        method,
        error_of=lambda run: trained_and_tuned(run, study=study, places=places),
    )
    path = trials_file(study, method, places.runs)
    write_trials(path, trials)
    if places.archive is not None:
        copy_files(places.runs, places.archive, [path.name])
    found, errors = best_of(trials), [trial.error for trial in trials]
    scale = "" if found.scale is None else f", {method.searched} {found.scale:g}"
    return f"{method.name}: learning rate {found.learning_rate:g}{scale}, {min(errors):.3%} wrong"


def trained_and_tuned(run: Run, *, study: StudyConfig, places: Places) -> float:
    """Trains and tunes a run, as far as that was not done before; returns its held-out error."""
    folder = run.folder(places.runs)
    if not (folder / WEIGHTS).exists():
        train(run.settings, data=places.data, runs=places.runs, seed=run.seed, progress=False)
    if not (folder / TUNING).exists():
        graphs = tuning_graphs(
            study.training,
            held_out=study.held_out,
            per_frame=study.per_frame,
            most=study.tuning_frames,
            folder=places.data,
        )
        scorer = load_network(folder / WEIGHTS)
        write_tuning(folder, tune(scorer, graphs, settings=run.settings, seed=run.seed))
    return read_tuning(folder).edge_error


def carry_out(run: Run, *, study: StudyConfig, places: Places) -> str:
    """Trains, tunes and judges one run, as far as that was not done before.

    Returns:
        A line about it.
    """
    folder = run.folder(places.runs)
    trained_and_tuned(run, study=study, places=places)
    if places.archive is not None:
        _copy_missing(folder, places.archive / folder.name)
    tuning = read_tuning(folder)
    if not (folder / COUNTS).exists():
        scorer = load_network(folder / WEIGHTS)
        decisions = {
            density: judge(
                scorer,
                [
                    graph
                    for name in study.judged
                    for graph in judged_graphs(places.data / name, per_frame=density)
                ],
                reject=tuning.reject,
            )
            for density in study.judged_at
        }
        write_decisions(folder, decisions)
    return f"{folder.name}: {100 * tuning.edge_error:.3f} % wrong at reject {tuning.reject:.3f}"


def copy_archive(study: StudyConfig, source: Path | None, target: Path | None) -> None:
    """Copies finished searches and trainings that a folder does not have."""
    if source is None or target is None:
        return
    files = [trials_file(study, each, source) for each in study.methods]
    there = [path.name for path in files if path.exists()]
    copy_files(source, target, [name for name in there if not (target / name).exists()])
    if len(there) < len(files):
        return
    for runs in whole_runs(study, found_settings(study, runs=source)).values():
        for folder in (run.folder(source) for run in runs):
            if all((folder / name).exists() for name in (TUNING, WEIGHTS)):
                _copy_missing(folder, target / folder.name)


def _copy_missing(source: Path, target: Path) -> None:
    if not (target / WEIGHTS).exists():
        copy_files(source, target, KEPT)
