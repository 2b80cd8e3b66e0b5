"""Verdicts follow from the numbers, and change with them."""

import pytest

from studies.intervals import Interval
from studies.loss_landscape.connections import CURVED, Along, Connection
from studies.loss_landscape.decisions import Quality, Reached
from studies.loss_landscape.findings import (
    CONNECTED,
    alignment,
    connectivity,
    equal_start,
    instability,
    layers,
    methods,
    quality,
    stability,
    strength,
)
from studies.loss_landscape.published import CURVES
from studies.loss_landscape.significance import Significance, Trend
from studies.loss_landscape.similarity import Similarity

NONE = Interval(0)


def within(low: float, high: float) -> Interval:
    """With many seeds."""
    return Interval((low + high) / 2, (high - low) / 2 / 1.96)


def shows(finding) -> dict[str, str]:
    return {name: each.shows for name, each in finding.evidence.items()}


def reached(name: str, gain: Interval) -> Reached:
    of_rule = Quality(
        metrics={}, error=NONE, purity_gain=gain, efficiency_gain=NONE, complete_gain=NONE
    )
    return Reached(name, {"own": of_rule, "tuned": of_rule}, [0.5])


BETTER = reached("better", within(0.004, 0.016))
LEVEL = reached("level", within(-0.004, 0.002))
UNSURE = reached("unsure", within(-0.01, 0.002))
WORSE = reached("worse", within(-0.03, -0.01))


@pytest.mark.parametrize(
    ("settings", "verdict", "expected"),
    [
        ([BETTER, LEVEL], "holds here", {"better": "on par, better", "level": "on par"}),
        ([BETTER, UNSURE], "not shown here", {"better": "on par, better", "unsure": "not shown"}),
        (
            [BETTER, UNSURE, WORSE],
            "does not hold here",
            {"better": "on par, better", "unsure": "not shown", "worse": "worse"},
        ),
    ],
)
def test_quality(settings, verdict, expected):
    finding = quality("ptt", settings, "own")
    assert (finding.verdict, shows(finding)) == (verdict, expected)
    better = finding.evidence["better"]
    assert (better.figure.value, better.figure.low) == pytest.approx((0.01, 0.004), abs=1e-4)
    assert round(better.raw, 3) == 0.001
    assert better.raw < better.corrected < 0.01


def connection(
    group: str, route: str, *, relative: Interval = NONE, barrier=NONE, remaining=NONE
) -> Connection:
    along = Along(NONE, NONE, NONE, NONE, barrier, NONE, relative, remaining)
    return Connection("line_graph", group, route, 10, {"bce": along, "hamming": along})


def connections(group: str, *, line: Interval, curves: list[Interval]) -> list[Connection]:
    of_curves = [
        connection(group, route, relative=relative)
        for route, relative in zip(CURVED, curves, strict=True)
    ]
    return [connection(group, "line", relative=line), *of_curves]


HIGH, LOW = within(15, 25), within(0.05, 0.15)


def test_one_low_curve_connects():
    finding = connectivity(
        [
            *connections("ptt", line=HIGH, curves=[HIGH, LOW]),
            *connections("pat, mixed", line=HIGH, curves=[HIGH, HIGH]),  # is not asked
        ]
    )
    assert finding.verdict == "holds here"
    assert shows(finding) == {
        "ptt, curve of decisions": "not shown",
        "ptt, curve of the smooth loss": "connected",
    }
    assert finding.evidence["ptt, curve of the smooth loss"].figure.value == pytest.approx(0.1)


def test_a_curve_that_was_not_found_refutes_nothing():
    finding = connectivity(
        [
            *connections("ptt", line=HIGH, curves=[LOW, HIGH]),
            *connections("pat-25", line=HIGH, curves=[HIGH, HIGH]),
        ]
    )
    assert finding.verdict == "not shown here"
    assert list(shows(finding).values()) == ["connected", "not shown", "not shown", "not shown"]


def test_the_published_curves_count_as_connected():
    rises = [
        curve.hamming[1] / curve.hamming[0] - 1
        for (_, route), curve in CURVES.items()
        if route != "line"
    ]
    assert max(rises) == CONNECTED == pytest.approx(15.33 / 6.70 - 1)
    assert min(rises) > 0


def similarity(group: str, value: Interval) -> Similarity:
    rules = dict.fromkeys(("own", "tuned"), value)
    return Similarity("line_graph", group, rules, {"own": 0.9, "tuned": 0.9}, rules, {})


@pytest.mark.parametrize(
    ("second", "verdict", "side"),
    [
        (within(0.15, 0.25), "holds here", "large"),
        (within(0.05, 0.35), "not shown here", "not shown"),
        (within(0.02, 0.08), "does not hold here", "small"),
    ],
)
def test_seeds(second, verdict, side):
    found = [
        similarity("ptt", within(0.2, 0.4)),
        similarity("pat-25", second),
        similarity("pat and ptt", NONE),  # is not asked
    ]
    finding = instability(found, ["ptt", "pat-25"], "tuned")
    assert finding.verdict == verdict
    assert shows(finding) == {"ptt": "large", "pat-25": side}
    assert finding.evidence["ptt"].figure == within(0.2, 0.4)


def compared(effect: Interval, p_value: float, measure: str, contrast: str) -> Significance:
    return Significance(measure, "pat-25", "ptt", contrast, effect, 0.0, p_value, 1e-4, 0.008)


@pytest.mark.parametrize(
    ("effect", "p_value", "verdict"),
    [
        (within(0.01, 0.09), 0.01, "holds here"),
        (within(0.01, 0.09), 0.2, "not shown here"),  # pairs alone would say 1e-4
        (within(-0.01, 0.09), 0.01, "not shown here"),
        (within(-0.09, -0.01), 0.01, "does not hold here"),
    ],
)
def test_methods_and_layers(effect, p_value, verdict):
    of_decisions = compared(effect, p_value, "disagreement, own", "between")
    other = compared(NONE, 1.0, "CKA of O", "within")
    assert methods([of_decisions, other], "ptt", "own").verdict == verdict
    found = compared(effect, p_value, "CKA of R1", "within")
    assert layers([found, other], "R1", "ptt").verdict == verdict


def test_too_few_seeds_show_nothing():
    assert methods([], "ptt", "own").verdict == "not shown here"
    assert strength(None, "own").verdict == "not shown here"


@pytest.mark.parametrize(
    ("slope", "verdict"),
    [
        (within(0.01, 0.03), "holds here"),
        (within(-0.01, 0.05), "not shown here"),
        (within(-0.03, -0.01), "does not hold here"),
    ],
)
def test_strength(slope, verdict):
    finding = strength(Trend((25.0, 50.0, 75.0), {"own": slope}), "own")
    assert finding.verdict == verdict
    assert list(finding.evidence) == ["25 to 75"]


def test_what_one_rule_shows_alone_is_not_shown_by_both_together():
    slope = within(0.001, 0.05)  # p = 0.041
    alone, both = (
        strength(Trend((25.0, 75.0), dict.fromkeys(rules, slope)), "own")
        for rules in (["own"], ["own", "tuned"])
    )
    assert (alone.verdict, both.verdict) == ("holds here", "not shown here")
    found = both.evidence["25 to 75"]
    assert (round(found.raw, 3), round(found.corrected, 3)) == (0.041, 0.083)


def test_one_of_many_settings_refutes_nothing_by_chance():
    worse = reached("worse", within(-0.04, -0.001))  # p = 0.039
    level = [LEVEL._replace(setting=name) for name in ("a", "b")]
    assert quality("ptt", [worse, *level], "own").verdict == "not shown here"
    small = similarity("pat-25", within(0.01, 0.099))  # 0.046 below 0.1
    found = [similarity("ptt", within(0.2, 0.4)), small]
    assert instability(found, ["ptt", "pat-25"], "own").verdict == "not shown here"


def aligned(group: str, remaining: Interval) -> list[Connection]:
    line = connection(group, "line", remaining=Interval(1))
    return [line, connection(group, "aligned line", remaining=remaining)]


def test_a_barrier_is_gone_or_stays_or_neither():
    finding = alignment(
        [
            *aligned("ours", within(-0.03, 0.05)),
            *aligned("ptt", within(0.3, 0.7)),
            *aligned("pat-25", within(0.05, 0.35)),
        ]
    )
    assert shows(finding) == {"ours": "gone", "ptt": "stays", "pat-25": "not shown"}
    assert finding.verdict == "1 gone, 1 stays, 1 not shown"


def test_an_equal_start_is_compared_with_different_ones():
    one, two = within(-0.02, 0.08), within(0.2, 0.4)
    found = [
        connection("pat and ptt", "line", barrier=two),
        connection("pat and ptt, same start", "line", barrier=one),
        connection("ptt", "line", barrier=two),
    ]
    finding = equal_start(found)
    assert shows(finding) == {"pat and ptt": "lower"}
    assert finding.evidence["pat and ptt"].figure.value == pytest.approx(0.03 - 0.3)
    assert equal_start(found[2:]).evidence == {}


def test_seeds_are_told_apart_by_tests_of_differences():
    found = [
        similarity("ptt", within(0.15, 0.25)),
        similarity("ours", within(0.06, 0.1)),
        similarity("pat-25", within(0.18, 0.28)),
        similarity("pat-75", within(0.3, 0.5)),
    ]
    finding, other = stability(found)
    assert shows(finding) == {"ours": "lower", "pat-25": "not shown", "pat-75": "higher"}
    assert (finding.rule, other.rule) == ("trained rule", "tuned cost")
    assert finding.evidence["ours"].figure.value == pytest.approx(0.08 - 0.2)
