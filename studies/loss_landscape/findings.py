"""Numbers of a study -> what becomes of the published claims, and of further ones, as data.

Each verdict follows from p values that are corrected, by Holm, for all numbers that its claim is
tested on: all settings, and both decision rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from studies.findings import UNDECIDED, Evidence, Finding, evidence, tally
from studies.loss_landscape.connections import CURVED, Along, Connection
from studies.loss_landscape.decisions import DECISION_RULES, Reached
from studies.loss_landscape.published import CURVES
from studies.loss_landscape.significance import Significance, Trend
from studies.loss_landscape.similarity import Similarity
from studies.loss_landscape.summary import Summary
from studies.many_tests import ALPHA, sides

Verdict = Literal["holds here", "does not hold here", "not shown here"]
ON_PAR = 0.005
"""Purity that may be lost on par: half a point, as the published spread of seeds."""
CONNECTED = max(
    curve.hamming[1] / curve.hamming[0] - 1
    for (_, route), curve in CURVES.items()
    if route in CURVED
)
"""Barrier of the loss along a curve, relative to its ends, up to which they are connected: the
published curves, which are called so, have none above it."""
LARGE = 0.1
"""Disagreement of seeds that is called large; the published ones are 0.14 to 0.2."""
GONE = 0.1
"""Share of the barrier of straight lines up to which it is called gone."""
START = ", same start"


def findings(summary: Summary, settings: Sequence[str]) -> list[Finding]:
    """Returns the published claims, then the further ones.

    Arguments:
        summary: Numbers of the study.
        settings: Names of the settings; the first is what others are compared with.
    """
    main, first = summary.published, settings[0]
    through = main.models.of_loss("pat")
    reached = [each for each in summary.reached if each.setting in through]
    connections = [each for compared in summary.compared for each in compared.connections]
    within = [each for each in connections if each.group in settings]
    similar = [each for compared in summary.compared for each in compared.similarity]
    return [
        *(quality(first, reached, rule) for rule in DECISION_RULES),
        connectivity(main.connections),
        *(instability(main.similarity, main.models.settings, rule) for rule in DECISION_RULES),
        *(methods(main.tests, first, rule) for rule in DECISION_RULES),
        *(strength(main.trend, rule) for rule in DECISION_RULES),
        layers(main.tests, "R1", first),
        alignment(within),
        equal_start(connections),
        *stability([each for each in similar if each.group in settings]),
    ]


def quality(first: str, through: Sequence[Reached], rule: str) -> Finding:
    """Whether trainings through the assignment are on par with those without it, or better.

    Arguments:
        first: Name of the setting without it.
        through: Settings with it.
        rule: Decision rule.
    """
    family = {
        (asked, each.setting): of_rule.purity_gain
        for each in through
        for asked, of_rule in each.quality.items()
    }
    _, level = sides(family, null=-ON_PAR)
    tested = _of_rule(evidence(family, below="worse", above="better"), rule)
    numbers = {
        name: each._replace(shows="on par" if each.shows == UNDECIDED else f"on par, {each.shows}")
        if (rule, name) in level
        else each
        for name, each in tested.items()
    }
    return Finding(
        claim=f"through the assignment (pat) on par with {first} or better: change of the purity "
        f"in points, on par if not worse by {100 * ON_PAR:g} or more",
        rule=DECISION_RULES[rule],
        verdict=_verdict(
            yes=all(each.shows.startswith("on par") for each in numbers.values()),
            no=any(each.shows == "worse" for each in numbers.values()),
        ),
        evidence=numbers,
        scale=100,
        form="+.2f",
    )


def connectivity(connections: Sequence[Connection]) -> Finding:
    """Whether trainings lie in one connected region of low loss.

    A curve shows that they do. That a short search found none shows nothing.
    """
    routes = {group: each for group, each in _by_group(connections).items() if "," not in group}
    tested = evidence(
        {
            (group, route): each[route].relative_barrier
            for group, each in routes.items()
            for route in CURVED
        },
        null=CONNECTED,
        below="connected",
        above=UNDECIDED,
    )
    reached = {group for (group, _), each in tested.items() if each.shows == "connected"}
    return Finding(
        claim="all trainings lie in one connected region: Hamming barrier relative to its ends "
        f"below {CONNECTED:.2f} on one of two curves",
        rule="",
        verdict=_verdict(yes=reached == set(routes), no=False),
        evidence={f"{group}, {route}": each for (group, route), each in tested.items()},
    )


def instability(similar: Sequence[Similarity], settings: Sequence[str], rule: str) -> Finding:
    """Whether seeds of a setting decide differently."""
    family = {
        (asked, each.group): value
        for each in similar
        if each.group in settings
        for asked, value in each.disagreement.items()
    }
    tested = _of_rule(evidence(family, null=LARGE, below="small", above="large"), rule)
    return Finding(
        claim=f"large instability over initialisations: disagreement of seeds above {LARGE:g}",
        rule=DECISION_RULES[rule],
        verdict=_all_or_any(tested, yes="large", no="small"),
        evidence=tested,
    )


def methods(tests: Sequence[Significance], first: str, rule: str) -> Finding:
    """Whether trainings of two methods differ more than seeds of one."""
    chosen = [
        test
        for test in tests
        if test.measure == f"disagreement, {rule}" and test.contrast == "between"
    ]
    return _of_tests(
        f"instability over methods beyond that over initialisations: disagreement of pat with "
        f"{first} minus that within either",
        chosen,
        rule=DECISION_RULES[rule],
    )


def layers(tests: Sequence[Significance], module: str, second: str) -> Finding:
    """Whether layers are more alike through the assignment."""
    chosen = [
        test
        for test in tests
        if test.measure == f"CKA of {module}"
        and test.contrast == "within"
        and test.second == second
    ]
    return _of_tests(
        f"layers of {module} more alike within pat than within {second}: difference of CKA", chosen
    )


def _of_tests(claim: str, tests: Sequence[Significance], *, rule: str = "") -> Finding:
    """Holds if all effects are positive, and does not if one is negative, after correction."""
    numbers = {
        test.first: Evidence(test.effect, test.of_runs, test.corrected, _side(test))
        for test in tests
    }
    verdict = _all_or_any(numbers, yes="above 0", no="below 0")
    return Finding(claim, rule, verdict, numbers, form="+.3f")


def _side(test: Significance) -> str:
    """Side of 0 on which both the permutations and the interval see the effect."""
    if test.corrected >= ALPHA or not (test.effect.low > 0 or test.effect.high < 0):
        return UNDECIDED
    return "above 0" if test.effect.low > 0 else "below 0"


def strength(trend: Trend | None, rule: str) -> Finding:
    """Whether a smaller strength gives more stable decisions."""
    claim = "a smaller strength (lambda) gives more stable decisions: change of the disagreement"
    tested: dict[str, Evidence] = {}
    if trend is not None:
        name = f"{min(trend.strengths):g} to {max(trend.strengths):g}"
        tested = {name: evidence(trend.slope, below="falls", above="rises")[rule]}
    verdict = _all_or_any(tested, yes="rises", no="falls")
    return Finding(claim, DECISION_RULES[rule], verdict, tested, form="+.3f")


def alignment(connections: Sequence[Connection]) -> Finding:
    """Whether permuting hidden units removes the barriers within settings."""
    remaining = {
        group: each["aligned line"].remaining_barrier
        for group, each in _by_group(connections).items()
    }
    tested = evidence(remaining, null=GONE, below="gone", above="stays")
    return Finding(
        claim="aligning hidden units removes the Hamming barrier on straight lines: remaining "
        f"share, gone if below {GONE:g}",
        rule="",
        verdict=tally(tested),
        evidence=tested,
    )


def equal_start(connections: Sequence[Connection]) -> Finding:
    """Whether an equal start of two trainings lowers the barrier between them."""
    barriers = {group: each["line"].barrier for group, each in _by_group(connections).items()}
    tested = evidence(
        {
            group: barriers[group + START].minus(other)
            for group, other in barriers.items()
            if group + START in barriers
        },
        below="lower",
        above="higher",
    )
    return Finding(
        claim="an equal start lowers the Hamming barrier on straight lines between settings: "
        "change in 1e-3",
        rule="",
        verdict=tally(tested),
        evidence=tested,
        scale=1e3,
        form="+.1f",
    )


def stability(similar: Sequence[Similarity]) -> Iterator[Finding]:
    """Yields whose seeds agree more than those of the first setting, for each decision rule."""
    first, *others = similar
    family = {
        (rule, each.group): each.disagreement[rule].minus(first.disagreement[rule])
        for rule in DECISION_RULES
        for each in others
    }
    tested = evidence(family, below="lower", above="higher")
    for rule, words in DECISION_RULES.items():
        numbers = _of_rule(tested, rule)
        yield Finding(
            claim=f"disagreement of seeds beside that of {first.group}: change",
            rule=words,
            verdict=tally(numbers),
            evidence=numbers,
            form="+.3f",
        )


def _by_group(connections: Sequence[Connection]) -> dict[str, dict[str, Along]]:
    """Returns the Hamming loss by group of pairs and route."""
    found: dict[str, dict[str, Along]] = {}
    for each in connections:
        found.setdefault(each.group, {})[each.route] = each.losses["hamming"]
    return found


def _of_rule(tested: Mapping[tuple[str, str], Evidence], rule: str) -> dict[str, Evidence]:
    """Returns the numbers of one decision rule, which were tested with those of the other."""
    return {name: each for (asked, name), each in tested.items() if asked == rule}


def _all_or_any(numbers: Mapping[str, Evidence], *, yes: str, no: str) -> Verdict:
    """Holds if all numbers show one side, and does not if any shows the other."""
    shown = [each.shows for each in numbers.values()]
    return _verdict(yes=bool(shown) and set(shown) == {yes}, no=no in shown)


def _verdict(*, yes: bool, no: bool) -> Verdict:
    if no:
        return "does not hold here"
    return "holds here" if yes else "not shown here"
