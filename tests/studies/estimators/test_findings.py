"""Verdicts follow from the numbers, and change with them."""

from collections.abc import Sequence

import pytest

from studies.estimators.findings import best, errors, findings, stability
from studies.estimators.page import parts
from studies.estimators.plan import Setting
from studies.estimators.search import Trial
from studies.estimators.summary import Method, Quality
from studies.intervals import Interval

NONE = Interval(0)


def around(value: float, width: float = 0.0001) -> Interval:
    """So far in both directions, with many seeds."""
    return Interval(value, width / 1.96)


def method(name: str, *, error: float, half: float, gain: Interval, failed: int = 0) -> Method:
    quality = Quality(
        edge_error={"tuned": around(error), "half": around(half), "card": around(half)},
        metrics={},
        error_gain=gain,
        purity_gain=around(-10 * gain.value),
        efficiency_gain=NONE,
        worst=error,
        failed=failed,
        disagreement=around(100 * error, 0.01),
        disagreement_gain=around(100 * gain.value, 0.015),
    )
    return Method(
        name=name,
        searched="sigma" if name == "noisy" else None,
        setting=(found := Setting(0.01, 0.1 if name == "noisy" else None)),
        ends=["sigma"] if name == "noisy" else [],
        trials=[Trial(found, error), Trial(found._replace(learning_rate=0.02), 2 * error)],
        quality={50: quality},
        reject=[0.5],
        solves=2.0 if name == "noisy" else 0.0,
        seconds_per_frame=0.03 if name == "noisy" else 0.02,
    )


FIRST = method("ptt", error=0.0030, half=0.0060, gain=NONE)
BETTER = method("noisy", error=0.0024, half=0.0025, gain=around(-0.0006, 0.0003))
WORSE = method("plain", error=0.0070, half=0.0080, gain=around(0.004, 0.001), failed=3)
EQUAL = method("other", error=0.0029, half=0.0029, gain=around(-0.0001, 0.0002))


def test_every_method_is_told_apart_from_the_first_or_not():
    found = errors([FIRST, BETTER, WORSE, EQUAL], 50)
    assert found.claim.startswith("fewer wrong edges than ptt at 50 p+/F")
    assert found.verdict == "1 fewer, 1 not shown, 1 more"
    shows = {name: each.shows for name, each in found.evidence.items()}
    assert shows == {"noisy": "fewer", "other": "not shown", "plain": "more"}


def test_the_best_method_is_named_with_its_gain():
    found = best([FIRST, BETTER, WORSE, EQUAL], 50)
    assert found.verdict == "noisy (sigma 0.1)"
    error, purity, efficiency = found.evidence.values()
    assert error.figure.value == pytest.approx(-0.2)
    assert (error.figure.low, error.figure.high) == pytest.approx((-0.3, -0.1), abs=1e-4)
    assert (error.shows, purity.shows, efficiency.shows) == ("lower", "higher", "not shown")


def test_one_of_many_comparisons_must_be_surer_than_a_single_one():
    lucky = method("noisy", error=0.0024, half=0.0025, gain=around(-0.0006, 0.0005))
    alone, many = [FIRST, lucky], [FIRST, lucky, EQUAL, EQUAL._replace(name="same")]
    assert errors(alone, 50).verdict == "1 fewer"
    assert errors(many, 50).verdict == "3 not shown"
    p_values = [
        (round(found.raw, 3), round(found.corrected, 3))
        for methods in (alone, many)
        for found in [errors(methods, 50).evidence["noisy"]]
    ]
    assert p_values == [(0.019, 0.019), (0.019, 0.056)]
    of_best = next(iter(best(many, 50).evidence.values()))
    assert (round(of_best.corrected, 3), of_best.shows) == (0.056, "not shown")


def test_no_gain_has_no_numbers():
    found = best([FIRST, WORSE], 50)
    assert (found.verdict, found.evidence) == ("ptt", {})
    assert errors([FIRST, WORSE], 50).verdict == "1 more"


def test_stability():
    found = stability([FIRST, BETTER, WORSE, EQUAL], 50)
    assert found.verdict == "1 less, 1 not shown, 1 more"
    assert found.evidence["noisy"].shows == "less"
    assert len(findings([FIRST, BETTER], [50])) == 3


def rows(methods: Sequence[Method], name: str, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    monkeypatch.setattr("studies.estimators.page.SHOWN", ())
    study = type("Study", (), {"judged_at": (50,)})
    methods = [
        each._replace(
            quality={50: each.quality[50]._replace(metrics={"tuned": dict.fromkeys(RATIOS, 0.9)})}
        )
        for each in methods
    ]
    lines = dict(parts(study, methods))[name][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


RATIOS = ("purity", "efficiency")


def test_what_was_found_at_an_end_of_its_range_is_said(monkeypatch):
    found = rows([FIRST, BETTER], "search", monkeypatch)
    assert found[0][:4] == ["ptt", "0.01", "", "0.300 / 0.450 / 0.600"]
    assert found[1][2] == "sigma 0.1, at an end of its range"


def test_failed_seeds_and_cost_are_columns(monkeypatch):
    found = rows([FIRST, BETTER, WORSE], "quality", monkeypatch)
    assert [row[10:] for row in found] == [["0", "0", "20"], ["0", "2", "30"], ["3", "0", "20"]]
