"""Summary of a study -> the generated parts of its page: tables, ours beside published numbers."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from studies.findings import findings_table
from studies.formatting import between, compared, percent, with_p
from studies.intervals import Interval
from studies.loss_landscape import published
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.connections import LINES, Connection, Distance, Search
from studies.loss_landscape.decisions import DECISION_RULES, Reached
from studies.loss_landscape.figures import draw_figures
from studies.loss_landscape.findings import findings
from studies.loss_landscape.planes import Flatness, Spread
from studies.loss_landscape.significance import Significance
from studies.loss_landscape.similarity import Similarity
from studies.loss_landscape.summary import Summary
from studies.markdown import replace_parts, table

Rows = Iterator[list[str]]


def write_page(study: StudyConfig, summary: Summary, path: Path) -> None:
    """Fills the generated parts of the page and draws its figures.

    Arguments:
        study: Config of the study.
        summary: Its numbers.
        path: Page, such as ``docs/studies/loss_landscape.md``. Figures go to the folder ``images``
            beside its folder.
    """
    replace_parts(path, dict(parts(study, summary)))
    draw_figures(summary, path.parent.parent / "images", stem=path.stem)


def parts(study: StudyConfig, summary: Summary) -> Iterator[tuple[str, list[str]]]:
    """Yields name and lines of each generated part."""
    connections = [each for compared in summary.compared for each in compared.connections]
    distances = [each for compared in summary.compared for each in compared.distances]
    similar = [each for compared in summary.compared for each in compared.similarity]
    of_layers = [["", *layer_table(compared.similarity)] for compared in summary.compared]
    settings = [setting.name for setting in study.settings]
    yield "findings", findings_table(findings(summary, settings))
    yield "quality", quality_table(summary.reached)
    yield "planes", flatness_table(summary.flatness)
    yield "connections", connection_table(connections)
    yield "barriers", barrier_table(connections, distances)
    searches = [each for compared in summary.compared for each in compared.searches]
    yield "searches", search_table(searches, study.curves.steps)
    yield "norm", norm_table(summary.flatness, summary.published.connections)
    yield "layers", [line for lines in of_layers for line in lines][1:]
    yield "decisions", decision_table(similar)
    yield "tests", comparison_table(summary.published.tests)


def quality_table(reached: Sequence[Reached]) -> list[str]:
    """Returns what each setting reached under both decision rules."""
    headers = ["setting", "decision rule", "purity / efficiency", "published"]
    headers += ["change of purity", "change of efficiency", "wrong edges", "TPR", "FPR"]
    return table(headers, _qualities(reached))


def _qualities(reached: Sequence[Reached]) -> Rows:
    rest = {
        (each.setting, rule): of_rule
        for each in reached[1:]
        for rule, of_rule in each.quality.items()
    }
    purity = compared({key: each.purity_gain for key, each in rest.items()}, digits=2)
    efficiency = compared({key: each.efficiency_gain for key, each in rest.items()}, digits=2)
    for each in reached:
        for rule, words in DECISION_RULES.items():
            metrics = each.quality[rule].metrics
            yield [
                each.setting,
                words,
                f"{percent(metrics['purity'], digits=2)} / "
                f"{percent(metrics['efficiency'], digits=2)}",
                _published_quality(each.setting) if rule == "own" else "",
                *(gains.get((each.setting, rule), "") for gains in (purity, efficiency)),
                percent(each.quality[rule].error.value),
                percent(metrics["edge_tpr"], digits=2),
                percent(metrics["edge_fpr"]),
            ]


def _published_quality(setting: str) -> str:
    if setting not in published.PURITY:
        return ""
    purity, efficiency = published.PURITY[setting], published.EFFICIENCY[setting]
    return f"{sum(purity) / 3:.1f} / {sum(efficiency) / 3:.1f}"


def flatness_table(flatness: Sequence[Flatness]) -> list[str]:
    """Returns how steep the landscape is around the trainings of each setting."""
    headers = ["setting", "Hessian of", "eigenvalue 1", "eigenvalue 2", "angle"]
    for loss in ("smooth loss", "Hamming"):
        headers += [f"{loss}: lower in the plane by", "by > 2 s.e.", "flat"]
    return table(headers, map(_flatness, flatness))


def _flatness(each: Flatness) -> list[str]:
    cells = [each.setting, each.smooth, *map(_spread, each.eigenvalues), f"{each.angle.mean:.0f}°"]
    for loss in (each.smooth, "hamming"):
        significant = str(each.significant[loss])
        cells += [_share(each.gain[loss]), significant, _share(each.flat[loss])]
    return cells


def _spread(value: Spread) -> str:
    return f"{value.mean:.3g} ({value.min:.3g} to {value.max:.3g})"


def _share(value: Spread) -> str:
    return f"{100 * value.mean:.0f} ({100 * value.min:.0f} to {100 * value.max:.0f}) %"


def norm_table(flatness: Sequence[Flatness], connections: Sequence[Connection]) -> list[str]:
    """Returns the Hamming loss of trainings with BatchNorm as trained, and as recomputed."""
    ends = {each.group: each.losses["hamming"].ends for each in connections}
    rows = [
        [
            each.setting,
            f"{1e3 * each.centre['hamming'].mean:.2f}",
            _thousandths(ends[each.setting]),
        ]
        for each in flatness
        if each.setting in ends
    ]
    return table(["setting", "as trained", "recomputed"], rows)


def connection_table(connections: Sequence[Connection]) -> list[str]:
    """Returns Hamming loss and TPR along all routes, with the published values below ours."""
    headers = ["pairs", "route", "", "Hamming (1e-3): min", "max", "mean"]
    return table([*headers, "TPR (%): min", "max", "mean"], _along(connections))


def _along(connections: Sequence[Connection]) -> Rows:
    for each in connections:
        hamming, missed = each.losses["hamming"], each.losses["missed"]
        yield [
            f"{each.group} ({each.pairs})",
            each.route,
            "ours",
            *map(_thousandths, (hamming.lowest, hamming.highest, hamming.mean)),
            *map(_found, (missed.highest, missed.lowest, missed.mean)),
        ]
        curve = published.CURVES.get((each.group, each.route))
        if curve is not None:
            yield ["", "", "published", *(f"{value:g}" for value in (*curve.hamming, *curve.tpr))]


def _thousandths(interval: Interval) -> str:
    return between(interval, ".2f", scale=1e3)


def _found(missed: Interval) -> str:
    """TPR in % of the share that is missed."""
    return between(missed._replace(value=1 - missed.value), ".2f", scale=100)


def barrier_table(connections: Sequence[Connection], distances: Sequence[Distance]) -> list[str]:
    """Returns barriers of both losses before and after alignment, and along the curves."""
    headers = ["pairs", "route", "distance", "barrier: Hamming (1e-3)", "relative to the ends"]
    headers += ["mc: Hamming (1e-3)", "barrier: smooth loss", "mc: smooth loss"]
    return table(headers, _barriers(connections, distances))


def _barriers(connections: Sequence[Connection], distances: Sequence[Distance]) -> Rows:
    apart = {each.group: each for each in distances}
    for each in connections:
        hamming, smooth = each.losses["hamming"], next(iter(each.losses.values()))
        distance = apart[each.group]
        lengths = dict(
            zip(LINES, (distance.plain, distance.aligned, distance.by_outputs), strict=True)
        )
        yield [
            each.group,
            each.route,
            f"{lengths[each.route]:.1f}" if each.route in lengths else "",
            _thousandths(hamming.barrier),
            between(hamming.relative_barrier),
            _thousandths(hamming.connectivity),
            between(smooth.barrier, ".2g"),
            between(smooth.connectivity, ".2g"),
        ]


def search_table(searches: Sequence[Search], steps: int) -> list[str]:
    """Returns the loss of curves against the steps of their search."""
    quarters = [f"{steps * number // 4:,} steps" for number in range(5)]
    rows = [
        [
            each.group,
            each.route,
            *(f"{loss:.3g}" for loss in each.losses),
            percent(each.late, digits=1),
        ]
        for each in searches
    ]
    return table(["pairs", "curve", *quarters, "last quarter took away (%)"], rows)


def layer_table(similar: Sequence[Similarity]) -> list[str]:
    """Returns the CKA of the layers of each module, with the published medians."""
    modules = list(similar[0].layers)
    headers = ["pairs", *(name for module in modules for name in (module, "published"))]
    rows: list[list[str]] = []
    for each in similar:
        theirs = published.CKA.get(each.group, {})
        pairs = [(between(each.layers[module]), theirs.get(module, "")) for module in modules]
        rows.append([each.group, *(cell for pair in pairs for cell in pair)])
    return table(headers, rows)


def decision_table(similar: Sequence[Similarity]) -> list[str]:
    """Returns how differently the trainings decide, under both decision rules."""
    own, tuned = DECISION_RULES.values()
    headers = ["pairs", f"disagreement, {own}", "published", "by chance", "edges that differ (%)"]
    headers += [f"disagreement, {tuned}", "edges that differ (%)"]
    rows = [
        [
            each.group,
            between(each.disagreement["own"]),
            published.DISAGREEMENT.get(each.group, ""),
            f"{each.chance['own']:.3f}",
            between(each.differing["own"], scale=100),
            between(each.disagreement["tuned"]),
            between(each.differing["tuned"], scale=100),
        ]
        for each in similar
    ]
    return table(headers, rows)


def comparison_table(tests: Sequence[Significance]) -> list[str]:
    """Returns tests that permute trainings, beside those that permute pairs."""
    headers = ["measure", "first", "second", "compared", "difference, p raw / corrected"]
    headers += ["smallest possible p", "p, pairs (published)"]
    rows = [
        [
            _measure(test),
            test.first,
            test.second,
            test.contrast,
            with_p(between(test.effect, "+.3f"), raw=test.of_runs, corrected=test.corrected),
            f"{test.smallest:.3f}",
            f"{test.of_pairs:.4f}",
        ]
        for test in tests
    ]
    return table(headers, rows)


def _measure(test: Significance) -> str:
    name, _, rule = test.measure.partition(", ")
    return f"{name}, {DECISION_RULES[rule]}" if rule else name
