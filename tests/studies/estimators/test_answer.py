"""Sentences say what the numbers say, and change with them."""

import pytest

from studies.estimators.answer import (
    cost_sentence,
    ladder_sentences,
    quality_sentences,
    search_sentence,
    stability_sentences,
)
from studies.estimators.summary import Method, Quality, Step, Summary
from trackscape.statistics import Interval

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
        scale=0.1 if name == "noisy" else None,
        quality={50: quality},
        reject=[0.5],
        solves=2.0 if name == "noisy" else 0.0,
        seconds_per_frame=0.03 if name == "noisy" else 0.02,
    )


FIRST = method("ptt", error=0.0030, half=0.0060, gain=NONE)
BETTER = method("noisy", error=0.0024, half=0.0025, gain=around(-0.0006, 0.0003))
WORSE = method("plain", error=0.0070, half=0.0080, gain=around(0.004, 0.001), failed=3)
EQUAL = method("other", error=0.0029, half=0.0029, gain=around(-0.0001, 0.0002))


def test_the_best_method_is_named_with_its_gain():
    verdict, best, threshold = quality_sentences([FIRST, BETTER, WORSE, EQUAL], 50)
    assert "against ptt with a tuned threshold: fewer for 1 of 3 methods (noisy); " in verdict
    assert "more for 1 of 3 methods (plain); no difference shown for 1 of 3" in verdict
    assert "noisy (sigma 0.1): 0.240 % of the edges, instead of 0.300 % for ptt" in best
    assert "relatively, in %, **-20 (-30 to -10)**, p 0.000 / 0.000. Purity" in best
    # At 0.5 ptt is 0.35 points behind, tuned only 0.06.
    assert "ahead of it by 0.350 points at 0.5, and by 0.060 tuned" in threshold


def test_one_of_many_comparisons_must_be_surer_than_a_single_one():
    lucky = method("noisy", error=0.0024, half=0.0025, gain=around(-0.0006, 0.0005))
    alone, best, _ = quality_sentences([FIRST, lucky], 50)
    assert "fewer for 1 of 1 methods (noisy)" in alone
    assert "**-20 (-37 to -3)**, p 0.019 / 0.019" in best
    among, best, _ = quality_sentences([FIRST, lucky, EQUAL, EQUAL._replace(name="same")], 50)
    assert "no difference shown for 3 of 3 methods" in among
    assert "-20 (-37 to -3), p 0.019 / 0.056" in best
    assert cost_sentence([FIRST, lucky], 50).endswith("noisy 2 solves and 1.50 times the time.")
    assert cost_sentence([FIRST, lucky, EQUAL, EQUAL._replace(name="same")], 50).endswith("none.")


def test_no_gain_is_called_none():
    verdict, best, threshold = quality_sentences([FIRST, WORSE], 50)
    assert "fewer" not in verdict
    assert best.endswith("are those of ptt.")
    assert threshold.endswith("by 0.000 points at 0.5, and by 0.000 tuned.")
    assert cost_sentence([FIRST, WORSE], 50).endswith("Of those that decide better: none.")


def test_cost_of_those_that_are_better():
    text = cost_sentence([FIRST, BETTER, WORSE, EQUAL], 50)
    assert text.endswith("Of those that decide better: noisy 2 solves and 1.50 times the time.")
    assert "ptt 0 solves and 20 ms" in text


def test_stability_and_failures():
    stable, failed = stability_sentences([FIRST, BETTER, WORSE, EQUAL], 50)
    assert "0.300 (0.290 to 0.310) for ptt, from 0.240" in stable
    assert "to 0.700 (0.690 to 0.710) for plain" in stable
    assert "less for 1 of 3 methods (noisy); more for 1 of 3 methods (plain)" in stable
    assert failed.endswith("plain (3).")
    assert list(stability_sentences([FIRST, EQUAL], 50))[1].endswith("trainings: none.")


def test_the_ladder_is_told_in_shifts_of_costs():
    steps = [
        Step("pat", strength, strength / 1000, {"tuned": around(error)}, around(disagreement, 0.01))
        for strength, error, disagreement in ((50, 0.004, 0.6), (25, 0.003, 0.5))
    ]
    (text,) = ladder_sentences(steps)
    assert "strengths 25, 50 shift a cost by at most 0.025, 0.05; " in text
    assert "32 graphs of a published step, by 0.0008, 0.002." in text
    assert "The lowest error, 0.300 %, is that of the shift 0.025." in text
    assert "the error rises; the disagreement of seeds rises" in text


@pytest.mark.parametrize(("scale", "at_end"), [(0.05, "noisy"), (0.1, "none"), (0.2, "noisy")])
def test_scales_at_an_end_of_their_grid_are_named(scale, at_end):
    found = BETTER._replace(scale=scale)
    searches = {"noisy": [(0.05, 0.003), (0.1, 0.003), (0.2, 0.003)]}
    summary = Summary(methods=[FIRST, found], searches=searches, ladder=[])
    assert search_sentence(summary).endswith(f"{at_end}.")
