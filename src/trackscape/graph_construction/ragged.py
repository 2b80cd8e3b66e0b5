"""Index arithmetic for ragged arrays."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trackscape.compiled import compiled
from trackscape.data import Adjacency


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


def order_edges(
    n_hits: int, *, downstream: NDArray[np.int64], upstream: NDArray[np.int64]
) -> Adjacency:
    """Returns the edges at each hit of a graph, whose edges (E,) are sorted by downstream hit.

    Example:
        >>> order_edges(3, downstream=np.array([1, 2, 2]), upstream=np.array([0, 1, 0])).out_edge
        tensor([0, 2, 1])
    """
    in_ptr, out_ptr, out_edge = map(torch.from_numpy, _order_edges(n_hits, downstream, upstream))
    return Adjacency(in_ptr=in_ptr, out_ptr=out_ptr, out_edge=out_edge)


@compiled
def _order_edges(
    n_hits: int, downstream: NDArray[np.int64], upstream: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    in_ptr, out_ptr = index_pointer(downstream, n_hits), index_pointer(upstream, n_hits)
    out_edge, free = np.empty(len(upstream), np.int64), out_ptr.copy()
    for edge, hit in enumerate(upstream):
        out_edge[free[hit]] = edge
        free[hit] += 1
    return in_ptr, out_ptr, out_edge
