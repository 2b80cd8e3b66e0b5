"""Functions whose least value is known: four continuous ones of the literature, and a mixed one.

References:
    Surjanovic and Bingham, Virtual Library of Simulation Experiments (Levy, Hartmann, Ackley,
    Rosenbrock); the mixed one is ours.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from trackscape.tuning import Categorical, Float, Integer, Parameter


class Problem(NamedTuple):
    name: str
    parameters: dict[str, Parameter]
    function: Callable[[Mapping[str, Any]], float]
    """What is above the least value: the regret."""

    @property
    def continuous(self) -> bool:
        return all(isinstance(each, Float) for each in self.parameters.values())


def levy(x: np.ndarray) -> float:
    w = 1 + (x - 1) / 4
    middle = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)
    last = (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
    return float(np.sin(np.pi * w[0]) ** 2 + middle.sum() + last)


def ackley(x: np.ndarray) -> float:
    waves = np.exp(np.cos(2 * np.pi * x).mean())
    return float(20 + math.e - 20 * np.exp(-0.2 * np.sqrt((x**2).mean())) - waves)


def rosenbrock(x: np.ndarray) -> float:
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


_HEIGHT = np.array([1.0, 1.2, 3.0, 3.2])
_STEEPNESS = np.array([
    [10, 3, 17, 3.5, 1.7, 8],
    [0.05, 10, 17, 0.1, 8, 14],
    [3, 3.5, 1.7, 10, 17, 8],
    [17, 8, 0.05, 10, 0.1, 14],
])  # fmt: skip
_CENTRE = 1e-4 * np.array([
    [1312, 1696, 5569, 124, 8283, 5886],
    [2329, 4135, 8307, 3736, 1004, 9991],
    [2348, 1451, 3522, 2883, 3047, 6650],
    [4047, 8828, 8732, 5743, 1091, 381],
])  # fmt: skip
_DEEPEST = 3.322368011415515


def hartmann(x: np.ndarray) -> float:
    return float(_DEEPEST - _HEIGHT @ np.exp(-(_STEEPNESS * (x - _CENTRE) ** 2).sum(axis=1)))


_KINDS = {"first": (0.0, -2.0), "second": (0.2, 1.0), "third": (0.5, 3.0), "fourth": (1.0, 0.0)}


def mixed(values: Mapping[str, Any]) -> float:
    """Each kind has its own floor and place; the best rate falls with the number of layers."""
    floor, centre = _KINDS[values["kind"]]
    away = (values["x"] - centre) ** 2 + (values["y"] + centre) ** 2
    rate = math.log10(values["rate"]) + 2.5 + 0.2 * (values["layers"] - 5)
    ripples = 0.3 * (1 - math.cos(3 * (values["x"] - centre)))
    return floor + 0.1 * away + rate**2 + 0.05 * (values["layers"] - 5) ** 2 + ripples


def _box(
    name: str, function: Callable[[np.ndarray], float], inputs: int, low: float, high: float
) -> Problem:
    names = [f"x{number}" for number in range(inputs)]
    return Problem(
        f"{name}-{inputs}",
        {each: Float(low=low, high=high) for each in names},
        lambda values: function(np.array([values[each] for each in names])),
    )


PROBLEMS = {
    each.name: each
    for each in (
        _box("levy", levy, 5, -10.0, 10.0),
        _box("hartmann", hartmann, 6, 0.0, 1.0),
        _box("ackley", ackley, 10, -32.768, 32.768),
        _box("rosenbrock", rosenbrock, 8, -5.0, 10.0),
        Problem(
            "mixed-5",
            {
                "x": Float(low=-5.0, high=5.0),
                "y": Float(low=-5.0, high=5.0),
                "rate": Float(low=1e-5, high=1.0, log=True),
                "layers": Integer(low=1, high=12),
                "kind": Categorical(choices=tuple(_KINDS)),
            },
            mixed,
        ),
    )
}
