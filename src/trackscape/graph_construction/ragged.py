"""Index arithmetic for ragged arrays."""

import torch
from torch import Tensor


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
