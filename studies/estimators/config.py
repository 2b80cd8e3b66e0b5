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
from trackscape.tuning import Float, Space

LEARNING_RATE = "learning_rate"


class RangeConfig(Strict):
    """Where a positive number is searched for, on a logarithmic scale."""

    low: Positive
    high: Positive

    @pydantic.model_validator(mode="after")
    def _is_not_empty(self) -> "RangeConfig":
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be less than high ({self.high:g})")
        return self

    @property
    def parameter(self) -> Float:
        """The range as the search takes it."""
        return Float(low=self.low, high=self.high, log=True)


class MethodConfig(Strict):
    """One estimator, or a loss without one."""

    name: Name
    """Name in the tables."""
    loss: dict[str, bool | float | str]
    """Loss as in the config of a training, but for the scale."""
    scale: dict[str, RangeConfig] = pydantic.Field(default_factory=dict, max_length=1)
    """The scale of the loss that is searched for, if it has one."""
    assigner: AssignerConfig = AssignerConfig(semantics="reject", reject=0.5)
    """Assignment of the training; afterwards all methods are judged by the same decision rules."""

    @property
    def searched(self) -> str | None:
        """Name of the scale."""
        return next(iter(self.scale), None)

    def with_scale(self, value: float | None) -> Objective:
        """Returns the loss with a value of its scale, None if it has none."""
        content: dict[str, Any] = dict(self.loss)
        if self.searched is not None:
            content[self.searched] = value
        try:
            return read_objective(content)
        except pydantic.ValidationError as error:  # turned into one sentence
            problem = error.errors()[0]
            place = ".".join(map(str, problem["loc"]))
            reason = problem["msg"].removeprefix("Value error, ")
            raise ValueError(f"the method {self.name}: {place} {reason}") from error
        except ValueError as error:
            raise ValueError(f"the method {self.name}: {error}") from error

    @pydantic.model_validator(mode="after")
    def _is_a_loss(self) -> "MethodConfig":
        self.with_scale(next((each.low for each in self.scale.values()), None))
        return self


class SearchConfig(Strict):
    """The search of learning rate and scale, the same for each method."""

    trials: Count
    """Short trainings, with the first seed."""
    steps: Count
    """Steps of each."""
    learning_rate: RangeConfig

    def space(self, method: MethodConfig) -> Space:
        """Returns what is searched for a method."""
        ranges = {LEARNING_RATE: self.learning_rate, **method.scale}
        return Space({name: each.parameter for name, each in ranges.items()})


class StudyConfig(Strict):
    """Everything but the folder of the data."""

    name: Name
    """Prefix of the names of the run folders."""
    network: NetworkConfig
    optimiser: OptimiserConfig
    """Optimiser of the judged trainings, but for the learning rate; validation comes last, so that
    the last weights count."""
    search: SearchConfig
    training: tuple[str, ...] = pydantic.Field(min_length=1)
    """Hit files; the last frames of each are held out."""
    held_out: Share
    """Share of the frames of each training file that choose settings and thresholds."""
    tuning_frames: Count
    """Held-out frames that are used, as evenly from all files as can be."""
    judged: tuple[str, ...] = pydantic.Field(min_length=1)
    """Hit files for the numbers of the page, and for nothing else."""
    per_frame: Count
    """Primaries per readout frame, in trainings and searches."""
    judged_at: tuple[Count, ...] = pydantic.Field(min_length=1)
    """Primaries per readout frame of the page, in its order."""
    seeds: Seeds
    methods: tuple[MethodConfig, ...] = pydantic.Field(min_length=2)
    """Methods; all others are compared with the first."""

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
