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
    add_outer,
    affine,
    any_equal,
    leaky,
    leaky_slope,
    load,
    load_matrix,
    multiply_add,
    spread,
    store,
    store_matrix,
    where_equal,
)


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
    message_ptr: Integers,
    hidden: RowArray,
    layers: SecondAndThird,
    arrived: Arrived,
    outer: Floats,
) -> None:
    """Adds, over strongest messages, gradient times second hidden layer (16, 16)."""
    own, sums = rows_in_cache(1, hidden), rows_in_cache(ROW_WIDTH, hidden)
    sums[:] = 0
    none, zero = load_matrix(sums), load(sums, 0)
    weight, bias = load_matrix(layers.weight2), load(layers.bias2, 0)
    slopes, numbers = arrived
    for segment in range(begin, end):
        winner, gradient = load(numbers, segment), load(slopes, segment)
        total = none
        for column in range(ROW_WIDTH):
            message = numbers[segment, column]  # negative if none arrives, or none but NaN
            if message >= 0 and _first_of_its_kind(numbers, segment, column):
                one = where_equal(winner, spread(message, winner), gradient, zero)
                store(own, 0, one)
                row = leaky(affine(hidden, message, weight, bias))
                total = add_outer(own, 0, row, total)
        store_matrix(sums, total)
        accumulate(sums, outer)


@inlined
def _first_of_its_kind(numbers: NDArray[np.int32], segment: int, column: int) -> bool:
    for before in range(column):  # noqa: SIM110, a generator would not be compiled
        if numbers[segment, before] == numbers[segment, column]:
            return False
    return True


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
    sums[:] = 0
    none = load_matrix(sums)
    weights = _weights(layers, back)
    slopes, numbers = arrived
    for segment in range(begin, end):
        winner, gradient = load(numbers, segment), load(slopes, segment)
        for start in range(message_ptr[segment], message_ptr[segment + 1], MESSAGES_PER_BLOCK):
            stop = min(start + MESSAGES_PER_BLOCK, message_ptr[segment + 1])
            _behind_second(start, stop, hidden, weights, winner, gradient, own, behind)
            product, row = none, spread(0.0, gradient)
            for i in range(stop - start):
                product = add_outer(behind, i, load(hidden, start + i), product)
                row = row + load(behind, i)
            store_matrix(sums, product)
            accumulate(sums, outer)
            store(own, 0, row)
            accumulate(own, total)


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
