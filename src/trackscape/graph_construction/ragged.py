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
def begins(keys: NDArray[np.int64], n_keys: int) -> NDArray[np.int64]:
    """Where the entries of each key begin once they are sorted, (n_keys + 1,); at last all.

    Example:
        >>> begins(np.array([2, 0, 2]), 3).tolist()
        [0, 1, 1, 3]
    """
    first = np.zeros(n_keys + 1, np.int64)
    for key in keys:
        first[key + 1] += 1
    return np.cumsum(first)
