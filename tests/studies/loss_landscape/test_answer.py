"""Verdicts follow from intervals, and change with them."""

import pytest

from studies.loss_landscape.answer import (
    CONNECTED,
    CURVED,
    of_connections,
    of_layers,
    of_methods,
    of_quality,
    of_seeds,
    of_strength,
    sentences,
)
from studies.loss_landscape.connections import Along, Connection
from studies.loss_landscape.likeness import Likeness
from studies.loss_landscape.published import CURVES
from studies.loss_landscape.quality import Quality, Reached
from studies.loss_landscape.significance import Significance, Trend
from trackscape.statistics import Interval

NONE = Interval(0)


def within(low: float, high: float) -> Interval:
    """With many seeds."""
    return Interval((low + high) / 2, (high - low) / 2 / 1.96)


def reached(name: str, gain: Interval) -> Reached:
    quality = Quality(metrics={}, error=NONE, purity_gain=gain, efficiency_gain=NONE)
    return Reached(name, {"own": quality, "tuned": quality}, [0.5])


BETTER = reached("better", within(0.004, 0.016))
LEVEL = reached("level", within(-0.004, 0.002))
UNSURE = reached("unsure", within(-0.01, 0.002))
WORSE = reached("worse", within(-0.03, -0.01))


@pytest.mark.parametrize(
    ("settings", "verdict", "told"),
    [
        ([BETTER, LEVEL], "holds here", "or more: better and level; worse: none."),
        ([BETTER, UNSURE], "not shown here", "or more: better; worse: none."),
        ([BETTER, UNSURE, WORSE], "does not hold here", "or more: better; worse: worse."),
    ],
)
def test_quality(settings, verdict, told):
    finding = of_quality("ptt", settings, "own")
    assert finding.verdict == verdict
    assert finding.reason.endswith(told)
    assert "better **+1.00 (+0.40 to +1.60)**, p 0.001 / 0.0" in finding.reason


def connection(group: str, route: str, rise: Interval) -> Connection:
    along = Along(NONE, NONE, NONE, NONE, NONE, NONE, rise, NONE)
    return Connection("line_graph", group, route, 10, {"bce": along, "hamming": along})


def connections(group: str, *, line: Interval, curves: list[Interval]) -> list[Connection]:
    of_curves = [connection(group, *each) for each in zip(CURVED, curves, strict=True)]
    return [connection(group, "line", line), *of_curves]


HIGH, LOW = within(15, 25), within(0.05, 0.15)


def test_one_low_curve_connects():
    finding = of_connections(
        [
            *connections("ptt", line=HIGH, curves=[HIGH, LOW]),
            *connections("pat, mixed", line=HIGH, curves=[HIGH, HIGH]),  # is not asked
        ]
    )
    assert finding.verdict == "holds here"
    assert "by 0.100 (0.050 to 0.150) (ptt); on straight lines by 20.000" in finding.reason
    assert "for sure, on one of the two: ptt; not so: none" in finding.reason


def test_a_curve_that_was_not_found_refutes_nothing():
    finding = of_connections(
        [
            *connections("ptt", line=HIGH, curves=[LOW, HIGH]),
            *connections("pat-25", line=HIGH, curves=[HIGH, HIGH]),
        ]
    )
    assert finding.verdict == "not shown here"
    assert "for sure, on one of the two: ptt; not so: pat-25" in finding.reason


def test_the_published_curves_count_as_connected():
    rises = [
        curve.hamming[1] / curve.hamming[0] - 1
        for (_, route), curve in CURVES.items()
        if route != "line"
    ]
    assert max(rises) == CONNECTED == pytest.approx(15.33 / 6.70 - 1)
    assert min(rises) > 0


def likeness(group: str, value: Interval) -> Likeness:
    ways = dict.fromkeys(("own", "tuned"), value)
    return Likeness("line_graph", group, ways, {"own": 0.9, "tuned": 0.9}, ways, {})


@pytest.mark.parametrize(
    ("second", "verdict"),
    [
        (within(0.15, 0.25), "holds here"),
        (within(0.05, 0.35), "not shown here"),
        (within(0.02, 0.08), "does not hold here"),
    ],
)
def test_seeds(second, verdict):
    found = [
        likeness("ptt", within(0.2, 0.4)),
        likeness("pat-25", second),
        likeness("pat and ptt", NONE),  # is not asked
    ]
    finding = of_seeds(found, ["ptt", "pat-25"], "tuned")
    assert finding.verdict == verdict
    assert "0.300 (0.200 to 0.400) for ptt" in finding.reason


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
    assert of_methods([of_decisions, other], "ptt", "own").verdict == verdict
    found = compared(effect, p_value, "CKA of R1", "within")
    assert of_layers([found, other], "R1", "ptt").verdict == verdict


def test_too_few_seeds_show_nothing():
    assert of_methods([], "ptt", "own").verdict == "not shown here"
    assert of_strength(None, "own").verdict == "not shown here"


@pytest.mark.parametrize(
    ("slope", "verdict"),
    [
        (within(0.01, 0.03), "holds here"),
        (within(-0.01, 0.05), "not shown here"),
        (within(-0.03, -0.01), "does not hold here"),
    ],
)
def test_strength(slope, verdict):
    finding = of_strength(Trend((25.0, 50.0, 75.0), {"own": slope}), "own")
    assert finding.verdict == verdict
    (line,) = sentences([finding])
    assert f"**{verdict}**. Here, from 25 to 75 the disagreement" in line


def test_what_one_way_shows_alone_is_not_shown_in_both_together():
    slope = within(0.001, 0.05)  # p = 0.041
    alone, both = (
        of_strength(Trend((25.0, 75.0), dict.fromkeys(ways, slope)), "own")
        for ways in (["own"], ["own", "tuned"])
    )
    assert (alone.verdict, both.verdict) == ("holds here", "not shown here")
    assert "+0.026 (+0.001 to +0.050), p 0.041 / 0.083" in both.reason


def test_one_of_many_settings_refutes_nothing_by_chance():
    worse = reached("worse", within(-0.04, -0.001))  # p = 0.039
    level = [LEVEL._replace(setting=name) for name in ("a", "b")]
    assert of_quality("ptt", [worse, *level], "own").verdict == "not shown here"
    small = likeness("pat-25", within(0.01, 0.099))  # 0.046 below 0.1
    found = [likeness("ptt", within(0.2, 0.4)), small]
    assert of_seeds(found, ["ptt", "pat-25"], "own").verdict == "not shown here"
