"""Results -> what the library has to reach, what it does, and whether that is enough."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from benchmarks.cases import PHANTOMS, USUAL, Case
from benchmarks.results import Results
from benchmarks.scaling import LARGE, exponents
from benchmarks.stages import ASSIGNMENT, ASSIGNMENT_AND_BACK, PAT, PTT, WHOLE

FAST_ENOUGH = {50: 10.0, 100: 35.0, 150: 100.0}
"""ms of the whole reconstruction by primaries in a frame, behind 100 mm of water."""
MANY_TIMES, COMPARED_AT = 20.0, (100, 150)


class Condition(NamedTuple):
    target: str
    measured: str
    holds: bool | None
    """None if it was not measured."""


def check(results: Results) -> list[Condition]:
    """Checks all conditions; what needs other files than there were is not measured."""
    case = Case(100, USUAL)
    assignment = results.time(ASSIGNMENT, "ours", case)
    scipy = results.time(f"{ASSIGNMENT}, scipy", "variant", case)
    gradient = results.time(ASSIGNMENT_AND_BACK, "ours", case)
    training = {step: _training_ratio(results, step) for step in (PTT, PAT)}
    peak = results.above(WHOLE, "ours", Case(100, 150))
    # Not the largest of a list, which may pass over a NaN.
    peaks = [
        results.above(step, "ours", Case(phantom, USUAL))
        for step in (PTT, PAT)
        for phantom in PHANTOMS
    ]
    found = results.agreement
    return [
        _whole(results),
        _at_most(f"{WHOLE} at 150 p+/F: peak memory", peak, 250, "MB"),
        _at_most(f"{ASSIGNMENT} at {USUAL} p+/F", assignment, 1.5, "ms"),
        _at_least(f"{ASSIGNMENT} at {USUAL} p+/F, backend scipy : ours", scipy / assignment, 3),
        _at_most(f"{ASSIGNMENT_AND_BACK} at {USUAL} p+/F", gradient, 3, "ms"),
        *(
            _at_least(f"{step} at {USUAL} p+/F, baseline : ours, mean of all phantoms", ratio, 6)
            for step, ratio in training.items()
        ),
        _at_most(
            f"training at {USUAL} p+/F: peak memory behind any phantom",
            max(peaks) if not any(map(math.isnan, peaks)) else math.nan,
            600,
            "MB",
        ),
        _growth(results),
        _at_most("largest difference of a logit from the plain path", found.logit, 1e-4, ""),
        _at_least("hits on tracks that the plain path finds, too, in %", 100 * found.same, 99.9),
    ]


def _whole(results: Results) -> Condition:
    times = [results.time(WHOLE, "ours", Case(100, n)) for n in FAST_ENOUGH]
    ratios = [results.ratio(WHOLE, Case(100, n)) for n in COMPARED_AT]
    fast = all(time <= most for time, most in zip(times, FAST_ENOUGH.values(), strict=True))
    return Condition(
        f"{WHOLE}: at most {_list(FAST_ENOUGH.values())} ms at {_list(FAST_ENOUGH)} p+/F, or "
        f"baseline : ours at least {MANY_TIMES:g} at {_list(COMPARED_AT)} p+/F",
        f"{_list(times)} ms; {_list(ratios)}",
        None if any(map(math.isnan, times)) else fast or min(ratios) >= MANY_TIMES,
    )


def _training_ratio(results: Results, step: str) -> float:
    ours, theirs = (
        sum(results.time(step, who, Case(phantom, USUAL)) for phantom in PHANTOMS)
        for who in ("ours", "baseline")
    )
    return theirs / ours


def _growth(results: Results) -> Condition:
    fits = exponents(results.scaling, of="whole", against="line_graph_edges")
    return Condition(
        f"{WHOLE}: time grows no faster than the line-graph edges: exponent at most 1, from all "
        f"frames and from those with {LARGE} p+/F and more",
        " and ".join(f"{fit:.2f}" for fit in fits),
        None if any(map(math.isnan, fits)) else all(round(fit, 2) <= 1 for fit in fits),
    )


def _at_most(what: str, value: float, limit: float, unit: str) -> Condition:
    holds = None if math.isnan(value) else value <= limit
    return Condition(f"{what}: at most {limit:g} {unit}", f"{value:.3g} {unit}", holds)


def _at_least(what: str, value: float, limit: float) -> Condition:
    holds = None if math.isnan(value) else value >= limit
    return Condition(f"{what}: at least {limit:g}", f"{value:.4g}", holds)


def _list(values: Iterable[float]) -> str:
    return " / ".join(f"{value:.3g}" for value in values)
