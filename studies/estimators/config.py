"""A YAML file -> a checked, frozen description of a study of estimators."""

from pathlib import Path
from typing import Any

import pydantic

from studies.settings import Name, Seeds, check_names
from trackscape.formats import Count, Positive, Share, Strict, read_settings
from trackscape.training import (
    AssignerConfig,
    NetworkConfig,
    Objective,
    OptimiserConfig,
    read_objective,
)

Setting = bool | float | str
HALF = AssignerConfig(semantics="reject", reject=0.5)


class MethodConfig(Strict):
    """One estimator, or a loss without one."""

    name: Name
    """Name in the tables."""
    loss: dict[str, Setting | tuple[Positive, ...]]
    """Loss as in the config of a training; a scale with a list of values is searched for."""
    assigner: AssignerConfig = HALF
    """Assignment of the training; afterwards all methods are judged by the same decision rules."""

    @property
    def searched(self) -> str | None:
        """Name of the scale that is searched for."""
        return next((name for name, value in self.loss.items() if isinstance(value, tuple)), None)

    def candidates(self) -> list[Objective]:
        """The losses to choose from; one if there is nothing to search for."""
        if self.searched is None:
            return [self._build(self.loss)]
        values: Any = self.loss[self.searched]
        return [self.with_scale(self.searched, value) for value in values]

    def with_scale(self, name: str, value: float) -> Objective:
        """Returns the loss with another value of one of its scales."""
        return self._build(self.loss | {name: value})

    @pydantic.model_validator(mode="after")
    def _losses_are_losses(self) -> "MethodConfig":
        if sum(isinstance(value, tuple) for value in self.loss.values()) > 1:
            raise ValueError(f"the method {self.name} has more than one scale with a list")
        self.candidates()  # raises what is wrong with them
        return self

    def _build(self, loss: dict[str, Any]) -> Objective:
        """Turns what is wrong with it into one sentence."""
        try:
            return read_objective(loss)
        except pydantic.ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(map(str, problem["loc"]))
            reason = problem["msg"].removeprefix("Value error, ")
            raise ValueError(f"the method {self.name}: {place} {reason}") from error
        except ValueError as error:
            raise ValueError(f"the method {self.name}: {error}") from error


class LadderConfig(Strict):
    """The strength of blackbox interpolation, step by step, with the budget of the search."""

    strengths: dict[Name, tuple[Positive, ...]] = pydantic.Field(min_length=1)
    """Values of the scale ``strength`` by method."""
    seeds: Seeds
    """Seeds of the trainings of each value."""


class StudyConfig(Strict):
    """Everything but the folder of the data."""

    name: Name
    """Prefix of the names of the run folders."""
    network: NetworkConfig
    optimiser: OptimiserConfig
    """Optimiser of the judged trainings; validation comes last, so that the last weights count."""
    search_steps: Count
    """Steps of the trainings, with the first seed, that choose a scale."""
    training: tuple[str, ...] = pydantic.Field(min_length=1)
    """Hit files; the last events of each are held out."""
    held_out: Share
    """Share of the events of each training file that choose scales and thresholds."""
    tuning_frames: Count
    """Frames of each held-out part that are used."""
    judged: tuple[str, ...] = pydantic.Field(min_length=1)
    """Hit files for the numbers of the page, and for nothing else."""
    per_frame: Count
    """Primaries per readout frame, in trainings and searches."""
    judged_at: tuple[Count, ...] = pydantic.Field(min_length=1)
    """Primaries per readout frame of the page, in its order."""
    seeds: Seeds
    methods: tuple[MethodConfig, ...] = pydantic.Field(min_length=2)
    """Methods; all others are compared with the first."""
    ladder: LadderConfig

    @pydantic.model_validator(mode="after")
    def _last_weights_count(self) -> "StudyConfig":
        if self.optimiser.validate_every != self.optimiser.steps:
            raise ValueError(
                f"validate_every ({self.optimiser.validate_every}) must be steps "
                f"({self.optimiser.steps}), so that the last weights are kept"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _methods_have_names(self) -> "StudyConfig":
        check_names((method.name for method in self.methods), of="methods")
        return self

    @pydantic.model_validator(mode="after")
    def _ladder_has_methods_with_strength(self) -> "StudyConfig":
        names = [method.name for method in self.methods]
        for name, values in self.ladder.strengths.items():
            if name not in names:
                raise ValueError(f"the ladder has a method {name}, the study {', '.join(names)}")
            for value in values:
                self.method(name).with_scale("strength", value)
        return self

    def method(self, name: str) -> MethodConfig:
        """Returns one of the methods."""
        return next(method for method in self.methods if method.name == name)

    @classmethod
    def load(cls, path: Path | str) -> "StudyConfig":
        """Reads a YAML file.

        Raises:
            ConfigError: If the file is no YAML, or a key is unknown, missing or out of range.
        """
        return read_settings(Path(path), cls, described_in="configs/study/cpu.yaml")
