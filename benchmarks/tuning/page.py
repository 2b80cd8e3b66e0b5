"""Results of all parts -> docs/benchmarks_tuning.md and its picture."""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.page import table
from benchmarks.tuning.problems import PROBLEMS
from benchmarks.tuning.runs import FIRST_SEED, MARK, TRIALS, Run
from benchmarks.tuning.statistics import (
    Interval,
    best_so_far,
    median_regret,
    paired_ratio,
    trials_to_reach,
)

OURS, BATCH, MAXIMA = "trackscape", "trackscape, batches of 4", "trackscape, batches of 4 maxima"
SHOWN = (OURS, "Optuna GPSampler", "BoTorch qLogEI", "Optuna TPE", "bayesian-optimization",
         "random")  # fmt: skip
FEWEST_SEEDS = 3
MARKS = (50, 100, 150)
"""Trials of single suggestions whose regret batches have to reach."""
ELSEWHERE = 0.05
"""Regret above which a search on Hartmann's function has not found its least minimum."""
LIMITS = {400: 15.0, 1000: 40.0, 2000: 120.0}
"""Milliseconds that a suggestion may take at most."""
INTRODUCTION = """# Speed and quality of tuning

What [tuning](tuning.md) costs and finds, beside other tools. This page is written by
`make bench-tuning RUNS=folder`; parts that were measured before are taken from that folder, and
`python -m benchmarks.tuning RUNS --page` writes it again from what is there.
Seconds are those of the process on one thread, medians of nine, on a machine that others used
meanwhile. Functions are those of `benchmarks/tuning/problems.py`.
"""


def lines(folder: Path, runs: Sequence[Run], hardware: str) -> Iterator[str]:
    """The page."""
    yield INTRODUCTION
    parts = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    for name, write in {
        "states": _states,
        "lazy": _whole,
        "paper": _paper,
    }.items():
        if name in parts:
            yield from write(parts)
            yield ""
    yield from _quality(runs)
    yield ""
    yield f"Hardware: {hardware}"


def _states(parts: dict[str, Any]) -> Iterator[str]:
    states = parts["states"]
    theirs = {each["n"]: each["suggestion"] for each in parts.get("optuna", [])}
    yield "## A suggestion where n values are known"
    yield ""
    yield (
        "Levy in 5 dimensions, a recorded sequence of trials, parameters fitted to the first 100, "
        "no refit. `append` is what a new "
        "value costs, `suggestion` the search for the next point, `candidates` what the first "
        "suggestion after a refit costs beside that. GPSampler refits at each suggestion, from "
        "a warm start: its second one is taken."
    )
    yield ""
    rows = []
    for each in states:
        n = each["n"]
        limit = LIMITS.get(n)
        rows.append(
            [
                f"{n:,}",
                f"{1e3 * each['append']:.2f}",
                f"{1e3 * each['suggestion']:.1f}",
                f"{limit:.0f}" if limit else "",
                f"{1e3 * each['candidates']:.0f}",
                f"{1e3 * theirs[n]:,.0f}" if n in theirs else "",
                f"{theirs[n] / (each['append'] + each['suggestion']):.0f}" if n in theirs else "",
            ]
        )
    headers = ["n", "append (ms)", "suggestion (ms)", "limit (ms)", "candidates (ms)",
               "GPSampler (ms)", "ratio"]  # fmt: skip
    yield from table(headers, rows)
    yield ""
    yield (
        f"From n = 1,000 on, append and suggestion together grow as n to the power of "
        f"{exponent(states, lambda each: each['append'] + each['suggestion']):.2f}, the append "
        f"alone to that of {exponent(states, lambda each: each['append']):.2f} (least squares of "
        "the logarithms)."
    )


def exponent(states: Sequence[dict[str, float]], seconds: Any) -> float:
    """Slope of the logarithms from n = 1,000 on."""
    some = [each for each in states if each["n"] >= 1000]
    n, spent = [each["n"] for each in some], [seconds(each) for each in some]
    return float(np.polyfit(np.log(n), np.log(spent), 1)[0]) if len(some) > 1 else math.nan


def _whole(parts: dict[str, Any]) -> Iterator[str]:
    yield "## A whole run"
    yield ""
    yield (
        "Levy in 5 dimensions from the first trial on. Both are the same code; the classical way "
        "refits at each step, the lazy one when the values have grown by a tenth. `refit` is the "
        "fit of parameters with the new factor; candidates are a part of `acquisition`."
    )
    yield ""
    rows = []
    for name in ("classical", "lazy"):
        if name in parts:
            each = parts[name]
            whole = each["append"] + each["refit"] + each["acquisition"]
            cells = [each[key] for key in ("append", "refit", "acquisition")]
            rows.append(
                [name, f"{each['trials']:,}", *(f"{cell:.1f}" for cell in cells), f"{whole:.1f}",
                 f"{each['best']:.2g}"]
            )  # fmt: skip
    headers = ["way", "trials", "append (s)", "refit (s)", "acquisition (s)", "whole (s)", "best"]
    yield from table(headers, rows)
    if "classical" in parts:
        n = min(parts["classical"]["trials"], parts["lazy"]["trials"])
        quotient = parts["classical"]["curve"][n - 1] / parts["lazy"]["curve"][n - 1]
        yield ""
        yield f"After {n:,} trials the lazy way is {quotient:.1f} times as fast as the other."


def _paper(parts: dict[str, Any]) -> Iterator[str]:
    yield "## The factor of 162"
    yield ""
    yield (
        "Ram et al. (MLHPC 2019) report that their method is 162 times as fast on one node. What "
        "they leave out between refits is the fit of the parameters: here that of scikit-learn, "
        "with two starts, on the kernel of their published code. `kernel, factor` is "
        "scikit-learn with fixed parameters, `factor` the Cholesky factor alone, `append` what "
        "replaces all of that here, kernel and bookkeeping included."
    )
    yield ""
    rows = [
        [
            f"{each['n']:,}",
            *(f"{1e3 * each[k]:.2f}" for k in ("fit", "factor and kernel", "factor", "append")),
            f"{each['fit'] / each['append']:,.0f}",
            f"{each['factor'] / each['append']:.1f}",
        ]
        for each in parts["paper"]
    ]
    headers = ["n", "fit (ms)", "kernel, factor (ms)", "factor (ms)", "append (ms)", "fit / append",
               "factor / append"]  # fmt: skip
    yield from table(headers, rows)
    yield ""
    yield (
        "So any factor can be had, by the number of points and of evaluations of the likelihood "
        "that the fit is allowed; that of the append alone, over a factor made anew, is the last "
        "column, and of what a whole run gains, the table above. Their published code cannot have "
        "gained it from the append: it multiplies out the inverse for each prediction, which is "
        "cubic, and returns to the parameters of the start between refits."
    )


def _quality(runs: Sequence[Run]) -> Iterator[str]:
    yield "## Quality"
    yield ""
    yield (
        f"Median regret after {TRIALS} trials with its bootstrap interval of 95 %, and seeds in "
        "brackets; regrets below 1e-6 count as that. "
        f"Seeds are those from {FIRST_SEED} on: those before, on the same functions, chose the "
        "priors of the kernel, that large values are compressed, and how batches are made. So the "
        "seeds are new to ours, and the four continuous functions are not; the mixed one chose "
        "nothing. All tools but ours run with the settings that they come with."
    )
    yield ""
    tools = [name for name in SHOWN if any(run.tool == name for run in runs)]
    rows = []
    for tool in tools:
        cells = []
        for problem in PROBLEMS:
            some = _some(runs, tool, problem)
            cells.append("")
            if some:
                found = median_regret(some, TRIALS)
                cells[-1] = f"{_shown(found, len(some))} [{len(some)}]"
        rows.append([tool, *cells])
    yield from table(["tool", *PROBLEMS], rows)
    yield ""
    yield "Median of ours over that of another tool, on seeds that both have; below 1 is better:"
    yield ""
    rows = []
    for tool in tools[1:]:
        cells = []
        for problem in PROBLEMS:
            ours, theirs = _some(runs, OURS, problem), _some(runs, tool, problem)
            n = len({run.seed for run in ours} & {run.seed for run in theirs})
            cells.append(_shown(paired_ratio(ours, theirs, TRIALS), n) if n else "")
        rows.append([tool, *cells])
    yield from table(["tool", *PROBLEMS], rows)
    yield ""
    shares = [f"{tool} {_elsewhere(_some(runs, tool, 'hartmann-6'))}" for tool in tools]
    yield (
        "Medians hide that Hartmann's function has another minimum, 0.12 above the least. Seeds "
        f"that end above {ELSEWHERE}: {', '.join(shares)}."
    )
    yield ""
    yield "![Median regret of all tools against trials](images/tuning_regret.png)"
    yield ""
    yield "And against the seconds that the suggestions took, beside other work on the same cores:"
    yield ""
    yield "![Median regret of all tools against seconds](images/tuning_seconds.png)"
    if any(run.tool == BATCH for run in runs):
        yield ""
        yield from _batches(runs)


def _elsewhere(runs: Sequence[Run]) -> str:
    return f"{sum(run.best[-1] > ELSEWHERE for run in runs)} of {len(runs)}"


def _shown(found: Interval, seeds: int) -> str:
    """The number, with its interval if there are seeds enough to have one."""
    interval = f" ({found.low:.2g} to {found.high:.2g})" if seeds >= FEWEST_SEEDS else ""
    return f"{found.middle:.2g}{interval}"


def _batches(runs: Sequence[Run]) -> Iterator[str]:
    yield "## Batches"
    yield ""
    yield (
        "Trials until the median regret is what single suggestions have after 50, 100 and 150, "
        "over those that they take to it themselves. *Believer* takes the points of a batch one "
        "after the other, as if the ones before had given what is expected; *maxima* takes the "
        f"4 best local maxima, as published. \\> says that {TRIALS} trials were not enough. With "
        "trials that take much longer than suggestions, the gain in time is 4 over the number; "
        "5 needs at least 5 trials at once."
    )
    yield ""
    rows = []
    for problem in PROBLEMS:
        single = _some(runs, OURS, problem)
        if not single:
            continue
        curve = np.median([best_so_far(run) for run in single], axis=0)
        cells = []
        for tool in (BATCH, MAXIMA):
            some = _some(runs, tool, problem)
            cells += [_needed(single, some, float(curve[n - 1])) if some else "" for n in MARKS]
        rows.append([problem, *cells])
    headers = [f"{way}, {n}" for way in ("believer", "maxima") for n in MARKS]
    yield from table(["problem", *headers], rows)


def _needed(single: Sequence[Run], batches: Sequence[Run], regret: float) -> str:
    """Trials of batches over those of single suggestions until the median is as low."""
    first, needed = trials_to_reach(single, regret), trials_to_reach(batches, regret)
    if math.isfinite(needed):
        return f"{needed / first:.2f}"
    return f"\\> {TRIALS / first:.2f}"


def _some(runs: Sequence[Run], tool: str, problem: str) -> list[Run]:
    return [run for run in runs if run.tool == tool and run.problem == problem]


def draw(runs: Sequence[Run], *, against: str = "trial") -> Figure:
    """Median regret and its quartiles, one panel for each problem, against trials or seconds."""
    figure = Figure(figsize=(11, 6), layout="constrained")
    axes = list(figure.subplots(2, 3).flat)
    for axis, problem in zip(axes, PROBLEMS, strict=False):
        for number, tool in enumerate(SHOWN):
            if some := _some(runs, tool, problem):
                curves = np.array([best_so_far(run) for run in some])
                x = np.arange(1.0, curves.shape[1] + 1)
                if against == "seconds":
                    x = np.median([run.seconds for run in some], axis=0)
                    curves = curves[:, MARK - 1 :: MARK]
                low, middle, high = np.quantile(curves, [0.25, 0.5, 0.75], axis=0)
                axis.plot(x, middle, color=f"C{number}", label=tool)
                axis.fill_between(x, low, high, color=f"C{number}", alpha=0.12, linewidth=0)
        axis.set(title=problem, yscale="log", xlabel=against, ylabel="regret")
        axis.set_xscale("log" if against == "seconds" else "linear")
    for axis in axes[len(PROBLEMS) :]:
        axis.axis("off")
        axis.legend(*axes[0].get_legend_handles_labels(), loc="center", frameon=False)
    return figure
