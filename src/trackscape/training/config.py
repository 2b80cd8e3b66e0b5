"""A YAML file -> a checked, frozen description of one training."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import pydantic

from trackscape.assignment import SEMANTICS, Assigner
from trackscape.errors import AssignmentError, WeightsError
from trackscape.formats import Count, Positive, Share, Strict, find_settings, read_settings
from trackscape.scoring import build_network
from trackscape.training.interface import Objective
from trackscape.training.modules import OptimiserKind, Schedule
from trackscape.training.objectives import Sinkhorn, read_objective

ObjectiveConfig = Annotated[
    Objective,
    pydantic.PlainValidator(read_objective),
    pydantic.PlainSerializer(lambda objective: {"kind": objective.kind} | objective.settings),
]
"""The loss, as ``kind`` and all settings of `trackscape.training.objectives`."""
Size = Annotated[
    Annotated[int, pydantic.Field(ge=0)] | float | str, pydantic.Field(union_mode="left_to_right")
]


class NetworkConfig(Strict):
    """Which network is trained; its name alone stands for its usual sizes."""

    kind: str
    """``line_graph`` or ``hit_graph``, the paper's interaction networks, ``belief``, ours, or a
    class of your own such as ``my_package.MyScorer``, which is imported."""
    sizes: dict[str, Size] = pydantic.Field(default_factory=dict)
    """Arguments of the network that differ from the usual ones, such as ``hidden: 32``."""

    @pydantic.model_validator(mode="before")
    @classmethod
    def _a_name_is_a_kind(cls, content: Any) -> Any:
        return {"kind": content} if isinstance(content, str) else content

    @pydantic.model_validator(mode="after")
    def _network_has_these_sizes(self) -> "NetworkConfig":
        try:
            build_network(self.kind, **self.sizes)
        except WeightsError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return self


class AssignerConfig(Strict):
    """What decides, in the validation and in losses that go through the assignment."""

    semantics: Literal["card", "reject"] = "card"
    """What is minimised: ``card``, as published, or ``reject``, where tracks may end."""
    reject: Positive | None = None
    """For reject: cost of a track's end, 0.5 if left out. The cost of an edge is 1 - p."""

    @pydantic.model_validator(mode="before")
    @classmethod
    def _half_if_left_out(cls, content: Any) -> Any:
        if isinstance(content, dict) and content.get("semantics") == "reject":
            return {"reject": 0.5} | content
        return content

    @pydantic.model_validator(mode="after")
    def _reject_belongs_to_reject(self) -> "AssignerConfig":
        try:
            self.build()
        except AssignmentError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return self

    def build(self) -> Assigner:
        """Returns what decides."""
        return Assigner(semantics=SEMANTICS[self.semantics], unmatched_cost=self.reject)


class Validations(Strict):
    """Steps of an optimiser, with a validation after so many of them."""

    steps: Count
    """Steps of the optimiser in all."""
    validate_every: Count
    """Steps between two validations, each of which writes a checkpoint."""

    @pydantic.model_validator(mode="after")
    def _whole_number_of_validations(self) -> Self:
        if self.steps % self.validate_every:
            raise ValueError(
                f"steps ({self.steps}) must be a multiple of validate_every ({self.validate_every})"
            )
        return self


class OptimiserConfig(Validations):
    """How it is minimised."""

    kind: OptimiserKind = "rmsprop"
    """RMSprop, as published, or Adam or SOAP, which learn from fewer frames."""
    learning_rate: Positive
    """Rate at the start."""
    schedule: Schedule
    """Constant, as published, or down to zero along half a cosine."""
    graphs_per_step: Count
    """Frames whose gradients are averaged for a step."""
    averaging: Share | None = None
    """Share of the old in the running average of the weights, which is then validated and kept."""


class DataConfig(Strict):
    """What is learned from. File names are relative to the folder given to `trackscape train`."""

    training: tuple[str, ...] = pydantic.Field(min_length=1)
    """Hit files for training."""
    validation: tuple[str, ...] = ()
    """Hit files for the choice of the best weights."""
    held_out: Share | None = None
    """Share of the frames of each training file, its last ones, that choose the best weights
    instead of validation files."""
    per_frame: Count | tuple[Count, ...]
    """Primaries per readout frame. If several, each file is cut into frames of each size."""
    validation_frames: Count | None = None
    """Frames of each validation file that are used; all if left out."""

    @pydantic.model_validator(mode="after")
    def _something_chooses(self) -> "DataConfig":
        if bool(self.validation) == (self.held_out is not None):
            raise ValueError("give either validation, a list of files, or held_out, a share")
        if self.sizes == () or len(set(self.sizes)) < len(self.sizes):
            raise ValueError(f"per_frame must be one number or different ones, got {self.sizes}")
        return self

    @property
    def sizes(self) -> tuple[int, ...]:
        """All values of `per_frame`."""
        return (self.per_frame,) if isinstance(self.per_frame, int) else self.per_frame


class RunSettings(Strict):
    """Settings of a training, which name the folder of its run."""

    example: ClassVar[str]
    """Name of shipped settings that have all keys."""
    name: str = pydantic.Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    """Begins the name of the run folder."""

    @classmethod
    def load(cls, path: Path | str, changes: Sequence[str] = ()) -> Self:
        """Reads a YAML file, or shipped settings by their name.

        Arguments:
            path: The file, or the name.
            changes: Settings to replace, such as ``optimiser.steps=20``.

        Raises:
            ConfigError: If the file is no YAML, or a key is unknown, missing or out of range.
        """
        return read_settings(
            find_settings(path),
            cls,
            described_in=f"`trackscape config show {cls.example}`",
            changes=changes,
        )

    def counted(self) -> dict[str, Any]:
        """Returns the settings that tell this training from others."""
        return self.model_dump(mode="json")

    @property
    def digest(self) -> str:
        """First eight hexadecimal digits of the SHA-256 of the settings."""
        text = json.dumps(self.counted(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def folder(self, root: Path, *, seed: int) -> Path:
        """Returns the run folder."""
        return root / f"{self.name}-{self.digest}-s{seed}"


class TrainingConfig(RunSettings):
    """One training: everything but its seed and the folder of its data."""

    example = "cpu/line-graph-pat"
    network: NetworkConfig
    loss: ObjectiveConfig
    assigner: AssignerConfig = AssignerConfig()
    optimiser: OptimiserConfig
    data: DataConfig

    @pydantic.model_validator(mode="after")
    def _transport_can_reject(self) -> "TrainingConfig":
        if isinstance(self.loss, Sinkhorn) and self.assigner.semantics != "reject":
            raise ValueError("the loss sinkhorn needs assigner: {semantics: reject}")
        return self

    def counted(self) -> dict[str, Any]:
        """Returns the settings that tell this training from others."""
        settings = super().counted()
        # Settings that came later count where they are used, so that older runs keep their names.
        if self.assigner == AssignerConfig():
            del settings["assigner"]
        if settings["data"]["held_out"] is None:
            del settings["data"]["held_out"]
        published = self.loss.as_published()
        settings["loss"] = {
            name: value
            for name, value in published.items()
            if value is not None or name in ("strength", "convention")
        }
        return settings
