"""Seconds of a suggestion, of its parts, and of whole runs.

``python -m benchmarks.tuning.speed PART FILE`` measures one part into a JSON file: ``states``
(suggestions where n values are known), ``optuna`` (those of GPSampler on the same), ``lazy`` and
``classical`` (whole runs), or ``paper`` (the fit that the paper leaves out).
Seconds are those of the process on one thread, so that neighbours count less; the least of repeats
is not taken but their median.
"""

import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from scipy import linalg
from threadpoolctl import threadpool_limits

from benchmarks.tuning.problems import PROBLEMS
from trackscape.files import write_json
from trackscape.tuning import Optimizer, Space

LEVY = PROBLEMS["levy-5"]
SPACE = Space(LEVY.parameters)
FITTED = 100
"""Values that parameters are fitted to, before they stay."""
REPEATS = 9
STATES = (100, 400, 1000, 2000, 4000, 8000)
RIVAL_STATES = (100, 400, 1000, 2000)
RUN = 1000
"""Trials of a whole run."""
FIT_STATES = (100, 200, 400, 800)


def stream(n: int) -> list[dict[str, float]]:
    """A recorded sequence of trials: half over the space, half around its best point."""
    random = np.random.default_rng(0)
    near = np.clip(0.55 + 0.1 * random.standard_normal((n, 5)), 0, 1)
    points = np.where(random.random((n, 1)) < 0.5, random.random((n, 5)), near)
    return [SPACE.values(point) for point in points]


def seconds(work: Callable[[], Any]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def states(limit: int = STATES[-1]) -> list[dict[str, float]]:
    """Medians at each state: append, suggestion, first one after a refit, and one fit."""
    whole_run("never", 12)  # loads what is loaded once
    optimizer = Optimizer(SPACE, refits="never", first=FITTED)
    trials = stream(max(STATES))
    found: list[dict[str, float]] = []
    for number, values in enumerate(trials, 1):
        optimizer.tell(values, LEVY.function(values))
        if number in STATES and number <= limit:
            found.append(_state(optimizer, number))
            print(found[-1], flush=True)
        if number == limit:
            break
    return found


def _state(optimizer: Optimizer, n: int) -> dict[str, float]:
    """Looks at a state, which grows by some trials meanwhile."""
    first = seconds(optimizer.ask)  # candidates are made
    asked: list[float] = []
    told: list[float] = []
    optimizer.under_way.clear()
    for _ in range(REPEATS):
        asked.append(seconds(optimizer.ask))
        (values,) = optimizer.under_way
        told.append(seconds(lambda v=values: optimizer.tell(v, LEVY.function(v))))
    return {
        "n": n,
        "append": statistics.median(told),
        "suggestion": statistics.median(asked),
        "slowest": max(asked),
        "candidates": first - statistics.median(asked),
    }


def optuna_states(limit: int) -> list[dict[str, float]]:
    """Seconds of GPSampler at the same states, the second suggestion, which has warm starts."""
    import optuna

    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    trials, found = stream(max(RIVAL_STATES)), []
    space = {
        name: optuna.distributions.FloatDistribution(each.low, each.high)
        for name, each in LEVY.parameters.items()
    }
    for n in RIVAL_STATES:
        if n > limit:
            break
        study = optuna.create_study(sampler=optuna.samplers.GPSampler(seed=0))
        for values in trials[:n]:
            study.add_trial(
                optuna.create_trial(params=values, distributions=space, value=LEVY.function(values))
            )
        times: list[float] = []
        for _ in range(2):
            begin = time.process_time()
            trial = study.ask(space)
            times.append(time.process_time() - begin)
            study.tell(trial, LEVY.function(trial.params))
        found.append({"n": n, "first": times[0], "suggestion": times[1]})
        print(found[-1], flush=True)
    return found


def whole_run(refits: str, trials: int) -> dict[str, Any]:
    """Seconds of the parts of a run: append, refit and acquisition, and the best value."""
    if trials > 100:
        whole_run("never", 12)  # loads what is loaded once
    optimizer = Optimizer(SPACE, refits=refits)
    spent = {"append": 0.0, "refit": 0.0, "acquisition": 0.0}
    curve: list[float] = []
    for _ in range(trials):
        spent["acquisition"] += seconds(optimizer.ask)
        (values,) = optimizer.under_way
        value, before = LEVY.function(values), optimizer.fitted
        told = seconds(lambda v=values, y=value: optimizer.tell(v, y))
        spent["refit" if optimizer.fitted != before else "append"] += told
        curve.append(sum(spent.values()))
    return {"refits": refits, "trials": trials, **spent, "curve": curve,
            "best": optimizer.best.value}  # fmt: skip


def paper_states() -> list[dict[str, float]]:
    """The fit of the paper's classical way (scikit-learn, two starts), and what replaces it."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import Matern

    warnings.simplefilter("ignore")
    trials, found = stream(max(FIT_STATES)), []
    for n in FIT_STATES:
        points = np.array([list(values.values()) for values in trials[:n]])
        values = np.array([LEVY.function(each) for each in trials[:n]])
        made = GaussianProcessRegressor(
            Matern(nu=2.5), alpha=1e-6, n_restarts_optimizer=1, random_state=0
        )
        fit = seconds(lambda p=points, v=values, g=made: g.fit(p, v - v.mean()))
        fixed = GaussianProcessRegressor(made.kernel_, alpha=1e-6, optimizer=None)
        again = seconds(lambda p=points, v=values, g=fixed: g.fit(p, v - v.mean()))
        k = made.kernel_(points) + 1e-6 * np.eye(n)
        repeats = [seconds(lambda k=k: linalg.cholesky(k, lower=True)) for _ in range(REPEATS)]
        optimizer = Optimizer(SPACE, refits="never", first=n)
        for each in trials[:n]:
            optimizer.tell(each, LEVY.function(each))
        tell = optimizer.tell
        append = statistics.median(
            seconds(lambda t=each, tell=tell: tell(t, LEVY.function(t))) for each in trials[-9:]
        )
        found.append({"n": n, "fit": fit, "factor and kernel": again,
                      "factor": statistics.median(repeats), "append": append})  # fmt: skip
        print(found[-1], flush=True)
    return found


def main(
    part: Annotated[str, typer.Argument(help="states, optuna, lazy, classical or paper.")],
    output: Annotated[Path, typer.Argument(help="JSON file to write.")],
    limit: Annotated[int, typer.Option(help="Largest n, or trials of a run.")] = 0,
) -> None:
    """Measure one part."""
    with threadpool_limits(1):
        if part == "optuna":
            import torch

            torch.set_num_threads(1)
        found = {
            "states": lambda: states(limit or STATES[-1]),
            "optuna": lambda: optuna_states(limit or RIVAL_STATES[-1]),
            "lazy": lambda: whole_run("geometric", limit or RUN),
            "classical": lambda: whole_run("every", limit or RUN),
            "paper": paper_states,
        }[part]()
    write_json(output, found)


if __name__ == "__main__":
    typer.run(main)
