"""A YAML file -> a checked, frozen description of a study of the landscape."""

from pathlib import Path
from typing import Annotated

import pydantic

from studies.intervals import FEWEST
from studies.trainings import TrainingPlan, finished_seeds
from trackscape.errors import RunError
from trackscape.formats import Count, Positive, Strict, read_settings

AtLeastTwo = Annotated[int, pydantic.Field(ge=2)]


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
    neighbours: Count | None = None
    """Join only seeds with so many next ones in a circle: within settings, and with the first
    setting; all pairs if left out."""


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


class StudyConfig(TrainingPlan):
    """Everything but the folder of the data."""

    planes: PlaneConfig
    curves: CurveConfig
    similarity: SimilarityConfig

    def trained(self, runs: Path) -> "StudyConfig":
        """Returns the study of the seeds that all settings are trained with.

        Raises:
            RunError: There are fewer than `FEWEST` of them, of which no interval can be given.
        """
        seeds = finished_seeds(self, runs)
        if len(seeds) < FEWEST:
            raise RunError(
                f"{runs}: expected {FEWEST} seeds at least with all settings trained, got "
                f"{len(seeds)}; go on with `python -m studies.trainings`."
            )
        return self.model_copy(update={"seeds": seeds})

    @classmethod
    def load(cls, path: Path | str) -> "StudyConfig":
        """Reads a YAML file.

        Raises:
            ConfigError: If the file is no YAML, or a key is unknown, missing or out of range.
        """
        return read_settings(Path(path), cls, described_in="configs/landscape/cpu.yaml")
