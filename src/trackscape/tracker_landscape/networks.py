"""Names of weights -> networks: a shipped method, or a file of a training."""

import os
from collections.abc import Sequence
from pathlib import Path

import torch

from trackscape.errors import LandscapeError, WeightsError
from trackscape.scoring import METHODS, Scorer, TrackModel, load_method, load_network
from trackscape.tracker_landscape.problem import LossName


def load_weights(name: str) -> Scorer:
    """Returns the network of a shipped method or of a safetensors file, in evaluation mode.

    Raises:
        WeightsError: It is neither.
    """
    if name in METHODS:
        return load_method(name)
    if not os.path.exists(name):  # also where the name is too long for one
        raise WeightsError(
            f"{name}: expected a file of weights or a method of {', '.join(METHODS)}, but there is "
            "no such file."
        )
    return load_network(Path(name))


def load_several(names: Sequence[str]) -> list[Scorer]:
    """Returns networks of one architecture with different weights.

    Raises:
        LandscapeError: Two architectures, or equal weights.
        WeightsError: One of them is no network.
    """
    scorers = [load_weights(name) for name in names]
    for name, scorer in zip(names[1:], scorers[1:], strict=True):
        if type(scorer) is not type(scorers[0]) or scorer.sizes != scorers[0].sizes:
            raise LandscapeError(
                f"{name}: expected a network like that of {names[0]}, {describe(scorers[0])}, got "
                f"{describe(scorer)}; name weights of the same architecture."
            )
    for place, scorer in enumerate(scorers):
        for name, other in zip(names[:place], scorers[:place], strict=True):
            if _equal(scorer, other):
                raise LandscapeError(
                    f"{names[place]}: expected other weights than those of {name}, but they are "
                    "equal; name two trainings."
                )
    return scorers


def describe(scorer: Scorer) -> str:
    """Returns the architecture of a network in words."""
    sizes = ", ".join(f"{name} {size}" for name, size in scorer.sizes.items())
    return f"{type(scorer).__name__} ({sizes})"


def default_losses(scorer: Scorer) -> tuple[LossName, ...]:
    """Returns what a network is trained by, and the wrong decisions."""
    return ("likelihood" if isinstance(scorer, TrackModel) else "bce", "hamming")


def fast_gradient(scorer: Scorer, loss: LossName) -> bool:
    """Whether the compiled path of a network differentiates a loss, once.

    Compiled beliefs carry the gradient of the log partition only.
    """
    return loss == "likelihood" or not isinstance(scorer, TrackModel)


def _equal(first: Scorer, second: Scorer) -> bool:
    values = second.state_dict()
    return all(torch.equal(value, values[name]) for name, value in first.state_dict().items())
