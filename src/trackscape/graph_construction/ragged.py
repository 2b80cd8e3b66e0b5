"""Index arithmetic for ragged arrays."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trackscape.compiled import compiled


def expand_ranges(start: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
    """Lists the integers of many ranges one after another.

    Arguments:
        start: (R,) int64. First integer of each range.
        length: (R,) int64. Number of integers in each range.

    Returns:
        The number of the range and the integer, both (sum of lengths,) int64.

    Example:
        >>> owner, index = expand_ranges(torch.tensor([5, 0, 2]), torch.tensor([2, 0, 3]))
        >>> owner.tolist(), index.tolist()
        ([0, 0, 2, 2, 2], [5, 6, 2, 3, 4])
    """
    owner = torch.repeat_interleave(length)
    first = length.cumsum(0) - length
    index = torch.arange(len(owner), device=start.device) + (start - first)[owner]
    return owner, index


@compiled
def index_pointer(keys: NDArray[np.int64], n_keys: int) -> NDArray[np.int64]:
    """Where the entries of each key begin once they are sorted, (n_keys + 1,); at last all.

    Example:
        >>> index_pointer(np.array([2, 0, 2]), 3).tolist()
        [0, 1, 1, 3]
    """
    pointer = np.zeros(n_keys + 1, np.int64)
    for key in keys:
        pointer[key + 1] += 1
    return np.cumsum(pointer)


@compiled
def order_edges(
    n_hits: int, downstream: NDArray[np.int64], upstream: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Orders of the edges of a graph, which are sorted by their downstream hits.

    Returns:
        Where the edges that arrive at each hit begin, (n_hits + 1,); where those that leave it do,
        once they are sorted by their upstream hits, (n_hits + 1,); and that order, (E,).

    Example:
        >>> order_edges(3, np.array([1, 2, 2]), np.array([0, 1, 0]))[2].tolist()
        [0, 2, 1]
    """
    arriving, leaving = index_pointer(downstream, n_hits), index_pointer(upstream, n_hits)
    by_upstream, free = np.empty(len(upstream), np.int64), leaving.copy()
    for edge, hit in enumerate(upstream):
        by_upstream[free[hit]] = edge
        free[hit] += 1
    return arriving, leaving, by_upstream
