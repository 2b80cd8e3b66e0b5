"""Figures of a study -> its page: the answer, the table, and how it was found."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from studies.agreement import FAILED
from studies.estimators.answer import (
    cost_sentence,
    ladder_sentences,
    quality_sentences,
    search_sentence,
    stability_sentences,
)
from studies.estimators.config import StudyConfig
from studies.estimators.figure import draw_study
from studies.estimators.summary import DECISIONS, SHOWN, Method, Quality, Summary
from studies.markdown import COVERAGE, between, compared, listing, percent
from trackscape.files import replacing
from trackscape.statistics import Interval

Column = Callable[[Sequence[Method], int], list[str]]
"""Methods and number of primaries per frame -> a cell for each method."""


def _each(cell: Callable[[Method, Quality], str]) -> Column:
    """A column whose cells are of a method alone."""
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
    "error tuned": _each(lambda _, q: percent(q.edge_error["tuned"].value)),
    "at 0.5": _each(lambda _, q: percent(q.edge_error["half"].value)),
    "card": _each(lambda _, q: percent(q.edge_error["card"].value)),
    "purity / efficiency": _each(
        lambda _, q: (
            f"{percent(q.metrics['tuned']['purity'], digits=2)} / "
            f"{percent(q.metrics['tuned']['efficiency'], digits=2)}"
        )
    ),
    "change of the error": _change(lambda q: q.error_gain),
    "of the purity": _change(lambda q: q.purity_gain, digits=2),
    "disagreement": _each(lambda _, q: between(q.disagreement)),
    "its change": _change(lambda q: q.disagreement_gain, scale=1),
    "worst seed": _each(lambda _, q: percent(q.worst)),
    "failed": _each(lambda _, q: str(q.failed)),
}
COST: dict[str, Column] = {
    "solves": _each(lambda m, _: f"{m.solves:g}"),
    "ms": _each(lambda m, _: f"{1e3 * m.seconds_per_frame:.0f}"),
}
LIMITS = (
    "What this can and cannot say: *no difference shown* is no equivalence. The scale of a method "
    "was chosen by one seed after a short training, the learning rate for the first method, and "
    "both serve all of its trainings, so that a method that loses here may win with settings of "
    "its own. What is said of pat and blackbox is about the shifts of costs of these trainings, "
    "not about the published ones, which stand beside them in the section on the strength."
)


def write_page(study: StudyConfig, summary: Summary, path: Path) -> None:
    """Writes the page and, in the folder ``images`` beside it, its figure."""
    figure = path.parent / "images" / f"{path.stem}.png"
    draw_study(summary, figure, density=study.judged_at[0])
    with replacing(path) as partial:
        partial.write_text("\n".join(_page(study, summary, figure)) + "\n", encoding="utf-8")


def _page(study: StudyConfig, summary: Summary, figure: Path) -> Iterator[str]:
    methods, first = summary.methods, study.judged_at[0]
    yield from ("# Which estimator, and is it worth it?", "", _introduction(study), "")
    yield from ("## Answer", "", LIMITS, "", COVERAGE, "")
    for density in study.judged_at:
        yield from quality_sentences(methods, density)
    yield from stability_sentences(methods, first)
    yield cost_sentence(methods, first)
    yield from ("", f"![Errors of all methods, and against the shift](images/{figure.name})", "")
    yield from ("## All methods", "", _explanation(study))
    for density in study.judged_at:
        columns = QUALITY | (COST if density == first else {})
        yield from ("", *_table(methods, density, columns))
    yield from ("", "## Other metrics", "")
    yield f"In % at {first} p+/F, each at 0.5 / tuned / card, means over the seeds."
    yield from (
        "",
        *_table(methods, first, {name.replace("_", " "): _three_ways(name) for name in SHOWN}),
    )
    yield from ("", "## The strength of blackbox interpolation", "", _of_ladder(study), "")
    yield from ladder_sentences(summary.ladder)
    yield from ("", *_ladder_table(summary))
    yield from ("", "## Search of the scales", "", _of_search(study), "")
    yield from (*_search_table(summary), "", search_sentence(summary))


def _introduction(study: StudyConfig) -> str:
    optimiser = study.optimiser
    return (
        f"Each method trains the network {study.network.kind} with {len(study.seeds)} seeds, "
        f"{optimiser.steps:,} steps of {optimiser.graphs_per_step} frame(s) of "
        f"{study.per_frame} p+/F, {optimiser.kind} {optimiser.learning_rate:g}; the last weights "
        "count. Methods differ in their loss only, and in what decides in it; they see the same "
        "frames in the same order, with the same learning rate. The last "
        f"{100 * study.held_out:g} % of the training events are held out: they choose the scale of "
        "a method, and the threshold of every training, by the same rule for all. The figures are "
        f"of {listing(study.judged)}. Regenerate with `python -m studies.estimators`."
    )


def _explanation(study: StudyConfig) -> str:
    first = study.methods[0].name
    return (
        "Errors are wrong decisions / candidate edges in %, mean over frames; decided with the "
        "tuned threshold, with the threshold 0.5, or by the published assignment (card), where "
        "tracks end only where they must. All further columns are of the tuned threshold; purity "
        f"and efficiency as published. Changes are differences to {first}, paired over seeds and "
        "frames, with a 95 % interval of the single comparison and p raw / corrected by Holm for "
        "all methods of the column; bold, and called more or fewer above, if the corrected p is "
        "below 0.05. Disagreement is of pairs of seeds, min-max normalised: 0 if one of them makes "
        "all errors of the other, 1 if they have none in common. "
        f"A seed fails with more than {FAILED:g} times the "
        "median error of all trainings. Solves and milliseconds are of a frame of the training, "
        "the latter of the fastest seed."
    )


def _of_ladder(study: StudyConfig) -> str:
    return (
        f"Trainings of {study.search_steps:,} steps with {len(study.ladder.seeds)} seeds a "
        "strength, judged as above. A published strength λ shifts costs by λ |g|, with the "
        "gradient g of the loss for a decision, which depends on the number of edges of the frame; "
        "a corrected one is the largest shift itself."
    )


def _of_search(study: StudyConfig) -> str:
    return (
        f"Held-out errors in % after {study.search_steps:,} steps with the seed {study.seeds[0]}, "
        "with the tuned threshold; the lowest decides. One seed tells scales apart only where "
        "they differ by more than seeds do."
    )


def _table(methods: Sequence[Method], density: int, columns: Mapping[str, Column]) -> Iterator[str]:
    yield f"| {density} p+/F | {' | '.join(columns)} |"
    yield "|---|" + "---|" * len(columns)
    rows = zip(*(column(methods, density) for column in columns.values()), strict=True)
    for method, row in zip(methods, rows, strict=True):
        yield _line(method.name, row)


def _three_ways(name: str) -> Column:
    digits = 3 if name == "edge_fpr" else 2
    return _each(
        lambda _, quality: " / ".join(
            percent(quality.metrics[way][name], digits=digits) for way in DECISIONS
        )
    )


def _ladder_table(summary: Summary) -> Iterator[str]:
    yield "| method | strength | largest shift | error tuned | at 0.5 | card | disagreement |"
    yield "|---|" + "---|" * 6
    for step in summary.ladder:
        errors = [percent(step.edge_error[way].value) for way in ("tuned", "half", "card")]
        cells = [f"{step.strength:g}", f"{step.shift:.2g}", *errors, between(step.disagreement)]
        yield _line(step.method, cells)


def _search_table(summary: Summary) -> Iterator[str]:
    yield "| method | scale | held-out error | threshold of each seed |"
    yield "|---|---|---|---|"
    for method in summary.methods:
        tried = summary.searches.get(method.name, [])
        errors = ", ".join(f"{value:g}: {percent(error)}" for value, error in tried)
        scale = "" if method.searched is None else f"{method.searched} {method.scale:g}"
        rejects = ", ".join(f"{reject:.3f}" for reject in method.reject)
        yield _line(method.name, [scale, errors, rejects])


def _line(first: str, cells: Sequence[str]) -> str:
    return f"| {first} | {' | '.join(cells)} |"
