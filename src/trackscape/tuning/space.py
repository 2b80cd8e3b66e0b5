"""Parameters that are tuned -> points of the unit cube, and back.

A number is one column: linear or logarithmic, its grid of steps the middles of cells. A category is
a column for each choice, with 1/√2 in the one chosen, so that different ones are 1 apart. A
parameter that other ones leave out stays in the middle.
"""

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trackscape.errors import ConfigError
from trackscape.text import shown
from trackscape.tuning.factor import Doubles

FINE = 32
"""Steps of a grid from which on it is climbed like a line, and rounded at the end."""
CHOSEN = math.sqrt(0.5)


@dataclasses.dataclass(frozen=True)
class Condition:
    """A parameter is there only where another one has one of some values."""

    parameter: str
    values: tuple[Any, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Float:
    """A real number."""

    low: float
    high: float
    log: bool = False
    step: float | None = None
    when: Condition | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Integer:
    """A whole number, low and high included."""

    low: int
    high: int
    log: bool = False
    step: int = 1
    when: Condition | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Categorical:
    """One of some choices, without an order."""

    choices: tuple[Any, ...]
    when: Condition | None = None


Parameter = Float | Integer | Categorical
"""What a setting may be."""


class Space:
    """Named parameters as columns of the unit cube.

    Raises:
        ConfigError: A range is empty, a step or logarithm impossible, or a condition names no
            parameter before its own.
    """

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self.parameters = dict(parameters)
        _check_parameters(self.parameters)
        widths = [
            len(each.choices) if isinstance(each, Categorical) else 1
            for each in self.parameters.values()
        ]
        self.columns: NDArray[np.intp] = np.repeat(np.arange(len(widths)), widths)
        """Parameter that each column belongs to."""
        ends = np.cumsum([0, *widths]).tolist()
        self._slices = {
            name: slice(*pair)
            for name, pair in zip(self.parameters, itertools.pairwise(ends), strict=True)
        }
        self._cells = {name: _cells(each) for name, each in self.parameters.items()}
        self.has_steps = any(count != 0 for count in self._cells.values())
        """Whether some parameter is no real number."""

    def point(self, values: Mapping[str, Any]) -> Doubles:
        """Returns the point of parameters; those that are left out by a condition may be missing.

        Raises:
            ConfigError: A parameter is missing, unknown, or outside its range.
        """
        if unknown := values.keys() - self.parameters.keys():
            raise ConfigError(
                f"Expected parameters of {', '.join(self.parameters)}, got "
                f"{shown(', '.join(map(str, unknown)))}."
            )
        found = np.empty(len(self.columns))
        for name, parameter in self.parameters.items():
            if not self._is_there(parameter, values):
                found[self._slices[name]] = _left_out(parameter)
            elif name not in values:
                raise ConfigError(f"Expected a value for the parameter {shown(name)}, got none.")
            else:
                found[self._slices[name]] = _columns_of(name, parameter, values[name])
        return found

    def values(self, point: Doubles) -> dict[str, Any]:
        """Returns the parameters of a point, without those that a condition leaves out."""
        found: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            if self._is_there(parameter, found):
                found[name] = _value_of(parameter, point[self._slices[name]])
        return found

    def snap(self, points: Doubles) -> Doubles:
        """Returns the nearest points (m, columns) that there are."""
        found = np.clip(points, 0.0, 1.0)
        if not self.has_steps:
            return found
        there: dict[str, NDArray[np.bool_]] = {}
        for name, parameter in self.parameters.items():
            columns = self._slices[name]
            found[:, columns] = _snap(parameter, self._cells[name], found[:, columns])
            if parameter.when is not None:
                there[name] = self._holds(parameter.when, found, there)
                found[~there[name], columns] = _left_out(parameter)
        return found

    def _holds(
        self, when: Condition, points: Doubles, there: Mapping[str, NDArray[np.bool_]]
    ) -> NDArray[np.bool_]:
        """Returns at which points a condition holds, (m,)."""
        parameter, columns = self.parameters[when.parameter], self._slices[when.parameter]
        holds = [_value_of(parameter, point) in when.values for point in points[:, columns]]
        return np.array(holds, dtype=bool) & there.get(when.parameter, True)

    def random(self, cube: Doubles) -> Doubles:
        """Returns points for numbers of the unit cube (m, parameters), each as likely."""
        found = np.zeros((len(cube), len(self.columns)))
        for place, (name, parameter) in enumerate(self.parameters.items()):
            columns = self._slices[name]
            if isinstance(parameter, Categorical):
                n = len(parameter.choices)
                chosen = np.minimum((cube[:, place] * n).astype(int), n - 1)
                found[np.arange(len(cube)), columns.start + chosen] = CHOSEN
            else:
                found[:, columns.start] = cube[:, place]
        return self.snap(found)

    def movable(self, points: Doubles) -> NDArray[np.bool_]:
        """Returns which columns of points can be climbed along, (m, columns)."""
        smooth = [
            not isinstance(each, Categorical) and not 0 < self._cells[name] < FINE
            for name, each in self.parameters.items()
        ]
        found = np.tile(np.array(smooth)[self.columns], (len(points), 1))
        there: dict[str, NDArray[np.bool_]] = {}
        for name, parameter in self.parameters.items():
            if parameter.when is not None:
                there[name] = self._holds(parameter.when, points, there)
                found[:, self._slices[name]] &= there[name][:, None]
        return found

    def neighbours(self, point: Doubles) -> Doubles:
        """Returns points with one grid or category changed, (m, columns)."""
        values = self.values(point)
        found: list[Doubles] = []
        for name in values:
            parameter, count = self.parameters[name], self._cells[name]
            for columns in _neighbours(parameter, count, point[self._slices[name]]):
                changed = point.copy()
                changed[self._slices[name]] = columns
                found.append(changed)
        return self.snap(np.array(found).reshape(-1, len(point)))

    def _is_there(self, parameter: Parameter, values: Mapping[str, Any]) -> bool:
        when = parameter.when
        return when is None or (when.parameter in values and values[when.parameter] in when.values)


def _check_parameters(parameters: Mapping[str, Parameter]) -> None:
    if not parameters:
        raise ConfigError("Expected parameters to tune, got none; name one at least.")
    before: set[str] = set()
    for name, parameter in parameters.items():
        if (wrong := _wrong(parameter)) is not None:
            raise ConfigError(f"Parameter {shown(name)}: expected {wrong}, got {parameter}.")
        if parameter.when is not None and parameter.when.parameter not in before:
            raise ConfigError(
                f"Parameter {shown(name)}: expected a condition on a parameter before it, got "
                f"{shown(parameter.when.parameter)}."
            )
        before.add(name)


def _wrong(parameter: Parameter) -> str | None:
    if isinstance(parameter, Categorical):
        return None if parameter.choices else "one choice at least"
    if not (math.isfinite(parameter.low) and math.isfinite(parameter.high)):
        return "a finite range"
    if parameter.low > parameter.high:
        return "a range whose low end is not above its high one"
    if parameter.log and parameter.low <= 0:
        return "a logarithmic range above 0"
    if parameter.step is not None and not parameter.step > 0:
        return "a step above 0"
    if parameter.log and parameter.step not in (None, 1):
        return "no step in a logarithmic range"
    return None


def _cells(parameter: Parameter) -> int:
    """Number of values, 0 for all of a line."""
    if isinstance(parameter, Categorical):
        return len(parameter.choices)
    if parameter.low == parameter.high:
        return 1
    if parameter.step is None:
        return 0
    return math.floor((parameter.high - parameter.low) / parameter.step + 1e-9) + 1


def _edges(parameter: Float | Integer) -> tuple[float, float]:
    """Ends of the column, in the scale of the parameter: those of the outer cells of a grid."""
    low, high = float(parameter.low), float(parameter.high)
    if parameter.step is not None:
        high = low + parameter.step * (_cells(parameter) - 1)
        low, high = low - parameter.step / 2, high + parameter.step / 2
    return (math.log(low), math.log(high)) if parameter.log else (low, high)


def _columns_of(name: str, parameter: Parameter, value: Any) -> Doubles:
    if isinstance(parameter, Categorical):
        same = [value == choice and type(value) is type(choice) for choice in parameter.choices]
        if any(same):
            return np.where(np.arange(len(same)) == same.index(True), CHOSEN, 0.0)
    elif parameter.low <= value <= parameter.high:
        low, high = _edges(parameter)
        at = math.log(value) if parameter.log else value
        return np.array([(at - low) / (high - low) if high > low else 0.5])
    raise ConfigError(
        f"Parameter {shown(name)}: expected a value of {parameter}, got {shown(value)}."
    )


def _value_of(parameter: Parameter, columns: Doubles) -> Any:
    if isinstance(parameter, Categorical):
        return parameter.choices[int(np.argmax(columns))]
    low, high = _edges(parameter)
    value = low + float(np.clip(columns[0], 0.0, 1.0)) * (high - low)
    value = math.exp(value) if parameter.log else value
    if parameter.step is not None:
        cell = round((value - parameter.low) / parameter.step)
        cell = min(max(cell, 0), _cells(parameter) - 1)
        value = parameter.low + parameter.step * cell
    return (
        int(value)
        if isinstance(parameter, Integer)
        else min(max(value, parameter.low), parameter.high)
    )


def _snap(parameter: Parameter, count: int, columns: Doubles) -> Doubles:
    """Returns the nearest columns (m, width) of one parameter."""
    if isinstance(parameter, Categorical):
        chosen = columns.argmax(axis=1)[:, None]
        return np.where(np.arange(count) == chosen, CHOSEN, 0.0)
    if count == 0:
        return columns
    low, high = _edges(parameter)
    if not parameter.log:
        return (np.clip(np.floor(columns * count), 0, count - 1) + 0.5) / count
    cell = np.round(np.exp(low + columns * (high - low)) - parameter.low)
    value = parameter.low + np.clip(cell, 0, count - 1)
    return (np.log(value) - low) / (high - low)


def _left_out(parameter: Parameter) -> Doubles | float:
    return 0.0 if isinstance(parameter, Categorical) else 0.5


def _neighbours(parameter: Parameter, count: int, columns: Doubles) -> Sequence[Doubles]:
    if isinstance(parameter, Categorical):
        others = np.eye(count) * CHOSEN
        return [other for other in others if not np.array_equal(other, columns)]
    if count < 2:
        return []
    reach = [2**power for power in range(int(math.log2(count)) + 1)]
    if count >= FINE:
        reach = [1]  # farther ones were climbed to
    return _grid_steps(parameter, columns, [sign * step for step in reach for sign in (1, -1)])


def _grid_steps(parameter: Float | Integer, columns: Doubles, steps: list[int]) -> list[Doubles]:
    value, size = _value_of(parameter, columns), parameter.step or 1
    low, high = _edges(parameter)
    found: list[Doubles] = []
    for step in steps:
        at = value + step * size
        inside = parameter.low <= at <= parameter.high
        if inside:
            scaled = math.log(at) if parameter.log else at
            found.append(np.array([(scaled - low) / (high - low)]))
    return found
