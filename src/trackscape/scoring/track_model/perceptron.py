"""The perceptron of the potentials, compiled: float32, many segments side by side, no gradients.

Segments are taken in blocks whose hidden units stay in the cache, one segment in each lane of the
processor's vectors.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackscape.compiled import compiled, inlined

Singles = NDArray[np.float32]
BLOCK = 128
"""Segments of a block; the loops over them have this fixed length."""
_HALF, _ONE = np.float32(0.5), np.float32(1.0)
_LARGEST = np.float32(7.9988117)  # from there on the tangent is 1 in float32
# Odd numerator and even denominator of the hyperbolic tangent, from the highest power down: the
# minimax approximation of Eigen (`generic_fast_tanh_float`), within some 4e-7 of it.
_P13, _P11, _P9 = map(np.float32, (-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152e-11))
_P7, _P5, _P3 = map(np.float32, (5.12229709037114e-08, 1.48572235717979e-05, 6.37261928875436e-04))
_P1, _Q0 = map(np.float32, (4.89352455891786e-03, 4.89352518554385e-03))
_Q6, _Q4, _Q2 = map(np.float32, (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03))


class PerceptronLayers(NamedTuple):
    """Weights (outputs, inputs) and biases of the three layers."""

    weight_1: Singles
    bias_1: Singles
    weight_2: Singles
    bias_2: Singles
    weight_3: Singles
    bias_3: Singles


@compiled
def evaluate_perceptron(layers: PerceptronLayers, inputs: Singles, largest: Singles) -> Singles:
    """Returns the potentials (9, E) of segments by their inputs (5, E), within ± `largest` (9,)."""
    n_edges = inputs.shape[1]
    potentials = np.empty((len(largest), n_edges), np.float32)
    seen = np.zeros((len(inputs), BLOCK), np.float32)
    hidden_1 = np.empty((len(layers.bias_1), BLOCK), np.float32)
    hidden_2 = np.empty((len(layers.bias_2), BLOCK), np.float32)
    raw = np.empty((len(largest), BLOCK), np.float32)
    for first in range(0, n_edges, BLOCK):
        n = min(BLOCK, n_edges - first)
        seen[:, :n] = inputs[:, first : first + n]
        _linear(layers.weight_1, layers.bias_1, seen, hidden_1)
        _silu(hidden_1)
        _linear(layers.weight_2, layers.bias_2, hidden_1, hidden_2)
        _silu(hidden_2)
        _linear(layers.weight_3, layers.bias_3, hidden_2, raw)
        _bound(raw, largest)
        potentials[:, first : first + n] = raw[:, :n]
    return potentials


@compiled
def _linear(weight: Singles, bias: Singles, inputs: Singles, outputs: Singles) -> None:
    n_inputs = weight.shape[1]
    together = n_inputs - n_inputs % 4  # four inputs for each time that an output is stored
    for unit in range(len(bias)):
        out = outputs[unit]
        out[:] = bias[unit]
        for i in range(0, together, 4):
            a, b, c, d = inputs[i], inputs[i + 1], inputs[i + 2], inputs[i + 3]
            of_a, of_b = weight[unit, i], weight[unit, i + 1]
            of_c, of_d = weight[unit, i + 2], weight[unit, i + 3]
            for lane in range(BLOCK):
                out[lane] += of_a * a[lane] + of_b * b[lane] + of_c * c[lane] + of_d * d[lane]
        for i in range(together, n_inputs):
            a, of_a = inputs[i], weight[unit, i]
            for lane in range(BLOCK):
                out[lane] += of_a * a[lane]


@compiled
def _silu(units: Singles) -> None:
    for unit in range(len(units)):
        values = units[unit]
        for lane in range(BLOCK):
            half = values[lane] * _HALF
            values[lane] = half + half * _tanh(half)


@compiled
def _bound(raw: Singles, largest: Singles) -> None:
    for unit in range(len(raw)):
        values, most = raw[unit], largest[unit]
        inverse = _ONE / most
        for lane in range(BLOCK):
            values[lane] = most * _tanh(values[lane] * inverse)


@inlined
def _tanh(x: np.float32) -> np.float32:
    x = min(max(x, -_LARGEST), _LARGEST)
    square = x * x
    p = ((_P13 * square + _P11) * square + _P9) * square + _P7
    p = ((p * square + _P5) * square + _P3) * square + _P1
    q = ((_Q6 * square + _Q4) * square + _Q2) * square + _Q0
    return x * p / q
