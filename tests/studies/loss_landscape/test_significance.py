"""Tests and trends of made-up decisions, whose truth is known."""

import dataclasses
from pathlib import Path

import pytest
import torch

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.decisions import Decided, Judged
from studies.loss_landscape.plan import ModelGroup, model_groups
from studies.loss_landscape.significance import summarise_tests, summarise_trend
from studies.loss_landscape.similarity import Measures, summarise_similarity
from studies.many_tests import holm
from trackscape.evaluation import FrameCounts

STUDY = StudyConfig.load(Path(__file__).parents[3] / "configs" / "landscape" / "cpu.yaml")
MODELS = next(iter(model_groups(STUDY)))
FRAMES, EDGES = 8, 500


def counts(wrong: torch.Tensor) -> list[FrameCounts]:
    """Of frames (F, E) in which no edge is true."""
    nothing = {field.name: 0 for field in dataclasses.fields(FrameCounts)}
    bins = {"reconstructable_by_hits": (), "found_by_hits": ()}
    return [
        FrameCounts(
            **nothing | bins | {"false_edges": EDGES, "selected_false_edges": int(frame.sum())}
        )
        for frame in wrong
    ]


@pytest.fixture
def decided(rng) -> Decided:
    """Every training errs on a common set of edges, and on others, more of them for larger λ."""
    common = torch.rand(FRAMES, EDGES, generator=rng) < 0.1
    found: Decided = {}
    for run in MODELS.runs:
        share = 0.02 + 0.001 * run.settings.loss.settings.get("strength", 0)
        wrong = common | (torch.rand(FRAMES, EDGES, generator=rng) < share)
        judged = Judged(counts(wrong), wrong.flatten())
        found[run.name] = {"own": judged, "tuned": judged}
    return found


def measures(value: torch.Tensor) -> Measures:
    return Measures({"own": value, "tuned": value}, {"R1": {"R1.2": value, "R1.5": value + 0.2}})


def test_disagreement_of_known_errors(decided):
    zero = torch.zeros(len(MODELS.pairs)).double()
    found = {each.group: each for each in summarise_similarity(MODELS, decided, measures(zero))}
    share = 0.9 * 0.095  # of edges that only one of two trainings gets wrong, with 75
    assert found["pat-75"].differing["own"].value == pytest.approx(2 * share * (1 - 0.095), rel=0.1)
    assert found["ptt"].layers["R1"].value == pytest.approx(0.1)
    assert 0.8 < found["ptt"].chance["own"] < 0.95


def test_more_strength_more_disagreement(decided):
    trend = summarise_trend(MODELS, decided)
    assert trend is not None
    assert trend.strengths == (25, 50, 75)
    assert trend.slope["own"].low > 0
    # 2 q (1 - q) of 2 (q + 0.1), with q = 0.095 and 0.045: from 0.28 to 0.45.
    assert trend.slope["own"].value == pytest.approx(0.16, abs=0.05)


def test_one_strength_has_no_trend(decided):
    alone = ModelGroup([run for run in MODELS.runs if run.setting in ("ptt", "pat-25")])
    assert summarise_trend(alone, decided) is None


def test_effects_of_two_runs_are_significant_by_pairs_only():
    """Two trainings that are far from all others move 7 of 10 pairs of their setting at once."""
    first = next(n for n, run in enumerate(MODELS.runs) if run.setting == "pat-25")
    far = torch.isin(MODELS.indices, torch.tensor([first, first + 1])).any(dim=1)
    value = 0.5 + 0.01 * torch.arange(len(far)).double().sin() + 0.4 * far
    found = {
        (each.measure, each.first, each.second, each.contrast): each
        for each in summarise_tests(MODELS, measures(value))
    }
    test = found["disagreement, own", "pat-25", "ptt", "within"]
    assert test.of_pairs < 0.01 < 0.2 < test.of_runs
    assert test.smallest == pytest.approx(2 / 252)
    assert len(found) == 3 * 7


def test_tests_of_one_question_are_corrected_together(rng):
    value = torch.rand(len(MODELS.pairs), generator=rng).double()
    tests = summarise_tests(MODELS, measures(value))
    within = [test for test in tests if test.contrast == "within" and test.second == "ptt"]
    decisions = [test for test in within if test.measure.startswith("disagreement")]
    layers = [test for test in within if test.measure == "CKA of R1"]
    assert (len(decisions), len(layers)) == (2 * 3, 3)  # in two ways; 3 settings
    for question in (decisions, layers):
        assert [test.corrected for test in question] == holm([test.of_runs for test in question])


def test_effects_are_means_of_pairs_without_some_seed(rng):
    """If all seeds of a setting are alike, the difference of settings is sure."""
    within = {"ptt": 0.2, "pat-25": 0.5}
    value = torch.full((len(MODELS.pairs),), 0.3).double()
    for name, level in within.items():
        value[MODELS.groups()[name]] = level
    noisy = value + 0.01 * torch.rand(len(value), generator=rng).double()
    found = {
        (test.first, test.second, test.contrast): test.effect
        for test in summarise_tests(MODELS, measures(noisy))
    }
    effect = found["pat-25", "ptt", "within"]
    assert effect.value == pytest.approx(0.3, abs=0.01)
    assert effect.freedom == pytest.approx(4)
    assert 0 < effect.error < 0.01
    assert found["pat-25", "ptt", "between"].value == pytest.approx(0.3 - 0.35, abs=0.01)


def test_two_seeds_are_too_few():
    few = ModelGroup([run for run in MODELS.runs if run.seed < 2])
    assert summarise_tests(few, measures(torch.zeros(len(few.pairs)).double())) == []
