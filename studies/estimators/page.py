"""Numbers of a study -> the generated parts of its page: tables, and a figure of two panels."""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from studies.estimators.config import StudyConfig
from studies.estimators.findings import findings
from studies.estimators.summary import DECISION_RULES, SHOWN, Method, Quality
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


def write_page(study: StudyConfig, methods: Sequence[Method], path: Path) -> None:
    """Fills the generated parts of the page and draws its figure.

    Arguments:
        study: Config of the study.
        methods: Its numbers.
        path: Page, such as ``docs/studies/estimators.md``. The figure goes to the folder
            ``images`` beside its folder.
    """
    replace_parts(path, dict(parts(study, methods)))
    figure = path.parent.parent / "images" / f"{path.stem}.png"
    draw_study(methods, figure, density=study.judged_at[0])


def parts(study: StudyConfig, methods: Sequence[Method]) -> Iterator[tuple[str, list[str]]]:
    """Yields name and lines of each generated part."""
    first = study.judged_at[0]
    yield "findings", findings_table(findings(methods, study.judged_at))
    tables = [
        ["", *_table(methods, density, QUALITY | (COST if density == first else {}))]
        for density in study.judged_at
    ]
    yield "quality", [line for lines in tables for line in lines][1:]
    metrics = {name.replace("_", " "): _three_rules(name) for name in SHOWN}
    yield "metrics", _table(methods, first, metrics)
    yield "search", _search(methods)


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


def _search(methods: Sequence[Method]) -> list[str]:
    headers = [
        "method",
        "learning rate",
        "scale",
        "held-out wrong edges of the best, median and worst trial",
    ]
    return table([*headers, "tuned cost of each seed"], [_searched(method) for method in methods])


def _searched(method: Method) -> list[str]:
    found = method.setting
    names = {"learning_rate": f"{found.learning_rate:g}"}
    if method.searched is not None:
        names[method.searched] = f"{method.searched} {found.scale:g}"
    cells = [
        text + (", at an end of its range" if name in method.ends else "")
        for name, text in names.items()
    ]
    errors = sorted(trial.error for trial in method.trials)
    return [
        method.name,
        *[*cells, ""][:2],
        " / ".join(percent(error) for error in (errors[0], statistics.median(errors), errors[-1])),
        ", ".join(f"{reject:.3f}" for reject in method.reject),
    ]


def draw_study(methods: Sequence[Method], path: Path, *, density: int) -> None:
    """Draws what methods reach at one number of primaries per frame, and what was tried."""
    order = sorted(methods, key=lambda m: -m.quality[density].edge_error["tuned"].value)
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _draw_methods(left, order, density)
    _draw_trials(right, order)
    for axes in (left, right):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(alpha=0.3, axis="x")
        axes.legend(fontsize="small")
    save_figure(figure, path, dpi=110)


def _draw_methods(axes: Axes, methods: Sequence[Method], density: int) -> None:
    for rule, marker, colour in (("half", "x", "0.6"), ("tuned", "o", "C0")):
        intervals = [method.quality[density].edge_error[rule] for method in methods]
        values = [100 * interval.value for interval in intervals]
        label = "unmatched cost 0.5" if rule == "half" else "tuned cost, 95 % interval"
        axes.plot(values, range(len(methods)), marker, color=colour, label=label)
        if rule == "tuned":
            axes.errorbar(
                values, range(len(methods)), xerr=_bars(intervals), fmt="none", color=colour
            )
    axes.set_yticks(range(len(methods)), [method.name for method in methods])
    axes.set_xlabel(f"wrong edges at {density} p+/F, %")


def _draw_trials(axes: Axes, methods: Sequence[Method]) -> None:
    for number, method in enumerate(methods):
        errors = sorted(100 * trial.error for trial in method.trials)
        first = number == 0
        axes.plot(
            errors[1:], [number] * (len(errors) - 1), "|", color="0.5",
            label="trials of the search" if first else None,
        )  # fmt: skip
        axes.plot(errors[0], number, "|", color="C0", ms=12, label="the best" if first else None)
    axes.set_xlabel("held-out wrong edges of short trainings, %")


def _bars(intervals: Sequence[Interval]) -> list[float]:
    """Halves of intervals in %; not a number where there is no interval."""
    halves = [100 * (interval.high - interval.value) for interval in intervals]
    return [half if math.isfinite(half) else math.nan for half in halves]
