"""A YAML file -> a checked, frozen description of one training."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from trackscape.errors import WeightsError
from trackscape.formats.settings import Strict, read_settings
from trackscape.scoring import build_network

Positive = Annotated[float, pydantic.Field(gt=0)]
Count = Annotated[int, pydantic.Field(ge=1)]


class NetworkConfig(Strict):
    """Which network is trained."""

    kind: Literal["line_graph", "hit_graph"]
    """The paper's line-graph or hit-graph interaction network."""
    sizes: dict[str, Count] = pydantic.Field(default_factory=dict)
    """Sizes that differ from the paper's, such as ``hidden: 32``."""

    @pydantic.model_validator(mode="after")
    def _network_has_these_sizes(self) -> "NetworkConfig":
        try:
            build_network(self.kind, **self.sizes)
        except WeightsError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return self


class LossConfig(Strict):
    """What is minimised."""

    kind: Literal["ptt", "pat"]
    """Predict then track (cross-entropy) or predict and track (Hamming, through the assignment)."""
    strength: Positive | None = None
    """For pat: strength of the blackbox gradient, in the unit of the convention."""
    convention: Literal["published", "corrected"] | None = None
    """For pat: see `trackscape.assignment.blackbox_assignment`."""

    @pydantic.model_validator(mode="after")
    def _pat_needs_its_settings(self) -> "LossConfig":
        given = {self.strength is not None, self.convention is not None}
        if given != {self.kind == "pat"}:
            raise ValueError("strength and convention belong to the loss pat, which needs both")
        return self


class OptimiserConfig(Strict):
    """How it is minimised."""

    kind: Literal["rmsprop", "adam"] = "rmsprop"
    """RMSprop, as published, or Adam, which learns from fewer frames."""
    learning_rate: Positive
    """Learning rate at the start."""
    schedule: Literal["constant", "cosine"]
    """Constant, as published, or down to zero along half a cosine."""
    graphs_per_step: Count
    """Frames whose gradients are averaged for a step."""
    averaging: Annotated[float, pydantic.Field(gt=0, lt=1)] | None = None
    """Share of the old average in the running average of the weights, which is then what is
    validated and kept. Of the weights as they are if left out."""
    steps: Count
    """Steps of the optimiser in all."""
    validate_every: Count
    """Steps between two validations, each of which writes a checkpoint."""

    @pydantic.model_validator(mode="after")
    def _whole_number_of_validations(self) -> "OptimiserConfig":
        if self.steps % self.validate_every:
            raise ValueError(
                f"steps ({self.steps}) must be a multiple of validate_every ({self.validate_every})"
            )
        return self


class DataConfig(Strict):
    """What is learned from. File names are relative to the folder given to `trackscape train`."""

    training: tuple[str, ...] = pydantic.Field(min_length=1)
    """Hit files for training."""
    validation: tuple[str, ...] = pydantic.Field(min_length=1)
    """Hit files for the choice of the best weights."""
    per_frame: Count
    """Primaries per readout frame."""
    validation_frames: Count | None = None
    """Frames of each validation file that are used; all if left out."""


class TrainingConfig(Strict):
    """One training: everything but its seed and the folder of its data."""

    name: str = pydantic.Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    """Begins the name of the run folder."""
    network: NetworkConfig
    loss: LossConfig
    optimiser: OptimiserConfig
    data: DataConfig

    @classmethod
    def load(cls, path: Path) -> "TrainingConfig":
        """Reads a YAML file.

        Raises:
            ConfigError: If the file is no YAML, or a key is unknown, missing or out of range.
        """
        return read_settings(path, cls, described_in="configs/cpu/line-graph-pat.yaml")

    @property
    def digest(self) -> str:
        """First eight hexadecimal digits of the SHA-256 of the settings."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]
