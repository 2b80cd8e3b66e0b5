"""Claims, and the numbers that decide on them, as data and as one table."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from studies.formatting import between
from studies.intervals import Interval
from studies.many_tests import ALPHA, Name, holm
from studies.markdown import table

UNDECIDED = "not shown"
"""Side of a test whose corrected p value is 0.05 or more; no evidence of the opposite."""


class Evidence(NamedTuple):
    """One number that a claim was tested on."""

    figure: Interval
    """Number with its 95 % interval, which holds for this number alone."""
    raw: float
    """p value of the test."""
    corrected: float
    """p value after Holm's correction for all numbers that the claim was tested on."""
    shows: str
    """Side of the claim's bound on which the number lies, if the corrected p is below 0.05."""


class Finding(NamedTuple):
    """A claim, and what becomes of it."""

    claim: str
    """Sentence that is put to the test, with the unit of its numbers."""
    rule: str
    """Decision rule whose tracks or edges are tested; empty if there is none."""
    verdict: str
    """Outcome for the claim as a whole."""
    evidence: Mapping[str, Evidence]
    """Tested numbers by what they belong to: a method, a variant, or a group of pairs."""
    scale: float = 1
    """Factor from the numbers to the unit of the claim."""
    form: str = ".3f"
    """Format of the numbers."""


def evidence(
    family: Mapping[Name, Interval], *, below: str, above: str, null: float = 0.0
) -> dict[Name, Evidence]:
    """Tests a family of numbers together.

    Arguments:
        family: Numbers by name.
        below: Word for a number below ``null``.
        above: Word for a number above it.
        null: Bound of the claim.
    """
    raw = [figure.p_value(null) for figure in family.values()]
    return {
        name: Evidence(figure, p_value, corrected, _side(figure, corrected, null, (below, above)))
        for (name, figure), p_value, corrected in zip(family.items(), raw, holm(raw), strict=True)
    }


def _side(figure: Interval, corrected: float, null: float, words: tuple[str, str]) -> str:
    return words[figure.value > null] if corrected < ALPHA else UNDECIDED


def tally(numbers: Mapping[str, Evidence]) -> str:
    """Returns how many numbers lie on which side.

    Example:
        >>> tally(evidence({"pat": Interval(1, 0.1)}, below="fewer", above="more"))
        '1 more'
    """
    counts = Counter(each.shows for each in numbers.values())
    return ", ".join(f"{number} {side}" for side, number in counts.items())


def findings_table(findings: Sequence[Finding]) -> list[str]:
    """Returns the lines of the table, with a row for each tested number."""
    headers = ["claim", "decision rule", "verdict", "of", "number", "p raw / corrected", "shows"]
    return table(headers, [row for finding in findings for row in _rows(finding)])


def _rows(finding: Finding) -> Iterator[list[str]]:
    head = [finding.claim, finding.rule, f"**{finding.verdict}**"]
    for name, each in finding.evidence.items():
        number = between(each.figure, finding.form, scale=finding.scale)
        p_values = f"{each.raw:.3f} / {each.corrected:.3f}"
        yield [*head, name, number, p_values, each.shows]
        head = ["", "", ""]
    if not finding.evidence:
        yield [*head, "", "", "", ""]
