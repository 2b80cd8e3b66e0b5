"""Measures of all pairs of trainings -> whether settings differ, and what the strength does."""

import statistics
from typing import NamedTuple

import torch
from torch import Tensor

from studies.intervals import Interval
from studies.loss_landscape.decisions import Decided
from studies.loss_landscape.groups import Contrast, compare_groups
from studies.loss_landscape.plan import ModelGroup
from studies.loss_landscape.similarity import Measures, choices_of
from studies.many_tests import holm


class Significance(NamedTuple):
    """Test of whether two settings differ in a measure of pairs."""

    measure: str
    first: str
    second: str
    contrast: Contrast
    effect: Interval
    """Difference of the means."""
    of_runs: float
    """p value if runs are permuted."""
    corrected: float
    """p value after Holm's correction for all tests of the same question: `_question`."""
    of_pairs: float
    """p value if pairs are permuted as if they were independent, as published."""
    smallest: float
    """Smallest p value that permutations of so few runs can give."""


class Trend(NamedTuple):
    """What the strength of the blackbox gradient does to the disagreement of seeds."""

    strengths: tuple[float, ...]
    slope: dict[str, Interval]
    """Change of the disagreement from the smallest to the largest strength along the fitted line,
    by decision rule."""


def summarise_trend(models: ModelGroup, decided: Decided) -> Trend | None:
    """Returns what the strength does, if there are several."""
    settings = {name: models.strength(name) for name in models.of_loss("pat")}
    strengths = {name: value for name, value in settings.items() if value is not None}
    if len(set(strengths.values())) < 2:
        return None
    rules = next(iter(decided.values()))
    return Trend(
        strengths=tuple(strengths.values()),
        slope={rule: _slope(models, decided, rule, strengths) for rule in rules},
    )


def _slope(
    models: ModelGroup, decided: Decided, rule: str, strengths: dict[str, float]
) -> Interval:
    """Least squares through the means of the settings."""
    choices = choices_of(models, decided, rule)
    weights = models.resample(len(choices.edges))
    values = choices.disagreements(weights.frames)
    centred = {
        name: value - statistics.fmean(strengths.values()) for name, value in strengths.items()
    }
    square = sum(value**2 for value in centred.values())
    reach = max(strengths.values()) - min(strengths.values())
    means = [
        value * weights.mean(values, pairs=models.indices, chosen=models.groups()[name])
        for name, value in centred.items()
    ]
    return weights.interval(reach / square * torch.stack(means).sum(dim=0))


def summarise_tests(models: ModelGroup, measures: Measures) -> list[Significance]:
    """Compares settings by their decisions and layers; none if they have fewer than 3 seeds."""
    if min(int(models.members(name).sum()) for name in models.settings) < 3:
        return []
    kinds = {f"disagreement, {rule}": each for rule, each in measures.disagreement.items()}
    kinds |= {f"CKA of {name}": measures.module(name) for name in measures.layers}
    tests = [
        _test(models, measure, values, first, second, contrast)
        for measure, values in kinds.items()
        for first, second, contrast in _compared(models)
    ]
    corrected: dict[int, float] = {}
    for question in dict.fromkeys(map(_question, tests)):
        places = [place for place, test in enumerate(tests) if _question(test) == question]
        corrected |= zip(places, holm([tests[place].of_runs for place in places]), strict=True)
    return [test._replace(corrected=corrected[place]) for place, test in enumerate(tests)]


def _question(test: Significance) -> tuple[str, str, str]:
    """What tests share that are corrected together, of all first settings and decision rules."""
    return test.measure.partition(",")[0], test.contrast, test.second


def _compared(models: ModelGroup) -> list[tuple[str, str, Contrast]]:
    """Each setting through the assignment against the first one, and the extreme strengths."""
    first, *others = models.settings
    contrasts: tuple[Contrast, ...] = ("within", "between")
    found: list[tuple[str, str, Contrast]] = [
        (name, first, contrast) for contrast in contrasts for name in others
    ]
    through = models.of_loss("pat")
    if len(through) > 1:
        found.append((through[-1], through[0], "within"))
    return found


def _test(
    models: ModelGroup, measure: str, values: Tensor, first: str, second: str, contrast: Contrast
) -> Significance:
    n = len(models.runs)
    matrix = torch.zeros(n, n, dtype=torch.float64)
    a, b = models.indices.T
    matrix[a, b] = matrix[b, a] = values
    taken = models.members(first, second)
    matrix, labels = matrix[taken][:, taken], models.members(first)[taken]
    runs = compare_groups(matrix, labels, contrast=contrast)
    pairs = compare_groups(matrix, labels, contrast=contrast, permute="pairs")
    smallest = (2 if int(labels.sum()) * 2 == len(labels) else 1) / (runs.permutations + 1)
    return Significance(
        measure=measure,
        first=first,
        second=second,
        contrast=contrast,
        effect=_effect(models, values, first, second, contrast),
        of_runs=runs.p_value,
        corrected=runs.p_value,
        of_pairs=pairs.p_value,
        smallest=smallest,
    )


def _effect(
    models: ModelGroup, values: Tensor, first: str, second: str, contrast: Contrast
) -> Interval:
    """Difference of the means of both kinds of pairs, for other seeds and the same frames."""
    a, b = (models.members(name)[models.indices] for name in (first, second))
    one, other = a.all(dim=1), b.all(dim=1)
    if contrast == "between":
        one, other = a.any(dim=1) & b.any(dim=1), one | other
    weights = models.resample()
    of_one, of_other = (
        weights.mean(values[None], pairs=models.indices, chosen=kind) for kind in (one, other)
    )
    return weights.interval(of_one - of_other)
