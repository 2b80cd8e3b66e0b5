"""The messages in training, on the way forward: statistics of a batch need a pass for each layer.

Sums are made in the type of the network over one block or segment, and in float64 over the rest.
"""

import numpy as np
from numpy.typing import NDArray

from trackscape.compiled import compiled, inlined
from trackscape.scoring.line_graph.kernels.segments import (
    MESSAGES_PER_BLOCK,
    Floats,
    Integers,
    RowArray,
    SecondAndThird,
    Segments,
    coefficients_for,
    first_hidden,
    locate,
    rows_in_cache,
    senders,
)
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
    where_larger,
)


@compiled
def share_of_table(begin: int, end: int, segments: Segments, steps: int, share: Floats) -> None:
    """Adds the coefficients of the rows of the table over messages from upstream: one of a pair."""
    row, coefficient = coefficients_for(share)
    direction = segments.direction
    for segment in range(begin, end):
        first, last = senders(segments, segment, 0)
        for start in range(first, last, MESSAGES_PER_BLOCK):
            stop = min(start + MESSAGES_PER_BLOCK, last)
            locate(direction, segment, 0, start, stop, steps, len(share), row, coefficient)
            for i in range(stop - start):
                for node in range(4):
                    share[row[i] + node] += coefficient[node, i]


@compiled
def first_layer(
    begin: int,
    end: int,
    segments: Segments,
    targets: RowArray,
    sources: RowArray,
    table: RowArray,
    steps: int,
    hidden: RowArray,
    moments: Floats,
) -> None:
    """Writes the first hidden layer (M, 16) of messages and adds its two moments (2, 16)."""
    row, coefficient = coefficients_for(hidden)
    sums = rows_in_cache(2, hidden)
    direction, out_edge = segments.direction, segments.out_edge
    for segment in range(begin, end):
        target, message = load(targets, segment), segments.message_ptr[segment]
        total, squares = spread(0.0, target), spread(0.0, target)
        for order in range(2):
            first, last = senders(segments, segment, order)
            for start in range(first, last, MESSAGES_PER_BLOCK):
                stop = min(start + MESSAGES_PER_BLOCK, last)
                locate(direction, segment, order, start, stop, steps, len(table), row, coefficient)
                for i in range(stop - start):
                    sender = out_edge[start + i] if order else start + i
                    value = target + load(sources, sender)
                    value = first_hidden(value, table, row[i], coefficient, i)
                    store(hidden, message, value)
                    total, squares = total + value, multiply_add(value, value, squares)
                    message += 1
        store(sums, 0, total)
        store(sums, 1, squares)
        accumulate(sums, moments)


@compiled
def second_layer_moments(
    begin: int, end: int, hidden: RowArray, weight2: RowArray, bias2: RowArray, moments: Floats
) -> None:
    """Adds the two moments (2, 16) of the second hidden layer of messages `begin` to `end`."""
    weight, bias = load_matrix(weight2), load(bias2, 0)
    sums = rows_in_cache(2, hidden)
    for start in range(begin, end, MESSAGES_PER_BLOCK):
        total, squares = spread(0.0, bias), spread(0.0, bias)
        for message in range(start, min(start + MESSAGES_PER_BLOCK, end)):
            row = leaky(affine(hidden, message, weight, bias))
            total, squares = total + row, multiply_add(row, row, squares)
        store(sums, 0, total)
        store(sums, 1, squares)
        accumulate(sums, moments)


@compiled
def strongest_and_winners(
    begin: int,
    end: int,
    message_ptr: Integers,
    hidden: RowArray,
    layers: SecondAndThird,
    out: RowArray,
    winner: NDArray[np.int32],
) -> None:
    """Writes the strongest message in each column and its number; 0 and -1 if none arrives."""
    second = rows_in_cache(MESSAGES_PER_BLOCK, out)
    weight2, bias2 = load_matrix(layers.weight2), load(layers.bias2, 0)
    weight3, bias3 = load_matrix(layers.weight3), load(layers.bias3, 0)
    for segment in range(begin, end):
        best, number = spread(-np.inf, bias2), spread(-1, load(winner, 0))
        for start in range(message_ptr[segment], message_ptr[segment + 1], MESSAGES_PER_BLOCK):
            stop = min(start + MESSAGES_PER_BLOCK, message_ptr[segment + 1])
            for message in range(start, stop):
                store(second, message - start, leaky(affine(hidden, message, weight2, bias2)))
            for message in range(start, stop):
                row = affine(second, message - start, weight3, bias3)
                number = where_larger(row, best, spread(message, number), number)
                best = maximum(row, best)
        if message_ptr[segment + 1] == message_ptr[segment]:
            best = spread(0.0, bias2)
        store(out, segment, best)
        store(winner, segment, number)


@inlined
def accumulate(rows: RowArray, totals: Floats) -> None:
    """Adds rows to totals of the same shape."""
    for i in range(len(totals)):
        for lane in range(ROW_WIDTH):
            totals[i, lane] += rows[i, lane]
