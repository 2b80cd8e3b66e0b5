"""Tests and trends of made-up decisions, whose truth is known."""

import dataclasses
from pathlib import Path

import pytest
import torch

from trackscape.evaluation import FrameCounts
from trackscape.experiments.landscape_study.config import StudyConfig
from trackscape.experiments.landscape_study.decisions import Judged
from trackscape.experiments.landscape_study.family import Family, families
from trackscape.experiments.landscape_study.likeness import Measures, summarise_likeness
from trackscape.experiments.landscape_study.quality import Decided
from trackscape.experiments.landscape_study.significance import summarise_tests, summarise_trend

STUDY = StudyConfig.load(Path(__file__).parents[3] / "configs" / "landscape" / "cpu.yaml")
FAMILY = next(iter(families(STUDY)))
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
    for run in FAMILY.runs:
        share = 0.02 + 0.001 * (run.settings.loss.strength or 0)
        wrong = common | (torch.rand(FRAMES, EDGES, generator=rng) < share)
        judged = Judged(counts(wrong), wrong.flatten())
        found[run.name] = {"own": judged, "tuned": judged}
    return found


def measures(value: torch.Tensor) -> Measures:
    return Measures({"own": value, "tuned": value}, {"R1": {"R1.2": value, "R1.5": value + 0.2}})


def test_disagreement_of_known_errors(decided):
    zero = torch.zeros(len(FAMILY.pairs)).double()
    found = {each.group: each for each in summarise_likeness(FAMILY, decided, measures(zero))}
    share = 0.9 * 0.095  # of edges that only one of two trainings gets wrong, with 75
    assert found["pat-75"].differing["own"].value == pytest.approx(2 * share * (1 - 0.095), rel=0.1)
    assert found["ptt"].layers["R1"].value == pytest.approx(0.1)
    assert 0.8 < found["ptt"].chance["own"] < 0.95


def test_more_strength_more_disagreement(decided):
    trend = summarise_trend(FAMILY, decided)
    assert trend is not None
    assert trend.strengths == (25, 50, 75)
    assert trend.slope["own"].above_zero
    # 2 q (1 - q) of 2 (q + 0.1), with q = 0.095 and 0.045: from 0.28 to 0.45.
    assert trend.slope["own"].value == pytest.approx(0.16, abs=0.05)


def test_one_strength_has_no_trend(decided):
    alone = Family([run for run in FAMILY.runs if run.setting in ("ptt", "pat-25")])
    assert summarise_trend(alone, decided) is None


def test_effects_of_two_runs_are_significant_by_pairs_only():
    """Two trainings that are far from all others move 7 of 10 pairs of their setting at once."""
    first = next(n for n, run in enumerate(FAMILY.runs) if run.setting == "pat-25")
    far = torch.isin(FAMILY.indices, torch.tensor([first, first + 1])).any(dim=1)
    value = 0.5 + 0.01 * torch.arange(len(far)).double().sin() + 0.4 * far
    found = {
        (each.measure, each.first, each.second, each.contrast): each
        for each in summarise_tests(FAMILY, measures(value))
    }
    test = found["disagreement, own", "pat-25", "ptt", "within"]
    assert test.of_pairs < 0.01 < 0.2 < test.of_runs
    assert test.least == pytest.approx(2 / 252)
    assert len(found) == 3 * 7


def test_two_seeds_are_too_few():
    few = Family([run for run in FAMILY.runs if run.seed < 2])
    assert summarise_tests(few, measures(torch.zeros(len(few.pairs)).double())) == []
