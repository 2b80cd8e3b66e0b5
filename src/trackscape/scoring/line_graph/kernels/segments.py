r"""The messages of the line-graph network, computed where they are needed and kept nowhere.

A message from segment s to segment t is :math:`f_3(f_2(f_1(a_t + b_s + c(\theta))))`: a and b are
the products of the first layer with the features of a segment, c is interpolated in a table, f is
an affine map behind a LeakyReLU (but for the first), with all normalisations folded in. Rows of 16
numbers are handled in blocks that stay in the fastest cache.
"""

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from trackscape.compiled import Floats, Integers, compiled, inlined
from trackscape.data import CompressedLineGraph
from trackscape.scoring.line_graph.kernels.vectors import (
    ROW_WIDTH,
    affine,
    leaky,
    load,
    load_matrix,
    maximum,
    multiply_add,
    spread,
    store,
)

RowArray = NDArray[np.float32] | NDArray[np.float64]

MESSAGES_PER_BLOCK = 64


class Segments(NamedTuple):
    """A `CompressedLineGraph` as arrays; the i-th message to t is ``message_ptr[t] + i``."""

    downstream: Integers
    upstream: Integers
    in_ptr: Integers
    out_ptr: Integers
    out_edge: Integers
    direction: Floats
    message_ptr: Integers

    @property
    def n_messages(self) -> int:
        """Number of all messages."""
        return int(self.message_ptr[-1])


def as_arrays(lines: CompressedLineGraph) -> Segments:
    """Returns what compiled functions take."""
    downstream, upstream = lines.hit_graph.edge_index
    return Segments(
        downstream.numpy(),
        upstream.numpy(),
        *lines.adjacency.arrays(),
        direction=lines.direction.double().numpy(),
        message_ptr=lines.message_ptr.numpy(),
    )


class SecondAndThird(NamedTuple):
    """Weights (16, 16), inputs first, and biases (16,) of the two layers behind the first."""

    weight2: RowArray
    bias2: RowArray
    weight3: RowArray
    bias3: RowArray


@inlined
def rows_in_cache(n_rows: int, like: RowArray) -> Any:
    """Memory for rows that each fill whole lines of the cache."""
    flat = np.empty((n_rows + 1) * ROW_WIDTH, like.dtype)
    skipped = -flat.ctypes.data % 64 // flat.itemsize
    return flat[skipped : skipped + n_rows * ROW_WIDTH].reshape(n_rows, ROW_WIDTH)


# Functions of inner loops take arrays one by one: to take one out of a tuple counts a reference,
# which there costs more than the arithmetic.


@inlined
def senders(segments: Segments, segment: int, order: int) -> tuple[Any, Any]:
    """Places in the first or second order between which the senders to a segment are."""
    if order == 0:
        hit = segments.upstream[segment]
        return segments.in_ptr[hit], segments.in_ptr[hit + 1]
    hit = segments.downstream[segment]
    return segments.out_ptr[hit], segments.out_ptr[hit + 1]


@inlined
def coefficients_for(like: RowArray) -> tuple[Any, Any]:
    """Memory for a block: the first of four rows of the table, and their coefficients (4, ...)."""
    return np.empty(MESSAGES_PER_BLOCK, np.int32), np.empty((4, MESSAGES_PER_BLOCK), like.dtype)


@inlined
def locate(
    direction: Floats,
    segment: int,
    order: int,
    start: int,
    stop: int,
    steps: int,
    n_rows: int,
    row: NDArray[np.int32],
    coefficient: RowArray,
) -> None:
    """Writes where in the table the angles are between a segment and some of its senders.

    With the chord c of two unit vectors, tan(angle / 4) = c / (2 + sqrt(4 - c^2)); the table has
    equal steps in the root of it, and is read by cubic Hermite interpolation.
    """
    x0, y0, z0 = direction[0, 0, segment], direction[0, 1, segment], direction[0, 2, segment]
    for i in range(stop - start):
        dx = direction[order, 0, start + i] - x0
        dy = direction[order, 1, start + i] - y0
        dz = direction[order, 2, start + i] - z0
        square = dx * dx + dy * dy + dz * dz
        tangent = np.sqrt(square) / (2 + np.sqrt(max(4 - square, 0.0)))
        place = steps * np.sqrt(tangent)
        node = min(np.int32(place), np.int32(n_rows // 2 - 2))
        t = place - node
        s = 1 - t
        row[i] = 2 * node
        coefficient[0, i] = (1 + 2 * t) * s * s
        coefficient[1, i] = t * s * s
        coefficient[2, i] = t * t * (3 - 2 * t)
        coefficient[3, i] = -t * t * s


@inlined
def first_hidden(total: Any, table: RowArray, row: int, coefficient: RowArray, i: int) -> Any:
    """First hidden layer of message i of a block: `total` + four rows of the table, LeakyReLU."""
    total = multiply_add(spread(coefficient[0, i], total), load(table, row), total)
    total = multiply_add(spread(coefficient[1, i], total), load(table, row + 1), total)
    total = multiply_add(spread(coefficient[2, i], total), load(table, row + 2), total)
    total = multiply_add(spread(coefficient[3, i], total), load(table, row + 3), total)
    return leaky(total)


@compiled
def strongest(
    begin: int,
    end: int,
    segments: Segments,
    targets: RowArray,
    sources: RowArray,
    table: RowArray,
    steps: int,
    layers: SecondAndThird,
    out: RowArray,
) -> None:
    """Writes the strongest message in each column (E, 16) to some segments; 0 if none arrives."""
    row, coefficient = coefficients_for(out)
    direction, out_edge = segments.direction, segments.out_edge
    hidden, second = rows_in_cache(MESSAGES_PER_BLOCK, out), rows_in_cache(MESSAGES_PER_BLOCK, out)
    weight2, bias2 = load_matrix(layers.weight2), load(layers.bias2, 0)
    weight3, bias3 = load_matrix(layers.weight3), load(layers.bias3, 0)
    for segment in range(begin, end):
        target = load(targets, segment)
        best = spread(-np.inf, target)
        for order in range(2):
            first, last = senders(segments, segment, order)
            for start in range(first, last, MESSAGES_PER_BLOCK):
                stop = min(start + MESSAGES_PER_BLOCK, last)
                locate(direction, segment, order, start, stop, steps, len(table), row, coefficient)
                for i in range(stop - start):
                    sender = out_edge[start + i] if order else start + i
                    total = target + load(sources, sender)
                    store(hidden, i, first_hidden(total, table, row[i], coefficient, i))
                for i in range(stop - start):
                    store(second, i, leaky(affine(hidden, i, weight2, bias2)))
                for i in range(stop - start):
                    best = maximum(affine(second, i, weight3, bias3), best)
        if segments.message_ptr[segment + 1] == segments.message_ptr[segment]:
            best = spread(0.0, target)
        store(out, segment, best)


CHUNKS = 4
"""Into how many pieces work is cut, for any number of threads: sums come out the same."""


def share_among_threads(message_ptr: Integers, work: Callable[[int, int, int], None]) -> None:
    """Calls `work` with the number, begin and end of each chunk, of about as many messages."""
    inner = [int(message_ptr[-1]) * number // CHUNKS for number in range(1, CHUNKS)]
    borders = [0, *np.searchsorted(message_ptr, inner).tolist(), len(message_ptr) - 1]
    begins, ends = borders[:-1], borders[1:]
    n_threads = min(torch.get_num_threads(), CHUNKS)
    spread = map if n_threads == 1 else _pool(n_threads, os.getpid()).map
    for _ in spread(work, range(CHUNKS), begins, ends):
        pass


@functools.cache
def _pool(n_threads: int, process: int) -> ThreadPoolExecutor:
    """Threads that wait for work. A forked process has none of them and gets its own."""
    return ThreadPoolExecutor(n_threads, thread_name_prefix=f"trackscape-{process}")
