"""The page of the tuning benchmark follows from its numbers; its problems are what they say."""

import math

import numpy as np
import pytest

from benchmarks.tuning import runs as kept
from benchmarks.tuning.page import draw, exponent, lines
from benchmarks.tuning.problems import PROBLEMS
from benchmarks.tuning.runs import Run, read_runs, write_archive
from benchmarks.tuning.statistics import median_regret, paired_ratio, trials_to_reach
from benchmarks.tuning.tools import TOOLS, run
from trackscape.files import write_json

BEST = {
    "levy-5": dict.fromkeys(["x0", "x1", "x2", "x3", "x4"], 1.0),
    "hartmann-6": dict(
        zip(
            [f"x{number}" for number in range(6)],
            [0.20168952, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730054],
            strict=True,
        )
    ),
    "ackley-10": {f"x{number}": 0.0 for number in range(10)},
    "rosenbrock-8": {f"x{number}": 1.0 for number in range(8)},
    "mixed-5": {"x": -2.0, "y": 2.0, "rate": 10**-2.5, "layers": 5, "kind": "first"},
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_least_value_is_where_the_literature_says(name):
    assert PROBLEMS[name].function(BEST[name]) == pytest.approx(0, abs=1e-8)


def fake(tool: str, problem: str, seed: int, factor: float = 1.0) -> Run:
    regrets = (factor * np.random.default_rng(seed).lognormal(size=200)).tolist()
    best = np.minimum.accumulate(regrets).tolist()
    return Run(tool, problem, seed, best, [float(n) for n in range(1, 21)])


def test_statistics():
    ours = [fake("a", "levy-5", seed) for seed in range(12)]
    twice = [fake("b", "levy-5", seed, 2.0) for seed in range(12)]
    found = paired_ratio(ours, twice, 200)
    assert found.middle == found.low == found.high == pytest.approx(0.5)
    middle, low, high = median_regret(ours, 200)
    assert low <= middle <= high
    assert trials_to_reach(ours, middle) <= 200
    assert trials_to_reach(ours, 0.0) == math.inf


def test_the_page(tmp_path):
    states = [{"n": n, "append": 1e-9 * n**2, "suggestion": 1e-8 * n**2, "slowest": 1.0,
               "candidates": 0.1} for n in (400, 1000, 2000, 4000)]  # fmt: skip
    assert exponent(states, lambda each: each["append"]) == pytest.approx(2)
    whole = {"refits": "x", "trials": 3, "append": 1.0, "refit": 2.0, "acquisition": 3.0,
             "curve": [1.0, 2.0, 6.0], "best": 0.1}  # fmt: skip
    paper = {"n": 100, "fit": 1.0, "factor and kernel": 0.1, "factor": 0.01, "append": 0.001}
    for name, content in {
        "states": states,
        "optuna": [{"n": 400, "first": 2.0, "suggestion": 1.6}],
        "lazy": whole,
        "classical": whole | {"curve": [1.0, 2.0, 60.0]},
        "paper": [paper],
    }.items():
        write_json(tmp_path / f"{name}.json", content)
    runs = [fake(tool, problem, seed) for tool in TOOLS for problem in PROBLEMS for seed in (0, 1)]
    page = "\n".join(lines(tmp_path, runs, "a machine"))
    assert "as n to the power of 2.00" in page
    assert "the lazy way is 10.0 times as fast" in page
    assert "| 400 | 0.16 | 1.6 | 15 | 100 | 1,600 | 909 |" in page
    assert "| Optuna TPE | 1 | 1 | 1 | 1 | 1 |" in page
    assert len(draw(runs).axes) == len(draw(runs, against="seconds").axes) == 6


def test_runs_of_the_folder_are_added_to_those_of_the_archive(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "ARCHIVE", tmp_path / "runs.parquet")
    assert read_runs(tmp_path) == []
    raw = {"tool": "a", "problem": "levy-5", "seed": 7}
    raw |= {"regrets": [3.0, 1.0, 2.0] * 10, "seconds": [0.5] * 30}
    write_json(tmp_path / "one.json", raw)
    (one,) = read_runs(tmp_path)
    assert one.best == [3.0] + 29 * [1.0]
    assert one.seconds == [5.0, 10.0, 15.0]
    write_archive([one])
    write_json(tmp_path / "one.json", raw | {"seed": 8})
    assert read_runs(tmp_path) == [one, one._replace(seed=8)]


def test_a_run_of_ours():
    regrets, seconds = run("trackscape, batches of 4", PROBLEMS["mixed-5"], 0, 14)
    assert len(regrets) == len(seconds) == 14
    assert min(regrets) >= 0
