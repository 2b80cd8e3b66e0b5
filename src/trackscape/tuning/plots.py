"""What was tuned -> a picture: how values fell, what each parameter does, and which ones matter."""

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from trackscape.errors import DataError
from trackscape.tuning.factor import Doubles
from trackscape.tuning.optimizer import Optimizer
from trackscape.tuning.space import Categorical, Parameter, Space

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN_POINTS = 60
"""Values of a parameter that are drawn."""
SAMPLES = 256
"""Points over which the effects of the other parameters are averaged."""
FEWEST = 5
"""Values that a picture needs."""


def importances(optimizer: Optimizer) -> dict[str, float]:
    """Returns the share of the variance of what is expected that each parameter explains alone.

    That is the variance of the mean over all other parameters, evenly spread over the space, as a
    share of the whole variance (Sobol' index of first order): 0 to 1, and 1 in all for a function
    that is a sum.
    """
    space = optimizer.space
    random = np.random.default_rng(0)
    base = random.random((SAMPLES, len(space.parameters)))
    whole = float(_expected(optimizer, space.random(base)).var())
    found: dict[str, float] = {}
    for place, name in enumerate(space.parameters):
        means: list[float] = []
        for level in (np.arange(16) + 0.5) / 16:
            moved = base.copy()
            moved[:, place] = level
            means.append(float(_expected(optimizer, space.random(moved)).mean()))
        found[name] = float(np.var(means)) / whole if whole > 0 else 0.0
    return found


def draw_tuning(
    optimizer: Optimizer, *, maximised: bool = False, value_name: str = "value"
) -> "Figure":
    """Draws the history, the importances, and a slice along each parameter through the best trial.

    A slice shows what is expected with all other parameters as in the best trial, with two standard
    deviations, and all trials, which have other ones.

    Arguments:
        optimizer: What was told.
        maximised: Whether values were told with opposite sign, since large ones are good.
        value_name: What they are.

    Raises:
        DataError: Less than 5 values are known.
    """
    from matplotlib.figure import Figure

    if len(optimizer.told) < FEWEST:
        raise DataError(
            f"Expected {FEWEST} values or more to draw, got {len(optimizer.told)}; run more trials."
        )
    sign = -1.0 if maximised else 1.0
    parameters = optimizer.space.parameters
    rows = math.ceil((2 + len(parameters)) / 3)
    figure = Figure(figsize=(10, 2.8 * rows), layout="constrained")
    axes = list(figure.subplots(rows, 3, squeeze=False).flat)
    _draw_history(axes[0], optimizer, sign, value_name)
    _draw_importances(axes[1], importances(optimizer))
    for axis, name in zip(axes[2:], parameters, strict=False):
        _draw_slice(axis, optimizer, name, sign, value_name)
    for axis in axes[2 + len(parameters) :]:
        axis.remove()
    return figure


def _draw_history(axis: "Axes", optimizer: Optimizer, sign: float, value_name: str) -> None:
    values = np.array([sign * each.value for each in optimizer.told])
    best = sign * np.minimum.accumulate(np.nan_to_num(sign * values, nan=np.inf))
    number = np.arange(1, len(values) + 1)
    axis.plot(number, values, ".", color="0.6", markersize=4)
    axis.plot(number, best, color="C0")
    axis.set(xlabel="trial", ylabel=value_name, title="history and best")


def _draw_importances(axis: "Axes", shares: dict[str, float]) -> None:
    names = sorted(shares, key=lambda name: shares[name])
    axis.barh(names, [shares[name] for name in names], color="C0")
    axis.set(xlabel="share of variance", title="importance")


def _draw_slice(
    axis: "Axes", optimizer: Optimizer, name: str, sign: float, value_name: str
) -> None:
    parameter, best = optimizer.space.parameters[name], optimizer.best.values
    axis.set(xlabel=name, ylabel=value_name)
    if name not in best:
        return
    told = [each for each in optimizer.told if name in each.values]
    values = sign * np.array([each.value for each in told])
    at = _places(name, parameter)
    trials = [{**best, name: each} for each in at]
    mean, deviation = optimizer.predict(trials)
    mean = sign * mean
    if isinstance(parameter, Categorical):
        labels = [str(each) for each in parameter.choices]
        axis.plot([str(each.values[name]) for each in told], values, ".", color="0.6", markersize=4)
        axis.errorbar(labels, mean, 2 * deviation, fmt="o", color="C0")
        return
    axis.fill_between(at, mean - 2 * deviation, mean + 2 * deviation, color="C0", alpha=0.2)
    axis.plot(at, mean, color="C0")
    axis.plot([each.values[name] for each in told], values, ".", color="0.6", markersize=4)
    axis.axvline(best[name], color="C1", linewidth=1)
    if parameter.log:
        axis.set_xscale("log")
        ticks = np.geomspace(parameter.low, parameter.high, 4)
        axis.set_xticks(ticks, [f"{tick:.2g}" for tick in ticks])
        axis.minorticks_off()
    # A few bad trials would hide the others.
    low, high = np.nanquantile(values, [0.0, 0.9] if sign > 0 else [0.1, 1.0])
    margin = 0.1 * (high - low) or 1.0
    axis.set_ylim(low - margin, high + margin)


def _places(name: str, parameter: Parameter) -> list[Any]:
    """Values of one parameter from end to end, each once."""
    if isinstance(parameter, Categorical):
        return list(parameter.choices)
    alone = Space({name: dataclasses.replace(parameter, when=None)})
    cube = np.linspace(0.0, 1.0, DRAWN_POINTS)[:, None]
    return sorted({alone.values(point)[name] for point in alone.random(cube)})


def _expected(optimizer: Optimizer, points: Doubles) -> Doubles:
    mean, _ = optimizer.predict([optimizer.space.values(point) for point in points])
    return mean
