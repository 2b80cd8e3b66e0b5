"""A YAML file -> a checked, frozen description of one training."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from trackscape.assignment import Assigner, Convention, NoiseLaw, Side
from trackscape.errors import AssignmentError, WeightsError
from trackscape.formats.settings import Strict, read_settings
from trackscape.scoring import build_network
from trackscape.training.losses import SCALES, LossKind, MethodLoss
from trackscape.training.optimisers import OptimiserKind

Positive = Annotated[float, pydantic.Field(gt=0)]
Count = Annotated[int, pydantic.Field(ge=1)]
Share = Annotated[float, pydantic.Field(gt=0, lt=1)]


class NetworkConfig(Strict):
    """Which network is trained."""

    kind: Literal["line_graph", "hit_graph", "belief"]
    """The paper's line-graph or hit-graph interaction network, or our network of beliefs."""
    sizes: dict[str, Annotated[int, pydantic.Field(ge=0)]] = pydantic.Field(default_factory=dict)
    """Sizes that differ from the usual ones, such as ``hidden: 32``."""

    @pydantic.model_validator(mode="after")
    def _network_has_these_sizes(self) -> "NetworkConfig":
        try:
            build_network(self.kind, **self.sizes)
        except WeightsError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return self


class LossConfig(Strict):
    """What is minimised. Each kind needs its own scales, and takes no others."""

    kind: LossKind
    """Likelihood of the true tracks (for belief networks); cross-entropy of edges before any
    assignment (ptt, sinkhorn: after entropic transport); loss of labels against the assignment
    (fenchel_young, hinge, spo_plus); or share of wrong decisions, differentiated through the
    assignment (pat: blackbox, identity, perturbed, imle, aimle, lpgd).
    """
    strength: Positive | None = None
    """For pat, in the unit of its convention; for imle, aimle (at the start) and lpgd, the largest
    shift of a cost."""
    convention: Convention | None = None
    """For pat: see `trackscape.assignment.blackbox_assignment`."""
    sigma: Positive | None = None
    """For fenchel_young, perturbed, imle, aimle: standard deviation of the noise, in cost units."""
    samples: Count | None = None
    """For the same: assignments at noisy costs per frame."""
    noise: NoiseLaw | None = None
    """For imle, aimle: law of the noise."""
    antithetic: bool | None = None
    """For perturbed: whether samples come in pairs with opposite noise."""
    changed: Share | None = None
    """For aimle: wanted share of edges with a gradient."""
    side: Side | None = None
    """For lpgd: with which assignments the chosen one is compared."""
    margin: Positive | None = None
    """For hinge: handicap of true edges, in cost units."""
    contrast: Positive | None = None
    """For spo_plus: true cost of a false edge, and what a true one saves, in cost units."""
    temperature: Positive | None = None
    """For sinkhorn: weight of the entropy, in cost units."""
    sweeps: Count | None = None
    """For sinkhorn: scalings of rows and columns."""

    @property
    def scales(self) -> dict[str, Any]:
        """The settings of the kind that are given."""
        given = self.model_dump(exclude={"kind"})
        return {name: value for name, value in given.items() if value is not None}

    @pydantic.model_validator(mode="after")
    def _kind_has_its_scales(self) -> "LossConfig":
        if set(self.scales) != set(SCALES[self.kind]):
            needed, given = (", ".join(each) or "none" for each in (SCALES[self.kind], self.scales))
            raise ValueError(f"the loss {self.kind} needs the scales {needed}, got {given}")
        samples = self.samples or 0
        if self.kind == "perturbed" and (samples < 2 or (self.antithetic and samples % 2)):
            raise ValueError(
                "the loss perturbed needs at least 2 samples, and an even number if antithetic, "
                f"got {samples}"
            )
        try:
            self.build(seed=0)
        except AssignmentError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return self

    def build(self, *, seed: int) -> MethodLoss:
        """Returns the loss, with a seed for its noise."""
        return MethodLoss(self.kind, seed=seed, **self.scales)


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
        """Returns the assigner."""
        return Assigner(semantics=self.semantics, reject=self.reject)


class OptimiserConfig(Strict):
    """How it is minimised."""

    kind: OptimiserKind = "rmsprop"
    """RMSprop, as published, or Adam or SOAP, which learn from fewer frames."""
    learning_rate: Positive
    """Learning rate at the start."""
    schedule: Literal["constant", "cosine"]
    """Constant, as published, or down to zero along half a cosine."""
    graphs_per_step: Count
    """Frames whose gradients are averaged for a step."""
    averaging: Share | None = None
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
    validation: tuple[str, ...] = ()
    """Hit files for the choice of the best weights."""
    held_out: Share | None = None
    """Share of the frames of each training file, its last ones, that choose the best weights
    instead of validation files, and are not trained on."""
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


class TrainingConfig(Strict):
    """One training: everything but its seed and the folder of its data."""

    name: str = pydantic.Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    """Begins the name of the run folder."""
    network: NetworkConfig
    loss: LossConfig
    assigner: AssignerConfig = AssignerConfig()
    optimiser: OptimiserConfig
    data: DataConfig

    @pydantic.model_validator(mode="after")
    def _transport_can_reject(self) -> "TrainingConfig":
        if self.loss.kind == "sinkhorn" and self.assigner.semantics != "reject":
            raise ValueError("the loss sinkhorn needs assigner: {semantics: reject}")
        return self

    @classmethod
    def load(cls, path: Path | str) -> "TrainingConfig":
        """Reads a YAML file.

        Raises:
            ConfigError: If the file is no YAML, or a key is unknown, missing or out of range.
        """
        return read_settings(Path(path), cls, described_in="configs/cpu/line-graph-pat.yaml")

    @property
    def digest(self) -> str:
        """First eight hexadecimal digits of the SHA-256 of the settings."""
        settings = self.model_dump(mode="json")
        # Settings that came later count where they are used, so that older runs keep their names.
        if self.assigner == AssignerConfig():
            del settings["assigner"]
        if settings["data"]["held_out"] is None:
            del settings["data"]["held_out"]
        for name in set(settings["loss"]) - {"kind", "strength", "convention"}:
            if settings["loss"][name] is None:
                del settings["loss"][name]
        text = json.dumps(settings, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def folder(self, root: Path, *, seed: int) -> Path:
        """Returns the run folder of a training with these settings."""
        return root / f"{self.name}-{self.digest}-s{seed}"
