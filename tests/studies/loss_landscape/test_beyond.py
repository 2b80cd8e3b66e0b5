"""Sentences on what was not asked say what the intervals say."""

from studies.loss_landscape.beyond import (
    beyond,
    of_alignment,
    of_stability,
    of_start,
)
from studies.loss_landscape.connections import Along, Connection
from studies.loss_landscape.likeness import Likeness
from trackscape.statistics import Interval

NONE = Interval(0)


def within(low: float, high: float) -> Interval:
    """With many seeds."""
    return Interval((low + high) / 2, (high - low) / 2 / 1.96)


def connection(group: str, route: str, *, barrier: Interval = NONE, kept: Interval) -> Connection:
    along = Along(NONE, NONE, NONE, NONE, barrier, NONE, NONE, kept)
    return Connection("line_graph", group, route, 10, {"bce": along, "hamming": along})


def aligned(group: str, kept: Interval) -> list[Connection]:
    line = connection(group, "line", kept=Interval(1))
    return [line, connection(group, "aligned line", kept=kept)]


def likeness(group: str, value: Interval) -> Likeness:
    ways = dict.fromkeys(("own", "tuned"), value)
    return Likeness("line_graph", group, ways, {}, ways, {})


def test_a_barrier_is_gone_or_stays_or_neither():
    text = of_alignment(
        [
            *aligned("ours", within(-0.03, 0.05)),
            *aligned("ptt", within(0.3, 0.7)),
            *aligned("pat-25", within(0.05, 0.35)),
        ]
    )
    assert "0.010 (-0.030 to 0.050) (ours), 0.500 (0.300 to 0.700) (ptt) and" in text
    assert text.endswith("left for sure, for ours; it stays for ptt.")


def test_an_equal_start_is_compared_with_different_ones():
    one, two = within(-0.02, 0.08), within(0.2, 0.4)
    connections = [
        connection("pat and ptt", "line", barrier=two, kept=NONE),
        connection("pat and ptt, same start", "line", barrier=one, kept=NONE),
        connection("ptt", "line", barrier=two, kept=NONE),
    ]
    (text,) = of_start(connections)
    assert "(pat and ptt) gives a barrier of 30.0 (-20.0 to 80.0) 1e-3" in text
    assert text.endswith("against 300.0 (200.0 to 400.0) of different ones: lower.")
    assert list(of_start(connections[2:])) == []


def test_seeds_are_told_apart_by_tests_of_differences():
    found = [
        likeness("ptt", within(0.15, 0.25)),
        likeness("ours", within(0.06, 0.1)),
        likeness("pat-25", within(0.18, 0.28)),
        likeness("pat-75", within(0.3, 0.5)),
    ]
    text, _ = of_stability(found)
    assert "against 0.200 (0.150 to 0.250) of ptt" in text
    assert "lower for ours; higher for pat-75; not told apart for pat-25 (" in text


def test_all_questions_are_answered_once():
    connections = [*aligned("ptt", NONE), *aligned("pat-25", NONE), *aligned("pat and ptt", NONE)]
    found = [likeness("ptt", NONE), likeness("pat-25", NONE)]
    lines = list(beyond(connections, found, ["ptt", "pat-25"]))
    assert [line.split("**")[1] for line in lines] == [
        "Alignment of hidden units",
        "Disagreement of seeds",
        "Disagreement of seeds",
    ]
