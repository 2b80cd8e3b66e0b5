"""Settings of a trial -> what a tracker or a training reaches with them."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydantic

from trackscape.assignment import Assigner
from trackscape.data import Hits
from trackscape.errors import ConfigError
from trackscape.evaluation import METRICS, FrameCounts, count_frame, read_frames
from trackscape.graph_construction import connect_layers
from trackscape.text import shown
from trackscape.tracker_tuning.config import SCORES, TuningConfig
from trackscape.tracking import NetworkTracker, Tracker, accept, chosen_segments, load_tracker
from trackscape.training import TrainingConfig, train

REJECT = "reject"
"""Setting of networks: the cost of a track's end."""


def make_objective(
    config: TuningConfig, *, data: Path, runs: Path
) -> "TrackerScore | TrainingScore":
    """Returns what is tuned, after it was tried out that the settings are there.

    Raises:
        ConfigError: A setting is not there, or its range does not fit.
        FormatError: A hit file of a tracker is missing or damaged.
    """
    space = config.ranges()
    middle = space.values(space.random(np.full((1, len(space.parameters)), 0.5))[0])
    if config.tracker is not None:
        made = TrackerScore(config, data)
        made.tracker(middle)
        made.frames  # noqa: B018  (read now, so that a missing file is told before any work)
        return made
    made = TrainingScore(config, data, runs)
    made.settings(middle)
    return made


class TrackerScore:
    """The score of a tracker on frames, which are read once."""

    def __init__(self, config: TuningConfig, data: Path) -> None:
        self.config, self.data = config, data

    def __call__(self, values: Mapping[str, Any]) -> float:
        """Returns the mean of the metrics, 0 to 1."""
        return score_tracker(self.tracker(values), self.frames, self.config.score)

    def tracker(self, values: Mapping[str, Any]) -> Tracker:
        """Returns the tracker with settings.

        Raises:
            ConfigError: It has no such setting.
        """
        made: Any = load_tracker(self.config.tracker or "")
        for name, value in values.items():
            made = _changed(made, name.split("."), value, name)
        return made

    @functools.cached_property
    def frames(self) -> list[list[Hits]]:
        """Sets of frames, one of each file and size."""
        config = self.config
        return [
            read_frames(self.data / name, per_frame=size)[: config.frames]
            for name in config.files
            for size in config.sizes
        ]


class TrainingScore:
    """The best validation purity of a training; one that was killed goes on in its folder."""

    def __init__(self, config: TuningConfig, data: Path, runs: Path) -> None:
        self.config, self.data, self.runs = config, data, runs
        self.base = TrainingConfig.load(config.training or "")

    def __call__(self, values: Mapping[str, Any]) -> float:
        """Returns the purity, 0 to 1."""
        return train(
            self.settings(values),
            data=self.data,
            runs=self.runs,
            seed=self.config.seed,
            progress=False,
        ).purity

    def settings(self, values: Mapping[str, Any]) -> TrainingConfig:
        """Returns the settings of a training with some changed.

        Raises:
            ConfigError: There is no such setting, or the value does not fit.
        """
        content = self.base.model_dump(mode="json", exclude_unset=True)
        content["loss"] = {"kind": self.base.loss.kind} | self.base.loss.settings
        for name, value in values.items():
            *outer, last = name.split(".")
            inside = content
            for each in outer:
                inside = inside.setdefault(each, {})
                if not isinstance(inside, dict):
                    raise ConfigError(f"space: {shown(name)} is no setting of a training.")
            inside[last] = value
        try:
            return TrainingConfig.model_validate(content)
        except pydantic.ValidationError as error:
            problem = error.errors(include_url=False)[0]
            place = ".".join(map(str, problem["loc"]))
            raise ConfigError(
                f"space: expected settings of a training, got {shown(place)} that is none or does "
                f"not fit ({shown(problem['msg'])}); change the range."
            ) from error


def score_tracker(
    method: Tracker, sets: Sequence[Sequence[Hits]], names: Sequence[str] = SCORES
) -> float:
    """Returns the mean of metrics of accepted tracks, over sets of frames that count the same."""
    found = 0.0
    for frames in sets:
        counts: list[FrameCounts] = []
        for hits in frames:
            tracks = accept(method(hits))
            counts.append(count_frame(tracks, chosen_segments(tracks, graph=connect_layers(hits))))
        found += sum(METRICS[name](counts).value for name in names) / len(names)
    return found / len(sets)


def _changed(settings: Any, path: list[str], value: Any, name: str) -> Any:
    """Returns settings, dataclasses in dataclasses, with one changed."""
    if isinstance(settings, NetworkTracker) and path == [REJECT]:
        assigner = Assigner(semantics="with_unmatched", unmatched_cost=value)
        return dataclasses.replace(settings, assigner=assigner)
    fields = {each.name for each in dataclasses.fields(settings)} if _has_fields(settings) else {}
    first, *rest = path
    if first not in fields or isinstance(settings, NetworkTracker):
        known = REJECT if isinstance(settings, NetworkTracker) else ", ".join(sorted(fields))
        raise ConfigError(
            f"space: expected settings of the tracker, {known or 'of which it has none'}, got "
            f"{shown(name)}."
        )
    inner = getattr(settings, first)
    if rest:
        value = _changed(inner, rest, value, name)
    elif isinstance(inner, bool) or not isinstance(inner, int | float):
        raise ConfigError(f"space: expected a number to tune, but {shown(name)} is none.")
    return dataclasses.replace(settings, **{first: value})


def _has_fields(settings: Any) -> bool:
    return dataclasses.is_dataclass(settings) and not isinstance(settings, type)
