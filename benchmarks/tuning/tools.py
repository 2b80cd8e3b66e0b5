"""Every tool behind one loop: a problem, a seed and a number of trials -> regrets and seconds.

Rivals run as their documentation shows them. Packages of rivals are imported where they are used.
"""

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from benchmarks.tuning.problems import Problem
from trackscape.tuning import Categorical, Float, Optimizer, Space

Suggest = Iterator[tuple[Mapping[str, Any], Callable[[float], None]]]
"""Parameters to try out, and what takes their value."""


def ours(problem: Problem, seed: int, batch: int = 1, **settings: Any) -> Suggest:
    optimizer = Optimizer(problem.parameters, seed=seed, **settings)
    while True:
        asked = optimizer.ask(batch)
        found: list[list[float]] = [[] for _ in asked]
        for values, new in zip(asked, found, strict=True):
            yield values, new.append
        for values, new in zip(asked, found, strict=True):
            optimizer.tell(values, *new)


def optuna_sampler(problem: Problem, seed: int, make: Callable[..., Any]) -> Suggest:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    study = optuna.create_study(sampler=make(optuna)(seed=seed))
    space = {name: _distribution(optuna, each) for name, each in problem.parameters.items()}
    while True:
        trial = study.ask(space)
        yield trial.params, lambda value, trial=trial: study.tell(trial, value)


def _distribution(optuna: Any, parameter: Any) -> Any:
    made = optuna.distributions
    if isinstance(parameter, Categorical):
        return made.CategoricalDistribution(parameter.choices)
    if isinstance(parameter, Float):
        return made.FloatDistribution(parameter.low, parameter.high, log=parameter.log)
    return made.IntDistribution(parameter.low, parameter.high, log=parameter.log)


def botorch(problem: Problem, seed: int) -> Suggest:
    """SingleTaskGP and qLogEI as in BoTorch's first tutorial, 10 points of Sobol before them."""
    import torch
    from botorch.acquisition.logei import qLogExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from botorch.optim import optimize_acqf, optimize_acqf_mixed
    from gpytorch.mlls import ExactMarginalLogLikelihood

    warnings.simplefilter("ignore")
    torch.manual_seed(seed)
    space = Space(problem.parameters)
    columns = len(space.columns)
    sobol = torch.quasirandom.SobolEngine(columns, scramble=True, seed=seed)
    points, values = torch.empty(0, columns).double(), torch.empty(0, 1).double()
    kinds = _category_columns(space)
    while True:
        if len(values) < 10:
            point = sobol.draw(1).double()
        else:
            model = SingleTaskGP(points, -values, outcome_transform=Standardize(1))
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
            acquisition = qLogExpectedImprovement(model, best_f=(-values).max())
            bounds = torch.stack([torch.zeros(columns), torch.ones(columns)]).double()
            settings = {"bounds": bounds, "q": 1, "num_restarts": 10, "raw_samples": 512}
            if kinds:
                point, _ = optimize_acqf_mixed(acquisition, fixed_features_list=kinds, **settings)
            else:
                point, _ = optimize_acqf(acquisition, **settings)
        found = space.values(point[0].numpy())
        points = torch.cat([points, torch.from_numpy(space.point(found))[None]])
        new: list[float] = []
        yield found, new.append
        values = torch.cat([values, torch.tensor([new]).double()])


def _category_columns(space: Space) -> list[dict[int, float]]:
    """Columns of each choice of a category, if there is one."""
    found: list[dict[int, float]] = []
    for number, parameter in enumerate(space.parameters.values()):
        if isinstance(parameter, Categorical):
            first = int(np.flatnonzero(space.columns == number)[0])
            n = len(parameter.choices)
            for chosen in range(n):
                found.append({first + k: float(k == chosen) * 0.5**0.5 for k in range(n)})
    return found


def bayesian_optimization(problem: Problem, seed: int) -> Suggest:
    from bayes_opt import BayesianOptimization

    warnings.simplefilter("ignore")
    bounds: dict[str, Any] = {}
    for name, each in problem.parameters.items():
        if isinstance(each, Categorical):
            bounds[name] = each.choices
        elif isinstance(each, Float):
            ends = np.log10([each.low, each.high]) if each.log else (each.low, each.high)
            bounds[name] = tuple(map(float, ends))
        else:
            bounds[name] = (each.low, each.high, int)
    made = BayesianOptimization(None, bounds, random_state=seed, verbose=0)
    for number in range(1_000_000):
        asked = made.random_sample(1)[0] if number < 10 else made.suggest()
        values = dict(asked)
        for name, each in problem.parameters.items():
            if isinstance(each, Float) and each.log:
                values[name] = 10.0 ** values[name]
        yield values, lambda value, asked=asked: made.register(params=asked, target=-value)


TOOLS: dict[str, Callable[[Problem, int], Suggest]] = {
    "trackscape": ours,
    "trackscape, refit at each step": lambda p, s: ours(p, s, refits="every"),
    "trackscape, batches of 4": lambda p, s: ours(p, s, batch=4),
    "trackscape, batches of 4 maxima": lambda p, s: ours(p, s, batch=4, batches="maxima"),
    "Optuna GPSampler": lambda p, s: optuna_sampler(p, s, lambda o: o.samplers.GPSampler),
    "Optuna TPE": lambda p, s: optuna_sampler(p, s, lambda o: o.samplers.TPESampler),
    "BoTorch qLogEI": botorch,
    "bayesian-optimization": bayesian_optimization,
    "random": lambda p, s: optuna_sampler(p, s, lambda o: o.samplers.RandomSampler),
}


def run(tool: str, problem: Problem, seed: int, trials: int) -> tuple[list[float], list[float]]:
    """Returns the regret of each trial, and the seconds that the tool took for it."""
    regrets: list[float] = []
    seconds: list[float] = []
    begin = time.perf_counter()
    loop = TOOLS[tool](problem, seed)
    for values, tell in loop:
        asked = time.perf_counter() - begin
        regret = problem.function(values)
        begin = time.perf_counter()
        tell(regret)
        regrets.append(regret)
        seconds.append(asked)
        if len(regrets) == trials:
            break
    return regrets, seconds
