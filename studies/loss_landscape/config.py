"""A YAML file -> a checked, frozen description of a study of the landscape."""

from pathlib import Path
from typing import Annotated

import pydantic

from trackscape.formats import Count, Positive, Strict, read_settings
from trackscape.training import (
    AssignerConfig,
    DataConfig,
    NetworkConfig,
    ObjectiveConfig,
    OptimiserConfig,
    TrainingConfig,
)

Seeds = Annotated[tuple[Annotated[int, pydantic.Field(ge=0)], ...], pydantic.Field(min_length=2)]
Name = Annotated[str, pydantic.Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
AtLeastTwo = Annotated[int, pydantic.Field(ge=2)]


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


class PlaneConfig(Strict):
    """Planes along the top eigenvectors of the Hessian, around each training."""

    eigen_frames: Count
    """Frames whose mean loss has the Hessian."""
    tolerance: Positive
    """Largest residual of an eigenpair, |Hv - λv| / |λ|."""
    frames: Count
    """Frames of the surface."""
    steps: AtLeastTwo
    """Points on each axis."""
    extent: Positive
    """Largest coordinate; each tensor of a direction has the norm of the weights' tensor."""

    @pydantic.model_validator(mode="after")
    def _training_is_a_point(self) -> "PlaneConfig":
        if self.steps % 2 == 0:
            raise ValueError(f"steps ({self.steps}) must be odd, so that the training is a point")
        return self


class CurveConfig(Strict):
    """Lines and trained curves between all pairs."""

    steps: Count
    """Steps of the training of a curve."""
    frames_per_step: Count
    learning_rate: Positive
    training_frames: Count
    """Frames that a curve is trained on."""
    strength: Positive
    """Largest shift of a cost in the blackbox gradient of the Hamming loss."""
    frames: Count
    """Frames that a curve is evaluated on."""
    points: AtLeastTwo
    """Points that are evaluated, both ends included."""


class SimilarityConfig(Strict):
    """What the layers compute, and what is decided."""

    frames: Count
    """Frames of the layers' outputs."""
    rows: Annotated[int, pydantic.Field(ge=4)]
    """Rows (segments or messages) in a minibatch."""
    minibatches: Count
    decided_frames: Count
    """Frames whose decisions are compared."""
    tuning_frames: Count
    """Frames of the training files that tune the unmatched cost of each training."""


class StudyConfig(Strict):
    """Everything but the folder of the data."""

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
    """Optimiser of all settings without one of their own; the last weights count."""
    settings: tuple[SettingConfig, ...] = pydantic.Field(min_length=2)
    planes: PlaneConfig
    curves: CurveConfig
    similarity: SimilarityConfig

    @pydantic.model_validator(mode="after")
    def _settings_have_names(self) -> "StudyConfig":
        names = [setting.name for setting in self.settings]
        if len(set(names)) < len(names):
            raise ValueError(f"settings need different names, got {', '.join(names)}")
        return self

    @pydantic.model_validator(mode="after")
    def _last_weights_count(self) -> "StudyConfig":
        for optimiser in (self.optimiser, *(setting.optimiser for setting in self.settings)):
            if optimiser is not None and optimiser.validate_every != optimiser.steps:
                raise ValueError(
                    f"validate_every ({optimiser.validate_every}) must be steps "
                    f"({optimiser.steps}), so that the last weights are kept"
                )
        return self

    def training_of(self, setting: SettingConfig) -> TrainingConfig:
        """Returns what a setting is trained with."""
        return TrainingConfig(
            name=f"{self.name}-{setting.name}",
            network=setting.network,
            loss=setting.loss,
            assigner=setting.assigner,
            optimiser=setting.optimiser or self.optimiser,
            data=DataConfig(
                training=self.training,
                validation=self.judged,
                per_frame=self.per_frame,
                validation_frames=1,
            ),
        )

    @classmethod
    def load(cls, path: Path | str) -> "StudyConfig":
        """Reads a YAML file.

        Raises:
            ConfigError: If the file is no YAML, or a key is unknown, missing or out of range.
        """
        return read_settings(Path(path), cls, described_in="configs/landscape/cpu.yaml")
