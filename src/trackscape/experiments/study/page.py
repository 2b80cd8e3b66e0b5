"""Figures of a study -> its page: the answer, the table, and how it was found."""

from collections.abc import Callable, Iterator
from pathlib import Path

from trackscape.experiments.study.answer import (
    cost_sentence,
    ladder_sentences,
    quality_sentences,
    search_sentence,
    stability_sentences,
)
from trackscape.experiments.study.config import StudyConfig
from trackscape.experiments.study.figure import draw_study
from trackscape.experiments.study.statistics import FAILED
from trackscape.experiments.study.summary import DECISIONS, SHOWN, Method, Quality, Summary
from trackscape.experiments.study.words import listing, percent, plain, signed
from trackscape.files import replacing

Column = Callable[[Method, Quality], str]
QUALITY: dict[str, Column] = {
    "error tuned": lambda _, q: percent(q.edge_error["tuned"].value),
    "at 0.5": lambda _, q: percent(q.edge_error["half"].value),
    "card": lambda _, q: percent(q.edge_error["card"].value),
    "purity / efficiency": lambda _, q: (
        f"{percent(q.metrics['tuned']['purity'], digits=2)} / "
        f"{percent(q.metrics['tuned']['efficiency'], digits=2)}"
    ),
    "change of the error": lambda _, q: signed(q.error_gain),
    "of the purity": lambda _, q: signed(q.purity_gain, digits=2),
    "disagreement": lambda _, q: plain(q.disagreement),
    "its change": lambda _, q: signed(q.disagreement_gain, scale=1),
    "worst seed": lambda _, q: percent(q.worst),
    "failed": lambda _, q: str(q.failed),
}
CHANGES = ("change of the error", "of the purity", "its change")
"""Columns with differences to the first method."""
COST: dict[str, Column] = {
    "solves": lambda m, _: f"{m.solves:g}",
    "ms": lambda m, _: f"{1e3 * m.seconds_per_frame:.0f}",
}


def write_page(study: StudyConfig, summary: Summary, path: Path) -> None:
    """Writes the page and, in the folder ``images`` beside it, its figure."""
    figure = path.parent / "images" / f"{path.stem}.png"
    draw_study(summary, figure, density=study.judged_at[0])
    with replacing(path) as partial:
        partial.write_text("\n".join(_page(study, summary, figure)) + "\n", encoding="utf-8")


def _page(study: StudyConfig, summary: Summary, figure: Path) -> Iterator[str]:
    methods, first = summary.methods, study.judged_at[0]
    yield from ("# Which estimator, and is it worth it?", "", _introduction(study), "")
    yield from ("## Answer", "")
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
        f"of {listing(study.judged)}. Regenerate with `python -m trackscape.experiments.study`."
    )


def _explanation(study: StudyConfig) -> str:
    first = study.methods[0].name
    return (
        "Errors are wrong decisions / candidate edges in %, mean over frames; decided with the "
        "tuned threshold, with the threshold 0.5, or by the published assignment (card), where "
        "tracks end only where they must. All further columns are of the tuned threshold; purity "
        f"and efficiency as published. Changes are differences to {first}, paired over seeds and "
        "frames, with a 95 % bootstrap interval over both, bold if it excludes 0; the intervals "
        "are of single comparisons. Disagreement is of pairs of seeds, min-max normalised: 0 if "
        "one of them makes all errors of the other, 1 if they have none in common. "
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


def _table(methods: list[Method], density: int, columns: dict[str, Column]) -> Iterator[str]:
    yield f"| {density} p+/F | {' | '.join(columns)} |"
    yield "|---|" + "---|" * len(columns)
    for number, method in enumerate(methods):
        cells = [column(method, method.quality[density]) for column in columns.values()]
        if not number:  # it is not compared with itself
            cells = [
                "" if name in CHANGES else cell for name, cell in zip(columns, cells, strict=True)
            ]
        yield _line(method.name, cells)


def _three_ways(name: str) -> Column:
    digits = 3 if name == "edge_fpr" else 2
    return lambda _, quality: " / ".join(
        percent(quality.metrics[way][name], digits=digits) for way in DECISIONS
    )


def _ladder_table(summary: Summary) -> Iterator[str]:
    yield "| method | strength | largest shift | error tuned | at 0.5 | card | disagreement |"
    yield "|---|" + "---|" * 6
    for step in summary.ladder:
        errors = [percent(step.edge_error[way].value) for way in ("tuned", "half", "card")]
        cells = [f"{step.strength:g}", f"{step.shift:.2g}", *errors, plain(step.disagreement)]
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


def _line(first: str, cells: list[str]) -> str:
    return f"| {first} | {' | '.join(cells)} |"
