"""Layers and decisions of all pairs of trainings -> how alike the groups of pairs are."""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from studies.agreement import Choices, compare_choices
from studies.loss_landscape.family import Family
from studies.loss_landscape.files import read_json
from studies.loss_landscape.quality import Decided
from trackscape.landscape.similarity import chance_share, disagreement
from trackscape.statistics import Interval


class Likeness(NamedTuple):
    """Of one group of pairs."""

    network: str
    group: str
    disagreement: dict[str, Interval]
    """Min-max normalised, mean over pairs, by way to decide."""
    chance: dict[str, float]
    """What trainings with independent errors would have in its place."""
    differing: dict[str, Interval]
    """Share of the edges that are decided differently."""
    layers: dict[str, Interval]
    """CKA by module: mean over pairs of the median over layers."""


class Measures(NamedTuple):
    """Of all Q pairs of a family."""

    disagreement: dict[str, Tensor]
    """(Q,) by way to decide."""
    layers: dict[str, dict[str, Tensor]]
    """(Q,) CKA by module and layer."""

    def module(self, name: str) -> Tensor:
        """(Q,) Median over the layers of a module."""
        return torch.stack(list(self.layers[name].values())).quantile(0.5, dim=0)


def read_measures(family: Family, decided: Decided, folder: Path) -> Measures:
    """Returns the measures of all pairs.

    Raises:
        RunError: The layers were not compared.
    """
    content = read_json(folder / f"{family.runs[0].setting}-layers.json")
    layers: dict[str, dict[str, Tensor]] = {}
    for layer in content[family.pairs[0].name]:
        values = [content[pair.name][layer]["value"] for pair in family.pairs]
        module = layers.setdefault(layer.partition(".")[0], {})
        module[layer] = torch.tensor(values, dtype=torch.float64)
    ways = next(iter(decided.values()))
    found = {way: over_all_frames(choices_of(family, decided, way)) for way in ways}
    return Measures(found, layers)


def summarise_likeness(family: Family, decided: Decided, measures: Measures) -> list[Likeness]:
    """Returns a summary of each group of pairs."""
    choices = {way: choices_of(family, decided, way) for way in measures.disagreement}
    weights = family.weigh(len(next(iter(choices.values())).edges))
    # Each (R, Q), or (1, Q) where frames play no part.
    disagreements = {way: each.disagreements(weights.frames) for way, each in choices.items()}
    differing = {way: _differing(each, weights.frames) for way, each in choices.items()}
    layers = {name: measures.module(name)[None] for name in measures.layers}

    def means(of: dict[str, Tensor], chosen: Tensor) -> dict[str, Interval]:
        return {
            name: weights.interval(weights.mean(each, pairs=family.indices, chosen=chosen))
            for name, each in of.items()
        }

    return [
        Likeness(
            network=family.network,
            group=group,
            disagreement=means(disagreements, chosen),
            chance={way: float(_by_chance(each)[chosen].mean()) for way, each in choices.items()},
            differing=means(differing, chosen),
            layers=means(layers, chosen),
        )
        for group, chosen in family.groups().items()
    ]


def choices_of(family: Family, decided: Decided, way: str) -> Choices:
    """Returns where the trainings of a family differ."""
    judged = [decided[run.name][way] for run in family.runs]
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
