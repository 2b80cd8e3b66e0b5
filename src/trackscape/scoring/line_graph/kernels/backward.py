"""The messages in training, on the way back: gradients, in three passes over all messages.

Only the strongest messages have a gradient of their own, but through the normalisations each
message counts: a gradient before a normalisation is that of its own, if any, + a constant + a
multiple of the value, which the sums of the pass before give.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackscape.compiled import compiled, inlined
from trackscape.scoring.line_graph.kernels.forward import accumulate
from trackscape.scoring.line_graph.kernels.segments import (
    MESSAGES_PER_BLOCK,
    Floats,
    Integers,
    RowArray,
    SecondAndThird,
    Segments,
    coefficients_for,
    locate,
    rows_in_cache,
    senders,
)
from trackscape.scoring.line_graph.kernels.vectors import (
    ROW_WIDTH,
    affine,
    any_equal,
    leaky,
    leaky_slope,
    load,
    load_matrix,
    multiply_add,
    spread,
    store,
    where_equal,
)

SEGMENTS_PER_BLOCK = 16


class Arrived(NamedTuple):
    """Gradient of the strongest messages (E, 16), and the number of the message that each is."""

    gradient: RowArray
    winner: NDArray[np.int32]


class Back(NamedTuple):
    """How a gradient behind a layer and its normalisation becomes one before."""

    weight: RowArray
    """Weights (16, 16) of layer and normalisation, outputs first."""
    shared: RowArray
    """Rows (2, 16): the constant, and the multiple of the value, which all messages get."""


@compiled
def winners(
    begin: int,
    end: int,
    hidden: RowArray,
    layers: SecondAndThird,
    arrived: Arrived,
    outer: Floats,
) -> None:
    """Adds, over strongest messages, gradient times second hidden layer (16, 16)."""
    rows, sums = rows_in_cache(ROW_WIDTH, hidden), rows_in_cache(ROW_WIDTH, hidden)
    weight, bias = load_matrix(layers.weight2), load(layers.bias2, 0)
    gradient, numbers = arrived
    for start in range(begin, end, SEGMENTS_PER_BLOCK):
        sums[:] = 0
        for segment in range(start, min(start + SEGMENTS_PER_BLOCK, end)):
            for column in range(ROW_WIDTH):
                message = numbers[segment, column]  # negative if none arrives, or none but NaN
                if message >= 0:
                    place = _first_of_its_kind(numbers, segment, column)
                    if place == column:
                        store(rows, column, leaky(affine(hidden, message, weight, bias)))
                    slope = spread(gradient[segment, column], bias)
                    row = multiply_add(slope, load(rows, place), load(sums, column))
                    store(sums, column, row)
        accumulate(sums, outer)


@inlined
def _first_of_its_kind(numbers: NDArray[np.int32], segment: int, column: int) -> int:
    """The first column whose strongest message is that of `column`."""
    place = 0
    while numbers[segment, place] != numbers[segment, column]:
        place += 1
    return place


@compiled
def second_layer_gradients(
    begin: int,
    end: int,
    message_ptr: Integers,
    hidden: RowArray,
    layers: SecondAndThird,
    arrived: Arrived,
    back: Back,
    outer: Floats,
    total: Floats,
) -> None:
    """Adds gradients behind the second layer: times the first hidden one, and alone (1, 16)."""
    own, behind = rows_in_cache(1, hidden), rows_in_cache(MESSAGES_PER_BLOCK, hidden)
    sums = rows_in_cache(ROW_WIDTH, hidden)
    weights = _weights(layers, back)
    slopes, numbers = arrived
    segment = begin
    for start in range(message_ptr[begin], message_ptr[end], MESSAGES_PER_BLOCK):
        stop, message = min(start + MESSAGES_PER_BLOCK, message_ptr[end]), start
        while message < stop:  # a block has messages to several segments
            while message_ptr[segment + 1] <= message:
                segment += 1
            last = min(stop, message_ptr[segment + 1])
            winner, gradient = load(numbers, segment), load(slopes, segment)
            _behind_second(
                message, last, hidden, weights, winner, gradient, own, behind[message - start :]
            )
            message = last
        row = spread(0.0, load(behind, 0))
        for i in range(stop - start):
            row = row + load(behind, i)
        store(own, 0, row)
        accumulate(own, total)
        _products(behind, hidden[start:stop], sums)
        accumulate(sums, outer)


@inlined
def _products(left: RowArray, right: RowArray, out: RowArray) -> None:
    """Writes the sum of the outer products (16, 16) of rows of two arrays.

    Four rows of it at a time, which stay in registers.
    """
    for first in range(0, ROW_WIDTH, 4):
        a = b = c = d = spread(0.0, load(right, 0))
        for i in range(len(right)):
            row = load(right, i)
            a = multiply_add(spread(left[i, first], row), row, a)
            b = multiply_add(spread(left[i, first + 1], row), row, b)
            c = multiply_add(spread(left[i, first + 2], row), row, c)
            d = multiply_add(spread(left[i, first + 3], row), row, d)
        store(out, first, a)
        store(out, first + 1, b)
        store(out, first + 2, c)
        store(out, first + 3, d)


@compiled
def first_layer_gradients(
    begin: int,
    end: int,
    segments: Segments,
    steps: int,
    hidden: RowArray,
    layers: SecondAndThird,
    arrived: Arrived,
    back3: Back,
    back2: Back,
    targets: RowArray,
    sources: RowArray,
    table: RowArray,
) -> None:
    """Writes the gradients of `targets`; adds those of `sources` and of the table."""
    node, coefficient = coefficients_for(hidden)
    direction, out_edge = segments.direction, segments.out_edge
    slopes, numbers = arrived
    own, behind = rows_in_cache(1, hidden), rows_in_cache(MESSAGES_PER_BLOCK, hidden)
    weights, weight_back = _weights(layers, back3), load_matrix(back2.weight)
    constant, multiple = load(back2.shared, 0), load(back2.shared, 1)
    for segment in range(begin, end):
        winner, gradient = load(numbers, segment), load(slopes, segment)
        message, total = segments.message_ptr[segment], spread(0.0, gradient)
        for order in range(2):
            first, last = senders(segments, segment, order)
            for start in range(first, last, MESSAGES_PER_BLOCK):
                stop = min(start + MESSAGES_PER_BLOCK, last)
                n = stop - start
                locate(direction, segment, order, start, stop, steps, len(table), node, coefficient)
                _behind_second(message, message + n, hidden, weights, winner, gradient, own, behind)
                for i in range(n):
                    value = load(hidden, message + i)
                    row = multiply_add(value, multiple, constant)
                    row = affine(behind, i, weight_back, row) * leaky_slope(value)
                    total = total + row
                    sender = out_edge[start + i] if order else start + i
                    store(sources, sender, load(sources, sender) + row)
                    for part in range(4):
                        weight, place = spread(coefficient[part, i], row), node[i] + part
                        store(table, place, multiply_add(weight, row, load(table, place)))
                message += n
        store(targets, segment, total)


@inlined
def _weights(layers: SecondAndThird, back: Back) -> Any:
    """What `_behind_second` needs, in registers if there are enough."""
    forward = load_matrix(layers.weight2), load(layers.bias2, 0)
    return *forward, load_matrix(back.weight), load(back.shared, 0), load(back.shared, 1)


@inlined
def _behind_second(
    start: int,
    stop: int,
    hidden: RowArray,
    weights: Any,
    winner: Any,
    gradient: Any,
    own: RowArray,
    out: RowArray,
) -> None:
    """Writes the gradients behind the second layer, before its LeakyReLU, of some messages."""
    weight, bias, weight_back, constant, multiple = weights
    for message in range(start, stop):
        value = leaky(affine(hidden, message, weight, bias))
        row = multiply_add(value, multiple, constant)
        number = spread(message, winner)
        if any_equal(winner, number):
            store(own, 0, where_equal(winner, number, gradient, spread(0.0, gradient)))
            row = affine(own, 0, weight_back, row)
        store(out, message - start, row * leaky_slope(value))
