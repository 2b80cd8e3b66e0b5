"""Files of a finished study -> the numbers of its page."""

from pathlib import Path
from typing import NamedTuple

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.connections import (
    Connection,
    Distance,
    Paths,
    Search,
    read_paths,
    summarise_connections,
    summarise_distances,
    summarise_searches,
)
from studies.loss_landscape.decisions import Reached, read_all_decided, summarise_quality
from studies.loss_landscape.plan import ModelGroup, all_runs, measured_folder, model_groups
from studies.loss_landscape.planes import Flatness, read_plane, summarise_flatness
from studies.loss_landscape.significance import (
    Significance,
    Trend,
    summarise_tests,
    summarise_trend,
)
from studies.loss_landscape.similarity import (
    Measures,
    Similarity,
    read_measures,
    summarise_similarity,
)
from trackscape.landscape import Surface


class Compared(NamedTuple):
    """All pairs of the trainings of one kind of network."""

    models: ModelGroup
    connections: list[Connection]
    distances: list[Distance]
    searches: list[Search]
    similarity: list[Similarity]
    tests: list[Significance]
    trend: Trend | None
    paths: Paths
    """Losses on paths, pair by pair."""
    measures: Measures
    """Disagreement and CKA, pair by pair."""


class Summary(NamedTuple):
    """Everything that the page shows."""

    reached: list[Reached]
    """Quality of each setting."""
    flatness: list[Flatness]
    """Planes of each setting, in numbers."""
    planes: dict[str, Surface]
    """Plane around the first seed of each setting."""
    compared: list[Compared]
    """Pairs of each kind of network; the first is the published one."""

    @property
    def published(self) -> Compared:
        """Pairs of the published network."""
        return self.compared[0]


def summarise_study(study: StudyConfig, *, runs: Path) -> Summary:
    """Reads the folder of the measures of a finished study.

    Raises:
        RunError: If a measure is not finished.
    """
    folder, trainings = measured_folder(study, runs), all_runs(study)
    decided = read_all_decided(study, trainings, folder)
    found: list[Compared] = []
    for models in model_groups(study):
        paths, measures = read_paths(study, models, folder), read_measures(models, decided, folder)
        found.append(
            Compared(
                models=models,
                connections=summarise_connections(models, paths),
                distances=summarise_distances(models, paths),
                searches=summarise_searches(models, paths),
                similarity=summarise_similarity(models, decided, measures),
                tests=summarise_tests(models, measures),
                trend=summarise_trend(models, decided),
                paths=paths,
                measures=measures,
            )
        )
    first = study.seeds[0]
    return Summary(
        reached=summarise_quality(study, trainings, decided, folder),
        flatness=summarise_flatness(study, trainings, folder),
        planes={run.setting: read_plane(run, folder) for run in trainings if run.seed == first},
        compared=found,
    )
