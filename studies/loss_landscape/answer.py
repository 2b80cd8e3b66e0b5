"""Figures of a study -> what of the published findings holds here.

No verdict is written by hand: each follows from p values that are corrected, by Holm, for all
numbers that its claim is asked of: all settings, and both ways to decide.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from studies.loss_landscape.connections import Along, Connection
from studies.loss_landscape.likeness import Likeness
from studies.loss_landscape.published import CURVES
from studies.loss_landscape.quality import Reached
from studies.loss_landscape.significance import Significance, Trend
from studies.markdown import between, compared, listing, with_p
from trackscape.statistics import ALPHA, sides

Verdict = Literal["holds here", "does not hold here", "not shown here"]
ON_PAR = 0.005
"""Purity that may be lost on par: half a point, as the published spread of seeds."""
CURVED = ("curve of decisions", "curve of the smooth loss")
CONNECTED = max(
    curve.hamming[1] / curve.hamming[0] - 1
    for (_, route), curve in CURVES.items()
    if route in CURVED
)
"""Rise of the loss along a curve, relative to its ends, up to which they are connected: the
published curves, which are called so, rise by no more."""
LARGE = 0.1
"""Disagreement of seeds that is called large; the published ones are 0.14 to 0.2."""
WAYS = {"own": "as published", "tuned": "with tuned thresholds"}


class Finding(NamedTuple):
    """A published sentence, and what becomes of it here."""

    claim: str
    verdict: Verdict
    reason: str


def of_quality(first: str, through: Sequence[Reached], way: str) -> Finding:
    """Whether trainings through the assignment are on par, or better.

    Arguments:
        first: Name of the setting without it.
        through: The settings with it.
        way: How is decided.
    """
    family = {
        (asked, each.setting): quality.purity_gain
        for each in through
        for asked, quality in each.quality.items()
    }
    _, surely_level = sides(family, null=-ON_PAR)
    surely_worse, _ = sides(family)
    level = [name for asked, name in surely_level if asked == way]
    worse = [name for asked, name in surely_worse if asked == way and name not in level]
    told = "; ".join(
        f"{name} {gain}"
        for (asked, name), gain in compared(family, digits=2).items()
        if asked == way
    )
    return Finding(
        claim=f"Through the assignment (pat) on par or slightly better than without ({first})",
        verdict=_verdict(yes=len(level) == len(through), no=bool(worse)),
        reason=f"decided {WAYS[way]}, the purity in points against {first}: {told}. On par, that "
        f"is, not worse by {100 * ON_PAR:g} points or more: {listing(level)}; worse: "
        f"{listing(worse)}.",
    )


def of_connections(connections: Sequence[Connection]) -> Finding:
    """Whether trainings lie in one connected region of low loss.

    A curve shows that they do. That a short search found none shows nothing.
    """
    routes = {group: each for group, each in by_group(connections).items() if "," not in group}
    best = {
        group: min((each[route] for route in CURVED), key=lambda along: along.rise.value)
        for group, each in routes.items()
    }
    low, _ = sides(
        {(group, route): each[route].rise for group, each in routes.items() for route in CURVED},
        null=CONNECTED,
    )
    reached = list(dict.fromkeys(group for group, _ in low))
    left = [group for group in best if group not in reached]
    line = {group: each["line"] for group, each in routes.items()}
    return Finding(
        claim="All trainings end in well-connected regions",
        verdict=_verdict(yes=not left, no=False),
        reason="along the better of two trained curves the Hamming loss rises, relative to its "
        f"ends, by {_rises(best)}; on straight lines by {_rises(line)}. By less than the "
        f"published curves ({CONNECTED:.2f}) for sure, on one of the two: {listing(reached)}; not "
        f"so: {listing(left)}, which a longer search for a curve may change.",
    )


def by_group(connections: Sequence[Connection]) -> dict[str, dict[str, Along]]:
    """Returns the Hamming loss by group of pairs and route."""
    found: dict[str, dict[str, Along]] = {}
    for each in connections:
        found.setdefault(each.group, {})[each.route] = each.losses["hamming"]
    return found


def _rises(along: dict[str, Along]) -> str:
    return listing([f"{between(each.rise)} ({group})" for group, each in along.items()])


def of_seeds(likeness: Sequence[Likeness], settings: Sequence[str], way: str) -> Finding:
    """Whether seeds of a setting decide differently."""
    found = {each.group: each for each in likeness if each.group in settings}
    values = {group: each.disagreement[way] for group, each in found.items()}
    small, large = (
        [group for asked, group in side if asked == way]
        for side in sides(
            {
                (asked, group): value
                for group, each in found.items()
                for asked, value in each.disagreement.items()
            },
            null=LARGE,
        )
    )
    told = listing([f"{between(value)} for {group}" for group, value in values.items()])
    return Finding(
        claim="Large predictive instability over initialisations",
        verdict=_verdict(yes=len(large) == len(values), no=bool(small)),
        reason=f"decided {WAYS[way]}, the disagreement of seeds is {told}; independent errors "
        f"would give {min(each.chance[way] for each in found.values()):.3f} or more. Above "
        f"{LARGE:g} for sure: {listing(large)}; below: {listing(small)}.",
    )


def of_methods(tests: Sequence[Significance], first: str, way: str) -> Finding:
    """Whether trainings of two methods differ more than seeds of one."""
    return _of_tests(
        "Large predictive instability over methods, beyond that over initialisations",
        [t for t in tests if t.measure == f"disagreement, {way}" and t.contrast == "between"],
        f"decided {WAYS[way]}, the disagreement of one training of pat with one of {first}, minus "
        "the mean of pairs within either",
    )


def of_layers(tests: Sequence[Significance], module: str, second: str) -> Finding:
    """Whether layers are more alike through the assignment."""
    chosen = [
        test
        for test in tests
        if test.measure == f"CKA of {module}"
        and test.contrast == "within"
        and test.second == second
    ]
    return _of_tests(
        f"Layers of {module} are more alike within pat than within {second}",
        chosen,
        f"the similarity within each, minus that within {second}",
    )


def _of_tests(claim: str, tests: Sequence[Significance], what: str) -> Finding:
    """Holds if all effects are positive for sure, and does not if one is negative for sure."""
    above = [t for t in tests if t.effect.above_zero and t.corrected < ALPHA]
    below = [t for t in tests if t.effect.below_zero and t.corrected < ALPHA]
    told = "; ".join(f"{test.first} {of_test(test)}" for test in tests)
    return Finding(
        claim=claim,
        verdict=_verdict(yes=bool(tests) and len(above) == len(tests), no=bool(below)),
        reason=f"{what}: {told}." if tests else "tests need 3 seeds of each setting.",
    )


def of_test(test: Significance) -> str:
    """Returns the difference that was tested, bold if trainings differ for sure."""
    return with_p(between(test.effect, "+.3f"), raw=test.of_runs, corrected=test.corrected)


def of_strength(trend: Trend | None, way: str) -> Finding:
    """Whether a smaller strength gives more stable decisions."""
    claim = "A smaller strength (lambda) gives more stable predictions"
    if trend is None:
        return Finding(claim, "not shown here", "there are no two strengths.")
    falls, rises = sides(trend.slope)
    return Finding(
        claim=claim,
        verdict=_verdict(yes=way in rises, no=way in falls),
        reason=f"from {min(trend.strengths):g} to {max(trend.strengths):g} the disagreement of "
        f"seeds changes by {compared(trend.slope, scale=1)[way]}, decided {WAYS[way]}.",
    )


def _verdict(*, yes: bool, no: bool) -> Verdict:
    if no:
        return "does not hold here"
    return "holds here" if yes else "not shown here"


def sentences(findings: Sequence[Finding]) -> Iterator[str]:
    """Yields a line for each finding."""
    for finding in findings:
        yield f"- *{finding.claim}*: **{finding.verdict}**. Here, {finding.reason}"
