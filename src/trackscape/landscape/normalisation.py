"""What BatchNorm does while weights move: nothing, keep up, or look at each batch."""

from collections.abc import Iterator
from typing import Literal, get_args

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from trackscape.errors import LandscapeError

NormPolicy = Literal["frozen", "recomputed", "batch"]
"""``frozen``: the stored statistics at every point, as a trained model is used. ``recomputed``: at
each point, those of all batches there. ``batch``: those of each batch, as in a training."""


def check_policy(policy: str) -> None:
    """Raises a LandscapeError for a policy that does not exist."""
    if policy not in get_args(NormPolicy):
        raise LandscapeError(
            f"Expected BatchNorm to be {', '.join(get_args(NormPolicy))}, got {policy!r}."
        )


def norm_layers(module: nn.Module) -> list[_BatchNorm]:
    """Returns the layers with running statistics."""
    return [
        layer
        for layer in module.modules()
        if isinstance(layer, _BatchNorm) and layer.track_running_stats
    ]


def use_batch_statistics(layers: list[_BatchNorm]) -> None:
    """Makes layers normalise by the batch at hand and leave their running statistics alone."""
    for layer in layers:
        layer.train()
        layer.momentum = 0.0


def recomputing(layers: list[_BatchNorm], samples: list[float]) -> Iterator[int]:
    """Yields the number of each batch, to be evaluated once; then the statistics are theirs.

    They are means over batches, weighted by the samples: batch b moves them by its share of the
    samples so far. Variances are means of those of the batches, as in PyTorch's training.
    """
    seen = 0.0
    for layer in layers:
        layer.reset_running_stats()
        layer.train()
    for number, weight in enumerate(samples):
        seen += weight
        for layer in layers:
            layer.momentum = weight / seen
        yield number
    for layer in layers:
        layer.eval()
