"""Sentences on what was not asked say what the intervals say."""

from trackscape.experiments.landscape_study.beyond import (
    beyond,
    of_alignment,
    of_stability,
    of_start,
)
from trackscape.experiments.landscape_study.connections import Along, Connection
from trackscape.experiments.landscape_study.likeness import Likeness
from trackscape.experiments.study.statistics import Interval

NONE = Interval(0, 0, 0)


def connection(group: str, route: str, *, barrier: Interval = NONE, kept: Interval) -> Connection:
    along = Along(NONE, NONE, NONE, NONE, barrier, NONE, NONE, kept)
    return Connection("line_graph", group, route, 10, {"bce": along, "hamming": along})


def aligned(group: str, kept: Interval) -> list[Connection]:
    line = connection(group, "line", kept=Interval(1, 1, 1))
    return [line, connection(group, "aligned line", kept=kept)]


def likeness(group: str, value: Interval) -> Likeness:
    ways = dict.fromkeys(("own", "tuned"), value)
    return Likeness("line_graph", group, ways, {}, ways, {})


def test_a_barrier_is_gone_or_stays_or_neither():
    text = of_alignment(
        [
            *aligned("ours", Interval(0.01, 0.0, 0.05)),
            *aligned("ptt", Interval(0.5, 0.3, 0.7)),
            *aligned("pat-25", Interval(0.2, 0.05, 0.4)),
        ]
    )
    assert "0.010 (0.000 to 0.050) (ours), 0.500 (0.300 to 0.700) (ptt) and" in text
    assert text.endswith("left for sure, for ours; it stays for ptt.")


def test_an_equal_start_is_compared_with_different_ones():
    one, two = Interval(0.03, 0.01, 0.08), Interval(0.3, 0.2, 0.4)
    connections = [
        connection("pat and ptt", "line", barrier=two, kept=NONE),
        connection("pat and ptt, same start", "line", barrier=one, kept=NONE),
        connection("ptt", "line", barrier=two, kept=NONE),
    ]
    (text,) = of_start(connections)
    assert "(pat and ptt) gives a barrier of 30.0 (10.0 to 80.0) 1e-3" in text
    assert text.endswith("against 300.0 (200.0 to 400.0) of different ones: lower.")
    assert list(of_start(connections[2:])) == []


def test_seeds_are_told_apart_by_intervals_that_do_not_overlap():
    found = [
        likeness("ptt", Interval(0.2, 0.15, 0.25)),
        likeness("ours", Interval(0.1, 0.05, 0.14)),
        likeness("pat-25", Interval(0.22, 0.18, 0.3)),
        likeness("pat-75", Interval(0.4, 0.3, 0.5)),
    ]
    text = of_stability(found, "own")
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
