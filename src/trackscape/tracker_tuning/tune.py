"""A configuration and files -> a study in a storage, and the best settings."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from trackscape.execution import Workers
from trackscape.tracker_tuning.config import TuningConfig
from trackscape.tracker_tuning.objectives import make_objective
from trackscape.tuning import Optimizer


class Tuned(NamedTuple):
    """What was found."""

    values: dict[str, Any]
    """The best settings, by name."""
    score: float
    """What they reach, from 0 to 1."""
    trials: int
    """Trials that are complete."""
    optimizer: Optimizer
    """All of these, with the score as a loss: with opposite sign."""

    def as_yaml(self) -> str:
        """Returns settings and score as a file says them."""
        return yaml.safe_dump({"score": self.score, "settings": self.values}, sort_keys=False)


def tune(
    config: TuningConfig,
    *,
    data: Path | str,
    storage: str,
    trials: int,
    runs: Path | str = "runs",
    executor: Workers | None = None,
    progress: bool = True,
) -> Tuned:
    """Tunes until the study has so many complete trials, or goes on where one was killed.

    Arguments:
        config: What is tuned.
        data: Folder with the hit files that it names.
        storage: Where trials are kept, see `trackscape.tuning.open_study`.
        trials: Number of trials in all.
        runs: For a training: folder that gets the run folders.
        executor: Who runs trials; this process if None.
        progress: Whether to show a bar.

    Raises:
        ConfigError: A setting is not there, or the storage cannot be opened.
        FormatError: A hit file is missing or damaged.
        MissingPackageError: Optuna is not installed.
        DataError: No trial could be completed.
    """
    from trackscape.tuning import open_study, optimizer_of, run_study  # all need Optuna

    objective = make_objective(config, data=Path(data), runs=Path(runs))
    space = config.ranges()
    study = open_study(storage, name=config.name, seed=config.seed, maximise=True)
    run_study(study, objective, space, trials=trials, executor=executor, progress=progress)
    optimizer = optimizer_of(study, space)
    best = optimizer.best
    return Tuned(best.values, -best.value, len(optimizer.told), optimizer)
