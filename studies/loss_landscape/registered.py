"""Numbers of the study -> those of the findings that were registered before it."""

from collections.abc import Iterator

from studies.intervals import Interval
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.connections import CURVED
from studies.loss_landscape.decisions import DECISION_RULES
from studies.loss_landscape.significance import Significance
from studies.loss_landscape.summary import Summary
from studies.registered import Figures


def registered_figures(study: StudyConfig, summary: Summary) -> Figures:
    """Returns the numbers of all statistics of the published network, in the units of the rules."""
    first = study.settings[0].name
    figures = dict(_of_quality(summary, first))
    figures |= dict(_of_paths(summary, first))
    figures |= dict(_of_decisions(summary))
    figures |= dict(of_tests(summary.published.tests, first))
    return figures


def _of_quality(summary: Summary, first: str) -> Iterator[tuple[str, dict[str, Interval]]]:
    others = [each for each in summary.reached if each.setting != first]
    for rule, words in DECISION_RULES.items():
        quality = {each.setting: each.quality[rule] for each in others}
        gains = {
            "purity": {name: each.purity_gain for name, each in quality.items()},
            "efficiency": {name: each.efficiency_gain for name, each in quality.items()},
            "complete efficiency": {name: each.complete_gain for name, each in quality.items()},
        }
        for metric, of_setting in gains.items():
            yield (
                f"{metric} beside {first}, {words}",
                {name: each.scaled(100) for name, each in of_setting.items()},
            )


def _of_paths(summary: Summary, first: str) -> Iterator[tuple[str, dict[str, Interval]]]:
    along = {
        (each.group, each.route): each.losses["hamming"] for each in summary.published.connections
    }
    groups = dict.fromkeys(group for group, _ in along)
    yield (
        "barrier of the better curve",
        {group: min(along[group, route].relative_barrier for route in CURVED) for group in groups},
    )
    lines = {group: along[group, "line"] for group in groups}
    yield (
        "barrier of the straight line",
        {group: each.relative_barrier for group, each in lines.items()},
    )
    yield (
        f"mean of the straight line beside {first}",
        {
            group: each.mean.minus(lines[first].mean).scaled(1e3)
            for group, each in lines.items()
            if group != first
        },
    )


def _of_decisions(summary: Summary) -> Iterator[tuple[str, dict[str, Interval]]]:
    main = summary.published
    for rule, words in DECISION_RULES.items():
        yield (
            f"disagreement of seeds, {words}",
            {each.group: each.disagreement[rule] for each in main.similarity},
        )
        if main.trend is not None:
            yield (
                f"disagreement by strength, {words}",
                {"smallest to largest": main.trend.slope[rule]},
            )


def of_tests(tests: list[Significance], first: str) -> Iterator[tuple[str, dict[str, Interval]]]:
    """Yields the statistics of the comparisons of each setting with the first one."""
    names = {f"disagreement, {rule}": words for rule, words in DECISION_RULES.items()}
    of_first = [test for test in tests if test.second == first]
    for measure in dict.fromkeys(test.measure for test in of_first):
        effects = {
            contrast: {
                test.first: test.effect
                for test in of_first
                if test.measure == measure and test.contrast == contrast
            }
            for contrast in ("within", "between")
        }
        if measure in names:
            yield f"disagreement of methods beyond seeds, {names[measure]}", effects["between"]
        else:
            yield f"{measure} beside {first}", effects["within"]
            yield f"{measure} of methods beyond seeds", effects["between"]
