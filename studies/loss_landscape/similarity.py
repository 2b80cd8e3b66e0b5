"""Trainings -> how similar their layers and decisions are, pair by pair and group by group."""

import itertools
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from studies.agreement import Choices, compare_choices
from studies.decisions import read_result
from studies.intervals import Interval
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.decisions import Decided
from studies.loss_landscape.inputs import (
    Places,
    frames_of,
    network_of,
    problem_of,
)
from studies.loss_landscape.plan import ModelGroup, Run
from trackscape.files import write_json
from trackscape.landscape.similarity import chance_share, disagreement, layer_cka, layer_features
from trackscape.tracker_landscape import apply_network, compared_layers

PASSES = 2
"""Passes over the rows, in other minibatches each time."""


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
    """Activations, and outputs of blocks, on the same frames for all."""
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


class Similarity(NamedTuple):
    """Similarity of one group of pairs."""

    network: str
    group: str
    disagreement: dict[str, Interval]
    """Min-max normalised disagreement, mean over pairs, by decision rule."""
    chance: dict[str, float]
    """Disagreement of trainings with independent errors, by decision rule."""
    differing: dict[str, Interval]
    """Share of the edges that are decided differently, by decision rule."""
    layers: dict[str, Interval]
    """CKA by module: mean over pairs of the median over its layers."""


class Measures(NamedTuple):
    """Measures of all Q pairs of a model group."""

    disagreement: dict[str, Tensor]
    """(Q,) Disagreement by decision rule."""
    layers: dict[str, dict[str, Tensor]]
    """(Q,) CKA by module and layer."""

    def module(self, name: str) -> Tensor:
        """(Q,) Median over the layers of a module."""
        return torch.stack(list(self.layers[name].values())).quantile(0.5, dim=0)


def read_measures(models: ModelGroup, decided: Decided, folder: Path) -> Measures:
    """Returns the measures of all pairs.

    Raises:
        RunError: The layers were not compared.
    """
    content = read_result(folder / f"{models.runs[0].setting}-layers.json")
    layers: dict[str, dict[str, Tensor]] = {}
    for layer in content[models.pairs[0].name]:
        values = [content[pair.name][layer]["value"] for pair in models.pairs]
        module = layers.setdefault(layer.partition(".")[0], {})
        module[layer] = torch.tensor(values, dtype=torch.float64)
    rules = next(iter(decided.values()))
    found = {rule: over_all_frames(choices_of(models, decided, rule)) for rule in rules}
    return Measures(found, layers)


def summarise_similarity(
    models: ModelGroup, decided: Decided, measures: Measures
) -> list[Similarity]:
    """Returns a summary of each group of pairs."""
    choices = {rule: choices_of(models, decided, rule) for rule in measures.disagreement}
    weights = models.resample(len(next(iter(choices.values())).edges))
    # Each (R, Q), or (1, Q) where frames play no part.
    disagreements = {rule: each.disagreements(weights.frames) for rule, each in choices.items()}
    differing = {rule: _differing(each, weights.frames) for rule, each in choices.items()}
    layers = {name: measures.module(name)[None] for name in measures.layers}

    def means(of: dict[str, Tensor], chosen: Tensor) -> dict[str, Interval]:
        return {
            name: weights.interval(weights.mean(each, pairs=models.indices, chosen=chosen))
            for name, each in of.items()
        }

    return [
        Similarity(
            network=models.network,
            group=group,
            disagreement=means(disagreements, chosen),
            chance={rule: float(_by_chance(each)[chosen].mean()) for rule, each in choices.items()},
            differing=means(differing, chosen),
            layers=means(layers, chosen),
        )
        for group, chosen in models.groups().items()
    ]


def choices_of(models: ModelGroup, decided: Decided, rule: str) -> Choices:
    """Returns where the trainings of a model group differ."""
    judged = [decided[run.name][rule] for run in models.runs]
    return compare_choices(
        [each.chosen for each in judged],
        wrong=torch.stack([each.wrong for each in judged]),
        edges=judged[0].edges,
    )


def over_all_frames(choices: Choices) -> Tensor:
    """Returns the disagreement of each pair over all frames, (Q,)."""
    return choices.disagreements(torch.ones(1, len(choices.edges), dtype=torch.float64))[0]


def _differing(choices: Choices, weight: Tensor) -> Tensor:
    """(R, Q) Share of the edges of frames with weights (R, F)."""
    return weight @ choices.differ.T / (weight @ choices.edges)[:, None]


def _by_chance(choices: Choices) -> Tensor:
    """(Q,) Disagreement of independent errors as frequent as these."""
    error = choices.wrong.sum(dim=1) / choices.edges.sum()
    a, b = (error[each] for each in choices.pairs.T)
    return disagreement(chance_share(error_a=a, error_b=b), error_a=a, error_b=b)
