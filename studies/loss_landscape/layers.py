"""Trainings -> how alike their layers are."""

import itertools
from pathlib import Path

from torch import Tensor

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.material import (
    Places,
    frames_of,
    network_of,
    problem_of,
)
from studies.loss_landscape.plan import Run
from trackscape.files import write_json
from trackscape.landscape.similarity import layer_cka, layer_features
from trackscape.tracker_landscape.similarity import apply_network, compared_layers

PASSES = 2


def compare_layers(study: StudyConfig, runs: list[Run], places: Places, folder: Path) -> None:
    """Writes ``<first setting>-layers.json``: CKA of each layer, for all pairs of a network."""
    features = {run.name: _features(study, run, places) for run in runs}
    found = {
        f"{first}--{second}": {
            name: value._asdict()
            for name, value in layer_cka(
                features[first], features[second], batch=study.similarity.rows, passes=PASSES
            ).items()
        }
        for first, second in itertools.combinations(features, 2)
    }
    write_json(folder / f"{runs[0].setting}-layers.json", found)


def _features(study: StudyConfig, run: Run, places: Places) -> dict[str, Tensor]:
    """What activations, and the ends of blocks, are on the same frames for all."""
    settings = study.similarity
    frames = frames_of(study, study.judged, settings.frames, data=places.data)
    scorer = network_of(run, places.runs)
    # The compiled path calls no layers that could be looked at.
    problem = problem_of(study, run, scorer, frames, twice_differentiable=True)
    return layer_features(
        problem.model,
        problem.batches,
        compared_layers(problem.model),
        apply_network,
        rows=settings.rows * settings.minibatches // settings.frames,
    )
