"""Ask for parameters, tell their values: tuning without any framework.

Example:
    >>> optimizer = Optimizer(space_from_dict({"x": {"low": -5.0, "high": 10.0}}), seed=1)
    >>> for _ in range(25):
    ...     (trial,) = optimizer.ask()
    ...     optimizer.tell(trial, (trial["x"] - 2.0) ** 2)
    >>> abs(optimizer.best.values["x"] - 2.0) < 0.05
    True
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trackscape.errors import ConfigError, DataError, FormatError, TrackscapeError
from trackscape.files import write_json
from trackscape.text import shown
from trackscape.tuning.factor import Doubles
from trackscape.tuning.kernel import Kernel
from trackscape.tuning.refits import Refits
from trackscape.tuning.scaling import Scaling
from trackscape.tuning.settings import space_as_dict, space_from_dict
from trackscape.tuning.space import Parameter, Space
from trackscape.tuning.suggester import AcquisitionName, BatchName, Suggester
from trackscape.tuning.surrogate import Fit

_KIND = "trackscape.tuning 1"
_CHOICES = {"acquisition": ("log-ei", "ucb", "thompson"), "batches": ("believer", "maxima")}
LARGEST = 1e100
"""What values are cut off at, up and down, so that their squares are numbers."""


class Told(NamedTuple):
    """A trial that has ended."""

    values: dict[str, Any]
    """Its parameters."""
    value: float
    """What was told; not finite if it failed."""


class Optimizer:
    """Suggests parameters whose value is small.

    Trials may be told in any order, and whatever was not asked for. A value that is not finite is
    taken for a failure, and counts as the worst finite one so far.

    Arguments:
        space: Parameters to tune, by name.
        seed: What all random numbers follow from.
        refits: When the parameters of the surrogate are fitted: ``every``, ``never``, ``lag:10``,
            ``geometric``, ``geometric:1.3`` or ``surprise``.
        acquisition: ``log-ei``, ``ucb`` or ``thompson``.
        batches: ``believer`` or ``maxima``, see `Suggester.suggest`.
        first: Trials that are spread evenly, before the first suggestion.

    Raises:
        ConfigError: The space or a name is none of these.
    """

    def __init__(
        self,
        space: Space | Mapping[str, Parameter],
        *,
        seed: int = 0,
        refits: str = "geometric",
        acquisition: AcquisitionName = "log-ei",
        batches: BatchName = "believer",
        first: int = 10,
    ) -> None:
        self.space = space if isinstance(space, Space) else Space(space)
        self._settings = {
            "seed": seed,
            "refits": refits,
            "acquisition": acquisition,
            "batches": batches,
            "first": first,
        }
        for name, choices in _CHOICES.items():
            if self._settings[name] not in choices:
                raise ConfigError(
                    f"{name}: expected {' or '.join(choices)}, got {shown(self._settings[name])}."
                )
        for name, number, least in (("seed", seed, 0), ("first", first, 2)):
            if number < least:
                raise ConfigError(f"{name}: expected {least} or more, got {number}.")
        self.told: list[Told] = []
        """All trials that have ended, in the order in which they were told."""
        self.under_way: list[dict[str, Any]] = []
        """Parameters that were asked for and not told yet."""
        self._batches: BatchName = batches
        self._suggester = Suggester(
            self.space,
            seed=seed,
            refits=Refits.named(refits),
            acquisition=acquisition,
            first=first,
        )

    def ask(self, n: int = 1) -> list[dict[str, Any]]:
        """Returns the parameters of n trials to run side by side; they are then under way.

        Raises:
            ConfigError: n is not positive.
        """
        if n < 1:
            raise ConfigError(f"Expected 1 trial or more to ask for, got {n}.")
        points = self._points(self.under_way)
        found = self._suggester.suggest(points, n, batch=self._batches)
        asked = [self.space.values(point) for point in found]
        self.under_way += asked
        return [dict(each) for each in asked]

    def tell(self, values: Mapping[str, Any], value: float) -> None:
        """Takes the value of a trial, whether it was asked for or not.

        Raises:
            ConfigError: The parameters are not those of the space.
            DataError: The value is no number.
        """
        point = self.space.point(values)
        known = dict(values)
        try:
            value = float(value)
        except (TypeError, ValueError):
            raise DataError(f"Expected a number as the value, got {shown(value)}.") from None
        if known in self.under_way:
            self.under_way.remove(known)
        self._suggester.tell(point, [self._counted(value)])
        self.told.append(Told(known, value))

    @property
    def best(self) -> Told:
        """The trial with the smallest value.

        Raises:
            DataError: No value is finite yet.
        """
        finite = [each for each in self.told if math.isfinite(each.value)]
        if not finite:
            raise DataError("Expected a trial with a finite value, got none yet; tell one first.")
        return min(finite, key=lambda each: each.value)

    @property
    def fitted(self) -> int:
        """Number of values at the last fit of the surrogate; 0 before the first one."""
        return self._suggester.process.fitted

    def fit(self) -> None:
        """Fits the parameters of the surrogate to all values now.

        Raises:
            DataError: There are less than two.
        """
        if len(self.told) < 2:
            raise DataError(f"Expected 2 values or more to fit, got {len(self.told)}.")
        self._suggester.process.fit()

    def predict(self, trials: list[dict[str, Any]]) -> tuple[Doubles, Doubles]:
        """Returns what is expected at parameters: means and standard deviations, (trials,)."""
        mean, variance = self._suggester.process.predict(self._points(trials))
        return mean, np.sqrt(variance)

    def save(self, path: Path | str) -> None:
        """Writes a snapshot, JSON, from which `load` continues with the same sequence.

        Raises:
            FormatError: It cannot be written there.
        """
        fit = self._suggester.process.last_fit
        content = {
            "kind": _KIND,
            "space": space_as_dict(self.space),
            "settings": self._settings,
            "told": [[each.values, repr(each.value)] for each in self.told],
            "under_way": self.under_way,
            "counted": self._suggester.outcomes[:, 0].tolist(),
            "fit": fit
            and {
                "values": fit.values,
                "kernel": fit.kernel.logarithms.tolist(),
                "scaling": [repr(each) for each in dataclasses.astuple(fit.scaling)],
            },
        }
        write_json(Path(path), content)

    @classmethod
    def load(cls, path: Path | str) -> "Optimizer":
        """Reads a snapshot.

        Raises:
            FormatError: It is none, or damaged.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            if content["kind"] != _KIND:
                raise ValueError(f"the kind {content['kind']}")
            made = cls(space_from_dict(content["space"]), **content["settings"])
            made.told = [Told(values, float(value)) for values, value in content["told"]]
            made.under_way = content["under_way"]
            made._restore(np.array(content["counted"], dtype=float), content["fit"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, TrackscapeError) as error:
            raise FormatError(
                f"{path}: expected a snapshot that Optimizer.save wrote, got {shown(error)}; take "
                "an older one, or start anew."
            ) from error
        return made

    def _restore(self, counted: Doubles, fit: Any) -> None:
        suggester = self._suggester
        if fit is not None:
            kernel = Kernel.from_logarithms(np.array(fit["kernel"]), self.space.columns)
            fit = Fit(fit["values"], kernel, Scaling(*map(float, fit["scaling"])))
        suggester.outcomes = counted[:, None]
        suggester.process.restore(self._points([each.values for each in self.told]), counted, fit)

    def _counted(self, value: float) -> float:
        if math.isfinite(value):
            return min(max(value, -LARGEST), LARGEST)
        return float(self._suggester.outcomes.max(initial=-LARGEST)) if len(self.told) else 0.0

    def _points(self, trials: list[dict[str, Any]]) -> Doubles:
        points = [self.space.point(each) for each in trials]
        return np.array(points).reshape(len(points), len(self.space.columns))
