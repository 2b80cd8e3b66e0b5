"""A study -> the trainings that it consists of."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from studies.estimators.config import MethodConfig, StudyConfig
from studies.estimators.files import held_out_name, kept_name
from trackscape.training import DataConfig, Objective, TrainingConfig


class Run(NamedTuple):
    """One training of a study."""

    method: str
    scale: float | None
    """Value of the scale that is searched for, or is a step of the ladder."""
    settings: TrainingConfig
    seed: int

    def folder(self, runs: Path) -> Path:
        """Where `open_run` puts it."""
        return self.settings.folder(runs, seed=self.seed)


def search_runs(study: StudyConfig) -> dict[str, list[Run]]:
    """Short trainings with the first seed, for each method that has a scale to choose."""
    return {
        method.name: [
            _run(study, method, loss, seed=study.seeds[0], steps=study.search_steps)
            for loss in method.candidates()
        ]
        for method in study.methods
        if method.searched is not None
    }


def whole_runs(study: StudyConfig, found: Mapping[str, Objective]) -> dict[str, list[Run]]:
    """Trainings of all methods and seeds.

    Arguments:
        study: The study.
        found: The loss of each method that had a scale to choose.
    """
    return {
        method.name: [
            _run(study, method, found.get(method.name), seed=seed, steps=study.optimiser.steps)
            for seed in study.seeds
        ]
        for method in study.methods
    }


def ladder_runs(study: StudyConfig) -> dict[str, list[list[Run]]]:
    """Short trainings with all seeds of the ladder, for each of its methods and strengths."""
    steps = study.search_steps
    return {
        name: [
            [
                _run(
                    study, method, method.with_scale("strength", value), seed=seed, steps=steps
                )._replace(scale=value)
                for seed in study.ladder.seeds
            ]
            for value in values
        ]
        for name, values in study.ladder.strengths.items()
        for method in [study.method(name)]
    }


def _run(
    study: StudyConfig, method: MethodConfig, loss: Objective | None, *, seed: int, steps: int
) -> Run:
    loss = loss or method.candidates()[0]
    settings = TrainingConfig(
        name=f"{study.name}-{method.name}",
        network=study.network,
        loss=loss,
        assigner=method.assigner,
        optimiser=study.optimiser.model_copy(update={"steps": steps, "validate_every": steps}),
        data=DataConfig(
            training=tuple(map(kept_name, study.training)),
            validation=tuple(map(held_out_name, study.training)),
            per_frame=study.per_frame,
            validation_frames=1,
        ),
    )
    scale = None if method.searched is None else loss.settings[method.searched]
    return Run(method=method.name, scale=scale, settings=settings, seed=seed)
