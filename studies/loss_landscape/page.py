"""Summary of a study -> its page with tables and figures."""

from collections.abc import Iterator
from pathlib import Path

from studies.loss_landscape import texts
from studies.loss_landscape.answer import (
    Finding,
    of_connections,
    of_layers,
    of_methods,
    of_quality,
    of_seeds,
    of_strength,
    sentences,
)
from studies.loss_landscape.beyond import beyond
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.figures import PICTURES, draw_figures
from studies.loss_landscape.summary import Compared, Summary
from studies.loss_landscape.tables import (
    barrier_table,
    comparison_table,
    connection_table,
    decision_table,
    flatness_table,
    layer_table,
    norm_table,
    quality_table,
)
from trackscape.files import replacing


def write_page(study: StudyConfig, summary: Summary, path: Path) -> None:
    """Writes the page and, in the folder ``images`` beside it, its figures."""
    draw_figures(summary, path.parent / "images", stem=path.stem)
    with replacing(path) as partial:
        partial.write_text("\n".join(_page(study, summary, path.stem)) + "\n", encoding="utf-8")


def _page(study: StudyConfig, summary: Summary, stem: str) -> Iterator[str]:
    pictures = {name: f"images/{stem}_{name}.png" for name in PICTURES}
    main = summary.published
    connections = [each for compared in summary.compared for each in compared.connections]
    yield from ("# The loss landscape of trackers", "", texts.of_trainings(study), "")
    yield from ("## What of the published findings holds", "", texts.of_verdicts(study), "")
    yield from sentences(findings(study, summary))
    yield from ("", "## What was not asked", "")
    likeness = [each for compared in summary.compared for each in compared.likeness]
    names = [setting.name for setting in study.settings]
    yield from beyond(connections, likeness, names)
    yield from ("", "## What the trainings reach", "", texts.of_quality(study), "")
    yield from quality_table(summary.reached)
    yield from (
        "",
        "## Planes along the top eigenvectors of the Hessian",
        "",
        texts.of_planes(study),
    )
    yield from ("", f"![Planes around a training of each setting]({pictures['planes']})", "")
    yield from (*flatness_table(summary.flatness), "")
    yield from ("## Between trainings", "", texts.of_curves(study), "")
    yield from (f"![Losses between trainings]({pictures['profiles']})", "")
    yield from (*connection_table(connections), "", *_barriers(summary), "")
    yield texts.NORM
    yield from ("", *norm_table(summary.flatness, main.connections), "")
    yield from ("## What layers compute", "", texts.of_layers(study), "")
    yield from (f"![Similarity of layers]({pictures['layers']})", "")
    for compared in summary.compared:
        yield from (*layer_table(compared.likeness), "")
    yield from ("## What is decided", "", texts.of_decisions(study), "")
    yield from (f"![Disagreement of all pairs]({pictures['decisions']})", "")
    yield from decision_table(likeness)
    yield from (
        "",
        *_tests(main),
        "## Differences that follow from faults of the published analysis",
        "",
    )
    yield from texts.FAULTS


def findings(study: StudyConfig, summary: Summary) -> list[Finding]:
    """Returns what becomes of each published finding."""
    main = summary.published
    first, through = study.settings[0].name, main.family.of_loss("pat")
    reached = [each for each in summary.reached if each.setting in through]
    return [
        *(of_quality(first, reached, way) for way in ("own", "tuned")),
        of_connections(main.connections),
        *(of_seeds(main.likeness, main.family.settings, way) for way in ("own", "tuned")),
        *(of_methods(main.tests, first, way) for way in ("own", "tuned")),
        *(of_strength(main.trend, way) for way in ("own", "tuned")),
        of_layers(main.tests, "R1", first),
    ]


def _barriers(summary: Summary) -> Iterator[str]:
    yield texts.BARRIERS
    yield ""
    connections = [each for compared in summary.compared for each in compared.connections]
    distances = [each for compared in summary.compared for each in compared.distances]
    yield from barrier_table(connections, distances)


def _tests(compared: Compared) -> Iterator[str]:
    if not compared.tests:
        return
    least = max(test.least for test in compared.tests)
    yield texts.of_tests(least)
    yield from ("", *comparison_table(compared.tests), "")
