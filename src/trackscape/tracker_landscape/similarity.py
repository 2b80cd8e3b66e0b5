"""Two networks of one architecture -> what their layers have in common, and their decisions."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from trackscape.landscape import Problem, similarity
from trackscape.scoring import Scorer
from trackscape.tracker_landscape.config import LandscapeConfig, check_endings, load_several
from trackscape.tracker_landscape.outputs import write_numbers, write_outputs
from trackscape.training import Example

_ENDINGS = (".json",)
ACTIVATIONS = (nn.LeakyReLU, nn.SiLU)
ROWS, BATCH = 2048, 256
"""Segments or messages of each frame of which features are kept, and those of a minibatch."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkSimilarity:
    """How alike two networks are."""

    layers: dict[str, similarity.Similarity]
    """Linear CKA of each activation, and of the end of each block."""
    errors: tuple[float, float]
    """Wrong decisions / edges of both, over all frames."""
    differing: float
    """Share of the edges that they decide differently."""
    disagreement: float
    """Differing share on a scale from the least, 0, to the most, 1, that these errors allow."""
    by_chance: float
    """Disagreement of networks with independent errors."""

    def as_dict(self) -> dict[str, Any]:
        """Returns all in plain values."""
        return dataclasses.asdict(self) | {
            "layers": {name: each._asdict() for name, each in self.layers.items()}
        }


def compare_networks(
    config: LandscapeConfig, weights: tuple[str, str], *, outputs: Sequence[Path] = ()
) -> NetworkSimilarity:
    """Compares two networks on the same frames, and writes JSON.

    Raises:
        LandscapeError: Two architectures, or equal weights.
    """
    check_endings(outputs, known=_ENDINGS)
    scorers = load_several(weights, network=config.network)
    # The compiled path calls no layers whose features could be looked at.
    problems = [
        config.problem(scorer, losses=["cross_entropy"], twice_differentiable=True)
        for scorer in scorers
    ]
    features = [
        similarity.layer_features(
            problem.model,
            problem.batches,
            compared_layers(problem.model),
            apply_network,
            rows=ROWS,
            seed=config.seed,
        )
        for problem in problems
    ]
    label = torch.cat([example.label for example in problems[0].batches]) > 0
    chosen = [decisions(config, scorer, problems[0]) for scorer in scorers]
    first, second = (similarity.differing_share(each, label) for each in chosen)
    differ = similarity.differing_share(*chosen)
    chance = similarity.chance_share(error_a=first, error_b=second)
    found = NetworkSimilarity(
        layers=similarity.layer_cka(*features, batch=BATCH, seed=config.seed),
        errors=(first.item(), second.item()),
        differing=differ.item(),
        disagreement=similarity.disagreement(differ, error_a=first, error_b=second).item(),
        by_chance=similarity.disagreement(chance, error_a=first, error_b=second).item(),
    )
    content = found.as_dict() | {"origin": config.origin(*weights)}
    write_outputs(outputs, writers={".json": lambda path: write_numbers(path, content)})
    return found


def compared_layers(model: nn.Module) -> list[str]:
    """Returns the names of the activations, and of the last layer of each block, in their order."""
    blocks = [block for block in model.modules() if isinstance(block, nn.Sequential)]
    ends = {child for block in blocks for child in list(block)[-1:]}
    return [
        name
        for name, layer in model.named_modules()
        if isinstance(layer, ACTIVATIONS) or layer in ends
    ]


def apply_network(scorer: nn.Module, example: Example) -> object:
    """Applies a network to a frame."""
    return scorer(example.graph)


@torch.no_grad()
def decisions(config: LandscapeConfig, scorer: Scorer, problem: Problem) -> Bool[Tensor, " edges"]:
    """Returns which edges of all frames a network chooses."""
    return torch.cat(
        [config.assigner(scorer(example.graph)).selected for example in problem.batches]
    )
