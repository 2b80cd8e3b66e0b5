"""Files of a finished study -> the figures of its page."""

from pathlib import Path
from typing import NamedTuple

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.connections import (
    Connection,
    Distance,
    Paths,
    read_paths,
    summarise_connections,
    summarise_distances,
)
from studies.loss_landscape.family import Family, families
from studies.loss_landscape.flatness import (
    Flatness,
    read_plane,
    summarise_flatness,
)
from studies.loss_landscape.likeness import (
    Likeness,
    Measures,
    read_measures,
    summarise_likeness,
)
from studies.loss_landscape.plan import all_runs, measured_folder
from studies.loss_landscape.quality import (
    Reached,
    read_all_decided,
    summarise_quality,
)
from studies.loss_landscape.significance import (
    Significance,
    Trend,
    summarise_tests,
    summarise_trend,
)
from trackscape.landscape.surface import Surface


class Compared(NamedTuple):
    """All pairs of the trainings of one kind of network."""

    family: Family
    connections: list[Connection]
    distances: list[Distance]
    likeness: list[Likeness]
    tests: list[Significance]
    trend: Trend | None
    paths: Paths
    """What pictures show, pair by pair."""
    measures: Measures
    """The same."""


class Summary(NamedTuple):
    """Everything that the page shows."""

    reached: list[Reached]
    """Of each setting, as for what follows."""
    flatness: list[Flatness]
    planes: dict[str, Surface]
    """Around the first seed of each setting."""
    compared: list[Compared]
    """Of each kind of network; the first is the published one."""

    @property
    def published(self) -> Compared:
        """The network that the published figures are of."""
        return self.compared[0]


def summarise_study(study: StudyConfig, *, runs: Path) -> Summary:
    """Reads the folder of the measures of a finished study.

    Raises:
        RunError: If a measure is not finished.
    """
    folder, trainings = measured_folder(study, runs), all_runs(study)
    decided = read_all_decided(study, trainings, folder)
    found: list[Compared] = []
    for family in families(study):
        paths, measures = read_paths(family, folder), read_measures(family, decided, folder)
        found.append(
            Compared(
                family=family,
                connections=summarise_connections(family, paths),
                distances=summarise_distances(family, paths),
                likeness=summarise_likeness(family, decided, measures),
                tests=summarise_tests(family, measures),
                trend=summarise_trend(family, decided),
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
