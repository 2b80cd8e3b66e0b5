"""The numbers of the study have the names and the signs that the registered rules ask for."""

from pathlib import Path

import pytest
import torch

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.plan import model_groups
from studies.loss_landscape.registered import of_tests
from studies.loss_landscape.significance import summarise_tests
from studies.loss_landscape.similarity import Measures
from studies.registered import Rules

CONFIGS = Path(__file__).parents[3] / "configs"
RULES = Rules.load(CONFIGS / "registered" / "published.yaml")
STUDY = StudyConfig.load(CONFIGS / "landscape" / "full.yaml")
MODELS = next(iter(model_groups(STUDY.model_copy(update={"seeds": STUDY.seeds[:3]}))))


@pytest.fixture(scope="module")
def figures():
    """Of pairs within pat-25 that measure 3, pairs of pat-25 and ptt that measure 2, others 1."""
    groups = MODELS.groups()
    value = torch.ones(len(MODELS.pairs)).double()
    value[groups["pat-25"]] = 3.0
    for pair, names in enumerate(((a.setting, b.setting) for a, b in MODELS.pairs)):
        if set(names) == {"ptt", "pat-25"}:
            value[pair] = 2.0
    layers = {name: {f"{name}.2": value} for name in ("R1", "O", "R2")}
    tests = summarise_tests(MODELS, Measures({"own": value, "tuned": value}, layers))
    return dict(of_tests(tests, "ptt"))


def test_all_settings_of_the_rules_are_in_the_plan():
    names = {setting.name for setting in STUDY.settings} | {"pat and ptt", "smallest to largest"}
    assert {member for rule in RULES.findings for member in rule.members} <= names


def test_registered_comparisons_of_settings_are_measured(figures):
    asked = [
        rule
        for rule in RULES.findings
        if rule.statistic.startswith(("CKA", "disagreement of methods"))
    ]
    assert len(asked) == 6
    for rule in asked:
        assert set(rule.members) <= figures[rule.statistic].keys()


def test_signs_are_those_of_the_claims(figures):
    # 3 within pat-25, 1 within ptt; 2 between them, as within either on average.
    assert figures["CKA of R1 beside ptt"]["pat-25"].value == pytest.approx(2.0)
    assert figures["CKA of R1 beside ptt"]["pat-50"].value == pytest.approx(0.0)
    beyond = figures["disagreement of methods beyond seeds, trained rule"]
    assert beyond["pat-25"].value == pytest.approx(0.0)
    assert beyond["pat-50"].value == pytest.approx(0.0)
