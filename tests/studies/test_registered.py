"""Made-up measurements -> verdicts by rules that were registered."""

import math
from pathlib import Path

import pytest
import torch
import yaml
from scipy import special

from studies.intervals import Interval, leave_one_out
from studies.registered import (
    Measured,
    Rule,
    Rules,
    judge,
    limits,
    read_figures,
    seeds_needed,
    write_figures,
)
from studies.verdicts import judge_all, main, verdict_table
from trackscape.errors import ConfigError, RunError

CONFIG = Path(__file__).parents[2] / "configs" / "registered" / "published.yaml"
PAGE = Path(__file__).parents[2] / "docs" / "studies" / "what_holds.md"


def make_rule(**changes: object) -> Rule:
    settings = {
        "name": "more",
        "claim": "more",
        "published": "0.2",
        "statistic": "change",
        "unit": "",
        "members": ("a", "b"),
        "direction": "above",
        "holds": 0.0,
        "fails": 0.1,
    }
    return Rule.model_validate(settings | changes)


def verdict(*values: Interval, seeds: int = 8, rule: Rule | None = None) -> str:
    rule = rule or make_rule()
    rules = Rules(seeds=8, level=0.95, power=0.8, findings=(rule,))
    figures = {"change": dict(zip(("a", "b"), values, strict=False))}
    return judge(rule, rules, Measured(seeds, figures)).verdict


def of(value: float, error: float) -> Interval:
    return Interval(value, error, 7.0)


def test_all_members_must_show_it_and_one_is_enough_to_refute_it():
    clear, unclear, wrong = of(0.3, 0.01), of(0.1, 0.2), of(-0.1, 0.01)
    assert verdict(clear, clear) == "holds"
    assert verdict(clear, unclear) == "not decided"
    assert verdict(clear, wrong) == verdict(unclear, wrong) == "does not hold"


def test_an_effect_that_is_there_but_negligible_does_not_hold():
    assert verdict(of(0.3, 0.01), of(0.05, 0.005)) == "does not hold"


def test_below_is_the_mirror_image():
    below = make_rule(direction="below", holds=0.0, fails=-0.1)
    for values in ((0.3, 0.3), (0.3, 0.05), (0.3, -0.1), (0.1, 0.1)):
        for error in (0.005, 0.2):
            mirrored = (of(-value, error) for value in values)
            plain = verdict(*(of(value, error) for value in values))
            assert verdict(*mirrored, rule=below) == plain


def test_no_verdict_rests_on_fewer_seeds_and_none_on_what_was_not_measured():
    clear = of(0.3, 0.01)
    assert verdict(clear, clear, seeds=7) == "no verdict"
    assert verdict(clear) == "not measured"


def test_refuting_is_corrected_for_the_number_of_members_and_holding_is_not():
    t = float(special.stdtrit(7, 0.975))
    barely = of(1.001 * t, 1.0)
    assert verdict(barely, barely) == "holds"
    refuting = of(0.1 - 1.001 * t, 1.0)
    one = make_rule(members=("a",))
    assert verdict(refuting, rule=one) == "does not hold"
    assert verdict(refuting, refuting) == "not decided"


def test_claims_that_are_false_hold_for_at_most_one_in_forty_seeds_of_chance():
    # The true number lies on the bound: the two-sided level of 95 % leaves 2.5 % on its side.
    generator = torch.Generator().manual_seed(3)
    rule = make_rule(members=("a",), holds=0.0, fails=0.0)
    left, n = leave_one_out(8), 2000
    of_seeds = torch.randn(n, 8, generator=generator, dtype=torch.float64)
    means = (of_seeds @ left.seeds.T) / left.seeds.sum(dim=1)
    found = [verdict(left.interval(each), rule=rule) for each in means]
    for wrong in ("holds", "does not hold"):
        share = found.count(wrong) / n
        assert abs(share - 0.025) < 4 * math.sqrt(0.025 * 0.975 / n)


def test_the_seeds_that_are_needed_give_the_power_that_is_asked_for():
    # 0.8 standard deviations of a seed above the bound of 0, and far from the other one.
    rule = make_rule(members=("a",), fails=0.0)
    figure = of(0.8, 1 / math.sqrt(8))
    needed = seeds_needed(rule, figure, seeds=8, level=0.95, power=0.8)
    assert needed is not None
    generator = torch.Generator().manual_seed(4)
    left, n = leave_one_out(needed), 2000
    of_seeds = 0.8 + torch.randn(n, needed, generator=generator, dtype=torch.float64)
    means = (of_seeds @ left.seeds.T) / left.seeds.sum(dim=1)
    power = sum(limits(left.interval(each), 0.95)[0] > 0 for each in means) / n
    assert 0.78 < power < 0.87


def test_a_number_that_has_passed_no_bound_is_never_decided():
    rule = make_rule(direction="above", holds=0.0, fails=0.0)
    assert seeds_needed(rule, of(0.0, 0.1), seeds=8, level=0.95, power=0.8) is None
    assert seeds_needed(rule, of(1e-6, 0.1), seeds=8, level=0.95, power=0.8) is None


def test_limits_at_the_usual_level_are_those_of_the_interval():
    figure = of(1.0, 0.3)
    assert limits(figure, 0.95) == pytest.approx((figure.low, figure.high))


def test_figures_come_back_as_they_were(tmp_path):
    figures = {"change": {"a": of(0.1, 0.2), "b": Interval(1.0, math.inf, 1.0)}, "other": {}}
    write_figures(tmp_path / "figures.json", figures, seeds=5)
    assert "Infinity" not in (tmp_path / "figures.json").read_text()
    assert read_figures(tmp_path / "figures.json") == Measured(5, figures)
    with pytest.raises(RunError, match="not there"):
        read_figures(tmp_path / "other.json")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seeds": 2}, "seeds"),
        ({"level": 1.5}, "level"),
        ({"findings": []}, "findings"),
        ({"margin": 1}, "margin"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(changes, sentence, tmp_path):
    content = yaml.safe_load(CONFIG.read_text()) | changes
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError, match=sentence):
        Rules.load(tmp_path / "rules.yaml")


def test_bounds_leave_no_number_without_a_verdict():
    with pytest.raises(ValueError, match="would belong to neither"):
        make_rule(holds=0.1, fails=0.0)
    with pytest.raises(ValueError, match="would belong to neither"):
        make_rule(direction="below", holds=-0.1, fails=0.0)


def test_the_registered_rules_need_eight_seeds_and_say_what_was_published():
    rules = Rules.load(CONFIG)
    assert rules.seeds >= 8
    assert all(rule.published for rule in rules.findings)


def test_a_page_without_measurements_gives_no_verdict(tmp_path):
    page = tmp_path / PAGE.name
    page.write_text(PAGE.read_text())
    main(CONFIG, page)
    text = page.read_text()
    rules = Rules.load(CONFIG)
    assert text.count("**not measured**") == len(rules.findings)
    assert all(rule.name in text for rule in rules.findings)


def test_each_number_has_a_row_and_what_is_undecided_says_what_it_needs():
    rules = Rules(seeds=8, level=0.95, power=0.8, findings=(make_rule(),))
    figures = {"change": {"a": of(0.3, 0.01), "b": of(0.06, 0.2)}}
    judged = judge_all(rules, [Measured(8, figures)])
    *_, first, second = verdict_table(rules, judged)
    assert first.startswith("| more | **not decided** | 8 of 8 | a | +0.3 |")
    needed = seeds_needed(make_rule(), of(0.06, 0.2), seeds=8, level=0.95, power=0.8)
    assert second.endswith(f"| {needed} |")
