"""Registered rules and numbers of finished studies -> a page that says what holds.

Run as ``python -m studies.verdicts configs/registered/published.yaml FIGURES -o
docs/studies/what_holds.md`` with the files of numbers that studies wrote.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from studies.markdown import replace_parts, table
from studies.registered import (
    MOST,
    Judged,
    Measured,
    Rule,
    Rules,
    judge,
    limits,
    read_figures,
)


def judge_all(rules: Rules, measured: Sequence[Measured]) -> list[Judged]:
    """Returns all verdicts; each statistic is taken from the study that has it."""
    nothing = Measured(0, {})
    return [
        judge(
            rule,
            rules,
            next((each for each in measured if rule.statistic in each.figures), nothing),
        )
        for rule in rules.findings
    ]


def rules_table(rules: Rules) -> list[str]:
    """Returns the table of the rules, without results."""
    headers = ["finding", "claim", "published", "holds if all", "does not hold if any"]
    rows = [
        [
            rule.name,
            f"{rule.claim}: {', '.join(rule.members)}",
            rule.published,
            f"are {rule.direction} {rule.holds:g} {rule.unit}".strip(),
            f"is {_opposite(rule)} {rule.fails:g} {rule.unit}".strip(),
        ]
        for rule in rules.findings
    ]
    return table(headers, rows)


def _opposite(rule: Rule) -> str:
    return "below" if rule.direction == "above" else "above"


def verdict_table(rules: Rules, judged: Sequence[Judged]) -> list[str]:
    """Returns the table of the verdicts, with a row for each number."""
    headers = ["finding", "verdict", "seeds", "of", "number", f"{100 * rules.level:g} % interval"]
    return table([*headers, "seeds needed"], [row for each in judged for row in _rows(rules, each)])


def _rows(rules: Rules, judged: Judged) -> Iterator[list[str]]:
    head = [judged.rule.name, f"**{judged.verdict}**", f"{judged.seeds} of {rules.seeds}"]
    for member in judged.rule.members:
        number = interval = ""
        if member in judged.figures:
            figure = judged.figures[member]
            low, high = limits(figure, rules.level)
            number, interval = f"{figure.value:+.3g}", f"{low:+.3g} to {high:+.3g}"
        yield [*head, member, number, interval, _needed(judged, member)]
        head = ["", "", ""]


def _needed(judged: Judged, member: str) -> str:
    if member not in judged.needed:
        return ""
    return str(judged.needed[member] or f"more than {MOST}")


def main(
    rules: Annotated[Path, typer.Argument(help="Such as configs/registered/published.yaml.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Page whose generated parts are replaced.")
    ],
    figures: Annotated[list[Path] | None, typer.Argument(help="Numbers of studies.")] = None,
) -> None:
    """Judge all registered findings and fill the page."""
    loaded = Rules.load(rules)
    judged = judge_all(loaded, [read_figures(path) for path in figures or []])
    parts = {"rules": rules_table(loaded), "verdicts": verdict_table(loaded, judged)}
    replace_parts(output, parts)
    for each in judged:
        typer.echo(f"{each.rule.name}: {each.verdict}")


if __name__ == "__main__":
    typer.run(main)
