"""Rules that were written down before any result, and numbers -> verdicts.

A finding is about one statistic, a number for each of its members, such as settings. Its rule names
a direction and two bounds. With the direction ``above``,

- it **holds** if the intervals of all members lie above the bound `holds`;
- it **does not hold** if that of any member lies below the bound `fails`, at a level that is
  corrected for the number of members: chances to fail add up, chances to hold do not;
- else it is **not decided**, with the seeds that would be needed if the numbers stayed as they are.

``below`` is its mirror image. If both should apply (an effect that is there, but surely smaller
than what the bound `fails` asks for), it does not hold. With fewer seeds than the rules ask for
there is no verdict at all.

References:
    Berger, Technometrics 24 (1982) 295, for tests of which all must reject.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import pydantic
from scipy import special

from studies.decisions import read_result
from studies.intervals import FEWEST, Interval
from studies.settings import Name, check_names
from trackscape.files import write_json
from trackscape.formats import Share, Strict, read_settings

Verdict = Literal["holds", "does not hold", "not decided", "no verdict", "not measured"]
MOST = 1000
"""Seeds up to which it is asked how many are needed."""
Figures = dict[str, dict[str, Interval]]
"""Numbers by statistic and member."""


class Rule(Strict):
    """What decides on one finding."""

    name: Name
    claim: str
    """Sentence that is put to the test."""
    published: str
    """What was published: the number that the bounds are taken from, or where it is said."""
    statistic: str
    """Name of the statistic, as a study writes it."""
    unit: str
    members: tuple[str, ...] = pydantic.Field(min_length=1)
    """Members of which all must show it."""
    direction: Literal["above", "below"]
    holds: float
    """Bound that all must be beyond."""
    fails: float
    """Bound that none may be short of for sure."""

    @pydantic.model_validator(mode="after")
    def _bounds_are_in_order(self) -> "Rule":
        gap = self.fails - self.holds
        if (gap if self.direction == "above" else -gap) < 0:
            raise ValueError(
                f"{self.name}: numbers between fails ({self.fails:g}) and holds ({self.holds:g}) "
                "would belong to neither; let the bounds be equal, or let them overlap"
            )
        return self


class Rules(Strict):
    """All rules, and what they have in common."""

    seeds: Annotated[int, pydantic.Field(ge=FEWEST)]
    """Fewest seeds of a verdict."""
    level: Share
    """Level of the intervals, from leaving out one seed, and one frame, at a time."""
    power: Share
    """Chance of a verdict that the number of needed seeds is for."""
    findings: tuple[Rule, ...] = pydantic.Field(min_length=1)

    @pydantic.model_validator(mode="after")
    def _names_differ(self) -> "Rules":
        check_names((rule.name for rule in self.findings), of="findings")
        return self

    @classmethod
    def load(cls, path: Path | str) -> "Rules":
        """Reads a YAML file.

        Raises:
            ConfigError: If the file is no YAML, or a key is unknown, missing or out of range.
        """
        return read_settings(Path(path), cls, described_in="configs/registered/published.yaml")


class Measured(NamedTuple):
    """What a study measured."""

    seeds: int
    figures: Figures


class Judged(NamedTuple):
    """A rule and what came out."""

    rule: Rule
    verdict: Verdict
    seeds: int
    """Seeds that were measured."""
    figures: Mapping[str, Interval]
    """Number of each member that was measured."""
    needed: Mapping[str, int | None]
    """Of a finding that is not decided: the seeds that each undecided member needs, None for more
    than `MOST`."""


def judge(rule: Rule, rules: Rules, measured: Measured) -> Judged:
    """Returns the verdict on one finding."""
    of = measured.figures.get(rule.statistic, {})
    found = {name: of[name] for name in rule.members if name in of}

    def judged(verdict: Verdict, needed: Mapping[str, int | None] | None = None) -> Judged:
        return Judged(rule, verdict, measured.seeds, found, needed or {})

    if len(found) < len(rule.members):
        return judged("not measured")
    if measured.seeds < rules.seeds:
        return judged("no verdict")
    corrected = 1 - (1 - rules.level) / len(found)
    if any(_short_of(rule, each, corrected) for each in found.values()):
        return judged("does not hold")
    undecided = {name: each for name, each in found.items() if not _beyond(rule, each, rules.level)}
    if not undecided:
        return judged("holds")
    needed = {
        name: seeds_needed(rule, each, seeds=measured.seeds, level=rules.level, power=rules.power)
        for name, each in undecided.items()
    }
    return judged("not decided", needed)


def seeds_needed(
    rule: Rule, figure: Interval, *, seeds: int, level: float, power: float
) -> int | None:
    r"""Returns the seeds with which a number of this size and spread would be decided.

    .. math:: (t_{(1 + \text{level}) / 2, n - 1} + t_{\text{power}, n - 1}) \, s / \sqrt{n} \le d

    with the distance d to the bound that it has passed, the farther one if both, and the standard
    deviation s of a seed: the whole error is taken to come from seeds. None if that takes more than
    `MOST`, as for a number that has passed neither.
    """
    sign = 1 if rule.direction == "above" else -1
    distance = max(sign * (figure.value - rule.holds), sign * (rule.fails - figure.value))
    spread = figure.error * math.sqrt(seeds)
    if distance <= 0 or not math.isfinite(spread):
        return None
    for n in range(FEWEST, MOST + 1):
        t = special.stdtrit(n - 1, (1 + level) / 2) + special.stdtrit(n - 1, power)
        if t * spread / math.sqrt(n) <= distance:
            return n
    return None


def limits(figure: Interval, level: float) -> tuple[float, float]:
    """Returns the interval of a number at another level than 95 %."""
    half = float(special.stdtrit(figure.freedom, (1 + level) / 2)) * figure.error
    return figure.value - half, figure.value + half


def _beyond(rule: Rule, figure: Interval, level: float) -> bool:
    low, high = limits(figure, level)
    return low > rule.holds if rule.direction == "above" else high < rule.holds


def _short_of(rule: Rule, figure: Interval, level: float) -> bool:
    low, high = limits(figure, level)
    return high < rule.fails if rule.direction == "above" else low > rule.fails


def write_figures(path: Path, figures: Figures, *, seeds: int) -> None:
    """Writes what a study measured, for `judge`; what is not finite becomes null."""
    content = {
        statistic: {member: _finite(figure) for member, figure in of.items()}
        for statistic, of in figures.items()
    }
    write_json(path, {"seeds": seeds, "figures": content})


def _finite(figure: Interval) -> list[float | None]:
    return [number if math.isfinite(number) else None for number in figure]


def read_figures(path: Path) -> Measured:
    """Returns what `write_figures` wrote.

    Raises:
        RunError: It is not there.
    """
    content = read_result(path)
    return Measured(
        content["seeds"],
        {
            statistic: {
                member: Interval(*(math.inf if number is None else number for number in numbers))
                for member, numbers in of.items()
            }
            for statistic, of in content["figures"].items()
        },
    )
