"""A YAML file -> what is tuned, on which frames, and in which ranges."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pydantic

from trackscape.errors import ConfigError
from trackscape.evaluation import METRICS
from trackscape.formats import Count, Strict, find_settings, read_settings
from trackscape.tuning import Space, space_from_dict

SCORES = ("purity", "efficiency", "complete_efficiency")
"""What the score of a tracker is the mean of. Purity and efficiency, as published, alone are no
goal: a method that cuts tracks into pieces of five hits raises both, and is held back by the
complete ones."""


class TuningConfig(Strict):
    """One tuning: a tracker on frames, or a training by its validation."""

    name: str = pydantic.Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    """Name of the study in the storage."""
    tracker: str | None = None
    """Name of a tracker, see `trackscape reconstruct`; its score on `files` is maximised."""
    training: str | None = None
    """File with the settings of a training, beside this one; the purity of its validation is
    maximised."""
    files: tuple[str, ...] = ()
    """For a tracker: hit files, relative to the folder of --data."""
    per_frame: Count | tuple[Count, ...] = 100
    """For a tracker: primaries per frame; if several, files are cut into frames of each size."""
    frames: Count = 6
    """For a tracker: frames of each file and size, the first ones."""
    score: tuple[str, ...] = SCORES
    """For a tracker: metrics whose mean is maximised."""
    seed: Annotated[int, pydantic.Field(ge=0)] = 0
    """Of the sampler, and of a training."""
    space: dict[str, dict[str, Any]]
    """Ranges: settings by name, with dots for settings inside of others."""

    @pydantic.model_validator(mode="after")
    def _one_thing_is_tuned(self) -> "TuningConfig":
        if (self.tracker is None) == (self.training is None):
            raise ValueError("give either tracker, a name, or training, a file of settings")
        if (self.tracker is None) == bool(self.files):
            raise ValueError("give files for a tracker, and none for a training")
        if unknown := set(self.score) - METRICS.keys():
            raise ValueError(f"score: expected some of {', '.join(METRICS)}, got {unknown.pop()}")
        if not self.score:
            raise ValueError("score: expected one metric at least, got none")
        try:
            self.ranges()
        except ConfigError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return self

    @property
    def sizes(self) -> tuple[int, ...]:
        """All values of `per_frame`."""
        return (self.per_frame,) if isinstance(self.per_frame, int) else self.per_frame

    def ranges(self) -> Space:
        """Returns the space that is searched."""
        return space_from_dict(self.space)

    @classmethod
    def load(cls, path: Path | str, changes: Sequence[str] = ()) -> "TuningConfig":
        """Reads a YAML file, or shipped settings by their name.

        Arguments:
            path: The file, or the name.
            changes: Settings to replace, such as ``frames=4``.

        Raises:
            ConfigError: If the file is no YAML, or a key is unknown, missing or out of range.
        """
        path = find_settings(path)
        found = read_settings(
            path,
            cls,
            described_in="`trackscape config show tuning/kalman`",
            changes=changes,
        )
        if found.training is None:
            return found
        return found.model_copy(update={"training": str(path.parent / found.training)})
