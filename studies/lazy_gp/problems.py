"""What is tuned: Levy's function, a small network, and the tracker."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from trackscape import samples
from trackscape.tracker_tuning import TuningConfig, make_objective
from trackscape.tuning import Float, Parameter, space_from_dict

EPOCHS, BATCH, TRAINED = 10, 128, 1200
TRACKERS: dict[str, dict[str, dict[str, Any]]] = {
    "line-graph-ptt": {"reject": {"low": 0.5, "high": 0.99999}},
    "track-follower": {
        "largest_score": {"low": 0.15, "high": 0.6, "log": True},
        "small_angle": {"low": 0.03, "high": 0.3, "log": True},
        "tracker_angle": {"low": 0.05, "high": 0.5, "log": True},
        "comparable": {"low": 0.4, "high": 0.95},
        "fill_angle": {"low": 0.05, "high": 0.8, "log": True},
    },
}
"""What is tuned of a tracker, and in which ranges."""


class Problem(NamedTuple):
    """Something to tune."""

    name: str
    parameters: dict[str, Parameter]
    loss: Callable[[Mapping[str, Any]], float]
    trials: int
    target: float
    """Loss at which the search is over, as in the paper for Levy's function."""


def levy(values: Mapping[str, Any]) -> float:
    """The paper's function on [-10, 10], least value 0 at 1."""
    w = 1 + (np.array(list(values.values())) - 1) / 4
    middle = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)
    last = (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
    return float(np.sin(np.pi * w[0]) ** 2 + middle.sum() + last)


def digits(values: Mapping[str, Any]) -> float:
    """Share of digits that a perceptron of 64 hidden units reads wrongly, after 10 epochs."""
    images, labels = _digits()
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Dropout(1 - values["keep_input"]),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Dropout(1 - values["keep_hidden"]),
        nn.Linear(64, 10),
    )
    optimiser = torch.optim.SGD(
        network.parameters(),
        lr=values["rate"],
        momentum=values["momentum"],
        weight_decay=values["decay"],
    )
    for _ in range(EPOCHS):
        for rows in torch.randperm(TRAINED).split(BATCH):
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(images[rows]), labels[rows]).backward()
            optimiser.step()
    network.eval()
    with torch.no_grad():
        wrong = network(images[TRAINED:]).argmax(dim=1) != labels[TRAINED:]
    return float(wrong.double().mean())


@functools.cache
def _digits() -> tuple[torch.Tensor, torch.Tensor]:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return torch.from_numpy(images / 16).float(), torch.from_numpy(labels)


@functools.cache
def _tracker(name: str) -> Callable[[Mapping[str, Any]], float]:
    config = TuningConfig.model_validate(
        {
            "name": name,
            "tracker": name,
            "files": [samples.VALIDATION.name],
            "per_frame": 100,
            "frames": 4,
            "space": TRACKERS[name],
        }
    )
    return make_objective(config, data=samples.VALIDATION.parent, runs=samples.VALIDATION.parent)


def _below_best(name: str) -> Callable[[Mapping[str, Any]], float]:
    """What the score of a tracker on the shipped sample is below 1."""
    return lambda values: 1 - _tracker(name)(values)


def _box(inputs: int) -> dict[str, Parameter]:
    return {f"x{number}": Float(low=-10.0, high=10.0) for number in range(inputs)}


def _ranges(tracker: str) -> dict[str, Parameter]:
    return dict(space_from_dict(TRACKERS[tracker]).parameters)


PROBLEMS = (
    Problem("levy-1", _box(1), levy, 30, 0.01),
    Problem("levy-5", _box(5), levy, 120, 1.0),
    Problem(
        "digits",
        {
            "decay": Float(low=0.0, high=1e-3),
            "momentum": Float(low=0.0, high=0.99),
            "rate": Float(low=1e-4, high=0.1),
            "keep_input": Float(low=0.01, high=1.0),
            "keep_hidden": Float(low=0.01, high=1.0),
        },
        digits,
        40,
        0.08,
    ),
    Problem("reject", _ranges("line-graph-ptt"), _below_best("line-graph-ptt"), 25, math.nan),
    Problem("follower", _ranges("track-follower"), _below_best("track-follower"), 60, math.nan),
)
