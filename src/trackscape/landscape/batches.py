"""What a problem takes for batches, and how much each of them counts."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from trackscape.errors import LandscapeError


def check_batches(batches: Any) -> None:
    """A batch is asked for by its number, again and again: iterators and loaders cannot do that."""
    if not (hasattr(batches, "__getitem__") and hasattr(batches, "__len__")) or isinstance(
        batches, (str, bytes, Mapping, Tensor)
    ):
        raise LandscapeError(
            f"Expected a sequence of batches in memory, got {type(batches).__name__}; pass a list, "
            "such as list(loader) of a DataLoader that does not shuffle, or [batch]."
        )
    if len(batches) == 0:
        raise LandscapeError("Expected at least one batch, got none.")


def count_samples(batch: Any) -> float:
    """Returns the length of a tensor, or of the first one of a tuple or list.

    Raises:
        LandscapeError: There is no such tensor.
    """
    first = batch[0] if isinstance(batch, (tuple, list)) and batch else batch
    if not isinstance(first, Tensor) or first.ndim == 0:
        raise LandscapeError(
            f"Expected batches that begin with a tensor of samples, got {type(batch).__name__}; "
            "pass samples=, a function that returns how many samples a batch has."
        )
    return float(len(first))
