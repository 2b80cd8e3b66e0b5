"""Numbers of a study -> the generated parts of its page: tables, and a figure of two panels."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from studies.estimators.config import StudyConfig
from studies.estimators.findings import findings
from studies.estimators.summary import DECISION_RULES, SHOWN, Method, Quality, Step, Summary
from studies.findings import findings_table
from studies.formatting import between, compared, percent
from studies.intervals import Interval
from studies.markdown import replace_parts, table
from trackscape.pictures import save_figure

Column = Callable[[Sequence[Method], int], list[str]]
"""Methods and number of primaries per frame -> a cell for each method."""


def _each(cell: Callable[[Method, Quality], str]) -> Column:
    """A column whose cells belong to one method each."""
    return lambda methods, density: [cell(each, each.quality[density]) for each in methods]


def _change(
    change: Callable[[Quality], Interval], *, digits: int = 3, scale: float = 100
) -> Column:
    """A column of differences to the first method, all of them tested together."""

    def cells(methods: Sequence[Method], density: int) -> list[str]:
        family = {each.name: change(each.quality[density]) for each in methods[1:]}
        return ["", *compared(family, digits=digits, scale=scale).values()]

    return cells


QUALITY: dict[str, Column] = {
    "wrong edges, tuned cost": _each(lambda _, q: percent(q.edge_error["tuned"].value)),
    "cost 0.5": _each(lambda _, q: percent(q.edge_error["half"].value)),
    "max cardinality": _each(lambda _, q: percent(q.edge_error["card"].value)),
    "purity / efficiency": _each(
        lambda _, q: (
            f"{percent(q.metrics['tuned']['purity'], digits=2)} / "
            f"{percent(q.metrics['tuned']['efficiency'], digits=2)}"
        )
    ),
    "change of wrong edges": _change(lambda q: q.error_gain),
    "change of purity": _change(lambda q: q.purity_gain, digits=2),
    "disagreement": _each(lambda _, q: between(q.disagreement)),
    "change of disagreement": _change(lambda q: q.disagreement_gain, scale=1),
    "worst seed": _each(lambda _, q: percent(q.worst)),
    "failed seeds": _each(lambda _, q: str(q.failed)),
}
COST: dict[str, Column] = {
    "solves": _each(lambda m, _: f"{m.solves:g}"),
    "ms": _each(lambda m, _: f"{1e3 * m.seconds_per_frame:.0f}"),
}


def write_page(study: StudyConfig, summary: Summary, path: Path) -> None:
    """Fills the generated parts of the page and draws its figure.

    Arguments:
        study: Config of the study.
        summary: Its numbers.
        path: Page, such as ``docs/studies/estimators.md``. The figure goes to the folder
            ``images`` beside its folder.
    """
    replace_parts(path, dict(parts(study, summary)))
    figure = path.parent.parent / "images" / f"{path.stem}.png"
    draw_study(summary, figure, density=study.judged_at[0])


def parts(study: StudyConfig, summary: Summary) -> Iterator[tuple[str, list[str]]]:
    """Yields name and lines of each generated part."""
    methods, first = summary.methods, study.judged_at[0]
    yield "findings", findings_table(findings(methods, study.judged_at))
    tables = [
        ["", *_table(methods, density, QUALITY | (COST if density == first else {}))]
        for density in study.judged_at
    ]
    yield "quality", [line for lines in tables for line in lines][1:]
    metrics = {name.replace("_", " "): _three_rules(name) for name in SHOWN}
    yield "metrics", _table(methods, first, metrics)
    yield "ladder", _ladder(summary)
    yield "search", _search(summary)


def _table(methods: Sequence[Method], density: int, columns: Mapping[str, Column]) -> list[str]:
    cells = [column(methods, density) for column in columns.values()]
    names = [method.name for method in methods]
    return table([f"{density} p+/F", *columns], list(zip(names, *cells, strict=True)))


def _three_rules(name: str) -> Column:
    digits = 3 if name == "edge_fpr" else 2
    return _each(
        lambda _, quality: " / ".join(
            percent(quality.metrics[rule][name], digits=digits) for rule in DECISION_RULES
        )
    )


def _ladder(summary: Summary) -> list[str]:
    rules = ("tuned", "half", "card")
    headers = ["method", "strength", "largest shift", "wrong edges, tuned cost"]
    headers += [*(DECISION_RULES[rule] for rule in rules[1:]), "disagreement"]
    return table(
        headers,
        [
            [
                step.method,
                f"{step.strength:g}",
                f"{step.shift:.2g}",
                *(percent(step.edge_error[rule].value) for rule in rules),
                between(step.disagreement),
            ]
            for step in summary.ladder
        ],
    )


def _search(summary: Summary) -> list[str]:
    headers = ["method", "scale", "held-out wrong edges", "tuned cost of each seed"]
    return table(headers, [_searched(summary, method) for method in summary.methods])


def _searched(summary: Summary, method: Method) -> list[str]:
    tried = summary.searches.get(method.name, [])
    scale = "" if method.searched is None else f"{method.searched} {method.scale:g}"
    values = [value for value, _ in tried]
    if values and method.scale in (min(values), max(values)):
        scale += ", at an end of the grid"
    errors = ", ".join(f"{value:g}: {percent(error)}" for value, error in tried)
    return [method.name, scale, errors, ", ".join(f"{reject:.3f}" for reject in method.reject)]


def draw_study(summary: Summary, path: Path, *, density: int) -> None:
    """Draws both panels at one number of primaries per frame."""
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_methods(left, summary.methods, density)
    _draw_ladder(right, summary.ladder)
    save_figure(figure, path, dpi=110)


def _draw_methods(axes: Axes, methods: Sequence[Method], density: int) -> None:
    order = sorted(methods, key=lambda m: -m.quality[density].edge_error["tuned"].value)
    for rule, marker, colour in (("half", "x", "0.6"), ("tuned", "o", "C0")):
        intervals = [method.quality[density].edge_error[rule] for method in order]
        values = [100 * interval.value for interval in intervals]
        label = "unmatched cost 0.5" if rule == "half" else "tuned cost, 95 % interval"
        axes.plot(values, range(len(order)), marker, color=colour, label=label)
        if rule == "tuned":
            axes.errorbar(
                values, range(len(order)), xerr=_bars(intervals), fmt="none", color=colour
            )
    axes.set_yticks(range(len(order)), [method.name for method in order])
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.set_xlabel(f"wrong edges at {density} p+/F, %")
    axes.grid(alpha=0.3, which="both", axis="x")
    axes.legend(fontsize="small")


def _draw_ladder(axes: Axes, ladder: Sequence[Step]) -> None:
    beside = axes.twinx()
    for number, name in enumerate(dict.fromkeys(step.method for step in ladder)):
        steps = sorted((step for step in ladder if step.method == name), key=lambda s: s.shift)
        shift = [step.shift for step in steps]
        intervals = [step.edge_error["tuned"] for step in steps]
        error = [100 * interval.value for interval in intervals]
        colour = f"C{number + 1}"
        axes.errorbar(
            shift, error, yerr=_bars(intervals), fmt="o-", capsize=2, color=colour, label=name
        )
        disagreement = [step.disagreement.value for step in steps]
        beside.plot(shift, disagreement, ":s", ms=4, color=colour)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("largest shift of a cost")
    axes.set_ylabel("wrong edges, % (solid)")
    beside.set_ylabel("disagreement of seeds (dotted)")
    beside.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")


def _bars(intervals: Sequence[Interval]) -> list[float]:
    """Halves of intervals in %; not a number where there is no interval."""
    halves = [100 * (interval.high - interval.value) for interval in intervals]
    return [half if math.isfinite(half) else math.nan for half in halves]
