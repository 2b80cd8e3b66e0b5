"""Losses of edges: what the paper minimises."""

from collections.abc import Callable

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from trackscape.data import HitGraph


def hamming_loss(chosen: Tensor, label: Tensor) -> Tensor:
    """Mean share of wrong decisions, p (1 - y) + (1 - p) y, of decisions p and labels y (E,)."""
    return (chosen * (1 - label) + (1 - chosen) * label).mean()


def cross_entropy_loss(logit: Tensor, label: Tensor) -> Tensor:
    """Mean binary cross-entropy of logits (E,) and labels (E,)."""
    return binary_cross_entropy_with_logits(logit, label)


def by_region(
    loss: Callable[[Tensor, Tensor], Tensor], prediction: Tensor, label: Tensor, *, graph: HitGraph
) -> Tensor:
    """Mean over the tracker edges + mean over the calorimeter edges, as published.

    The two regions weigh the same although the calorimeter has most edges. A region without edges
    adds nothing.
    """
    # Edges are ordered by layer, so that those of the tracker come first.
    n_tracker = int(graph.touches_tracker.sum())
    regions = [slice(0, n_tracker), slice(n_tracker, graph.n_edges)]
    return sum(
        (loss(prediction[part], label[part]) for part in regions if part.start < part.stop),
        start=prediction.sum() * 0,
    )
