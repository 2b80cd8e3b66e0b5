"""Numbers of a study -> which estimator gains what: claims and verdicts, as data."""

from collections.abc import Callable, Mapping, Sequence

from studies.estimators.summary import DECISION_RULES, Method, Quality
from studies.findings import Evidence, Finding, evidence, tally
from studies.intervals import Interval

RULE = DECISION_RULES["tuned"]


def findings(methods: Sequence[Method], densities: Sequence[int]) -> list[Finding]:
    """Returns the verdicts on the errors at each density, and on the seeds at the first one.

    Every method but the first is tested against the first, all of them together.
    """
    return [
        *(
            finding
            for density in densities
            for finding in (errors(methods, density), best(methods, density))
        ),
        stability(methods, densities[0]),
    ]


def errors(methods: Sequence[Method], density: int) -> Finding:
    """Which methods decide better than the first."""
    changes = _changes(methods, density, lambda quality: quality.error_gain)
    tested = _ordered(evidence(changes, below="fewer", above="more"))
    return Finding(
        claim=f"fewer wrong edges than {methods[0].name} at {density} p+/F (change in %)",
        rule=RULE,
        verdict=tally(tested),
        evidence=tested,
        scale=100,
        form="+.3f",
    )


def best(methods: Sequence[Method], density: int) -> Finding:
    """What the method with the fewest wrong edges gains.

    It is the best on the very frames that it is reported for, so that a little of this is luck.
    """
    first = methods[0]
    found = min(methods, key=lambda method: method.quality[density].edge_error["tuned"].value)
    error = first.quality[density].edge_error["tuned"].value
    changes = {
        "wrong edges, relative change in %": _changes(
            methods, density, lambda quality: _divided(quality.error_gain, error)
        ),
        "purity, change in points": _changes(methods, density, lambda each: each.purity_gain),
        "efficiency, change in points": _changes(
            methods, density, lambda quality: quality.efficiency_gain
        ),
    }
    tested = {
        what: evidence(family, below="lower", above="higher")[found.name]
        for what, family in changes.items()
        if found is not first
    }
    return Finding(
        claim=f"the fewest wrong edges at {density} p+/F, beside those of {first.name}",
        rule=RULE,
        verdict=with_setting(found),
        evidence=tested,
        scale=100,
        form="+.2f",
    )


def stability(methods: Sequence[Method], density: int) -> Finding:
    """Whose seeds agree more than those of the first method."""
    changes = _changes(methods, density, lambda quality: quality.disagreement_gain)
    tested = _ordered(evidence(changes, below="less", above="more"))
    return Finding(
        claim=f"seeds disagree less than those of {methods[0].name} at {density} p+/F (change)",
        rule=RULE,
        verdict=tally(tested),
        evidence=tested,
        form="+.3f",
    )


def with_setting(method: Method) -> str:
    """Returns the name of a method, with the scale that was found for it."""
    if method.setting.scale is None:
        return method.name
    return f"{method.name} ({method.searched} {method.setting.scale:g})"


def _changes(
    methods: Sequence[Method], density: int, change: Callable[[Quality], Interval]
) -> dict[str, Interval]:
    return {method.name: change(method.quality[density]) for method in methods[1:]}


def _ordered(tested: Mapping[str, Evidence]) -> dict[str, Evidence]:
    return dict(sorted(tested.items(), key=lambda item: item[1].figure.value))


def _divided(interval: Interval, by: float) -> Interval:
    return interval._replace(value=interval.value / by, error=interval.error / by)
