"""A grid of labels -> as few nested boxes of one label each as one gets without searching."""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Range = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Block:
    """A part of the grid that has one label, or that is divided along one axis."""

    ranges: tuple[Range, Range, Range]
    """First and last + 1 index in x, y and z."""
    label: int
    """-1 if it is divided."""
    parts: tuple["Block", ...] = ()

    def __iter__(self) -> Iterator["Block"]:
        """Goes through this block and all that are in it."""
        yield self
        for part in self.parts:
            yield from part


def merge(labels: NDArray[np.uint8]) -> Block:
    """Divides a grid into boxes, first along the axis along which it changes least often.

    Equal neighbouring slices are one box; each is divided into equal neighbouring rows, and these
    into runs of one label. A homogeneous grid is one block, a stack of slabs one block a slab.

    Arguments:
        labels: (nx, ny, nz).

    Example:
        >>> labels = np.zeros((4, 4, 4), np.uint8)
        >>> labels[1:3, 1:3] = 7
        >>> [block.ranges[:2] for block in merge(labels) if block.label == 7]
        [((1, 3), (1, 3))]
    """
    axes = tuple(sorted(range(3), key=lambda axis: len(_groups(labels, axis))))
    x, y, z = labels.shape
    return _divide(labels, ((0, x), (0, y), (0, z)), axes)


def _divide(
    labels: NDArray[np.uint8], ranges: tuple[Range, Range, Range], axes: tuple[int, ...]
) -> Block:
    within = labels[tuple(slice(*bounds) for bounds in ranges)]
    first = int(within.flat[0])
    if (within == first).all():
        return Block(ranges, first)
    axis, *rest = axes
    groups = _groups(within, axis)
    start = ranges[axis][0]
    parts: list[Block] = []
    for lower, upper in groups:
        x, y, z = (
            (start + lower, start + upper) if i == axis else bounds
            for i, bounds in enumerate(ranges)
        )
        parts.append(_divide(labels, (x, y, z), tuple(rest)))
    return parts[0] if len(parts) == 1 else Block(ranges, -1, tuple(parts))


def _groups(labels: NDArray[np.uint8], axis: int) -> list[Range]:
    """Ranges of equal slices across an axis."""
    slices = np.moveaxis(labels, axis, 0).reshape(labels.shape[axis], -1)
    changes = 1 + np.flatnonzero((slices[1:] != slices[:-1]).any(axis=1))
    borders = [0, *changes.tolist(), len(slices)]
    return list(itertools.pairwise(borders))
