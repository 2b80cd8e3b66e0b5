"""A study -> the trainings that it consists of."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from studies.estimators.config import MethodConfig, StudyConfig
from trackscape.training import DataConfig, TrainingConfig


class Setting(NamedTuple):
    """What is searched for, for each method on its own."""

    learning_rate: float
    scale: float | None
    """Value of the method's scale, None if it has none."""


class Run(NamedTuple):
    """One training of a study."""

    method: str
    settings: TrainingConfig
    seed: int

    def folder(self, runs: Path) -> Path:
        """Where `open_run` puts it."""
        return self.settings.folder(runs, seed=self.seed)


def trial_run(study: StudyConfig, method: MethodConfig, setting: Setting) -> Run:
    """The short training, with the first seed, by which a setting is chosen or not."""
    return _run(study, method, setting, seed=study.seeds[0], steps=study.search.steps)


def whole_runs(study: StudyConfig, found: Mapping[str, Setting]) -> dict[str, list[Run]]:
    """Trainings of all methods and seeds.

    Arguments:
        study: The study.
        found: What was found for each method.
    """
    return {
        method.name: [
            _run(study, method, found[method.name], seed=seed, steps=study.optimiser.steps)
            for seed in study.seeds
        ]
        for method in study.methods
    }


def _run(
    study: StudyConfig, method: MethodConfig, setting: Setting, *, seed: int, steps: int
) -> Run:
    changes = {"steps": steps, "validate_every": steps, "learning_rate": setting.learning_rate}
    settings = TrainingConfig(
        name=f"{study.name}-{method.name}",
        network=study.network,
        loss=method.with_scale(setting.scale),
        assigner=method.assigner,
        optimiser=study.optimiser.model_copy(update=changes),
        data=DataConfig(
            training=study.training, held_out=study.held_out, per_frame=study.per_frame
        ),
    )
    return Run(method.name, settings, seed)
