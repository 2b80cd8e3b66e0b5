"""Features of a graph -> logits: both published networks, from arrays of weights.

A network is a dictionary of three blocks, "R1", "O" and "R2"; a block is a list of layers:

    ("batchnorm", weight, bias, mean, var, eps)
    ("linear", weight of shape (out, in), bias)
    ("leakyrelu", negative slope)
"""

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reference.literal_graph import Edge, Pair

Array = NDArray[np.float64]
Layer = tuple[Any, ...]
Block = list[Layer]
Network = dict[str, Block]

LINE_GRAPH_WIDTHS = {"R1": (144, 16, 16, 16), "O": (24, 16, 16, 16), "R2": (16, 16, 16, 1)}
HIT_GRAPH_WIDTHS = {"R1": (11, 64, 64, 64), "O": (68, 64, 64, 64), "R2": (192, 64, 64, 1)}


def score_line_graph(
    network: Network, features: Array, pairs: list[Pair], encoding: Array, *, training: bool = False
) -> Array:
    """Returns the logit of each hit-graph edge, (E,).

    Every pair sends one message each way, with the same encoding.

    Arguments:
        network: Blocks R1 on (x_target, x_source, encoding), O on (x, largest message), R2.
        features: (E, 8), from `line_graph_features`.
        pairs: P pairs of edges.
        encoding: (P, 128), from `encode_angles`.
        training: Whether BatchNorm uses the statistics of this graph instead of stored ones.
    """
    targets: list[int] = []
    inputs = np.empty((2 * len(pairs), 2 * features.shape[1] + encoding.shape[1]))
    for number, (a, b) in enumerate(pairs):
        for target, source in ((a, b), (b, a)):
            inputs[len(targets)] = np.concatenate(
                [features[target], features[source], encoding[number]]
            )
            targets.append(target)
    messages = run_block(network["R1"], inputs, training=training)
    largest = largest_message(messages, targets, len(features))
    nodes = run_block(network["O"], np.hstack([features, largest]), training=training)
    return run_block(network["R2"], nodes, training=training)[:, 0]


def score_hit_graph(
    network: Network,
    features: Array,
    edges: list[Edge],
    edge_features: Array,
    *,
    training: bool = False,
) -> Array:
    """Returns the logit of each edge, (E,). Messages flow from the downstream to the upstream hit.

    Arguments:
        network: Blocks R1 on (x_target, x_source, edge features), O on (x, largest message), R2
            on (new x_target, new x_source, message).
        features: (H, 4), from `hit_features`.
        edges: E edges (downstream hit, upstream hit); the upstream hit is the target.
        edge_features: (E, 3), from `edge_features`.
        training: Whether BatchNorm uses the statistics of this graph instead of stored ones.
    """
    sources = [downstream for downstream, _ in edges]
    targets = [upstream for _, upstream in edges]
    inputs = np.hstack([features[targets], features[sources], edge_features])
    messages = run_block(network["R1"], inputs, training=training)
    largest = largest_message(messages, targets, len(features))
    nodes = run_block(network["O"], np.hstack([features, largest]), training=training)
    decision = np.hstack([nodes[targets], nodes[sources], messages])
    return run_block(network["R2"], decision, training=training)[:, 0]


def largest_message(messages: Array, targets: list[int], n_nodes: int) -> Array:
    """Returns the largest incoming message of each node, per channel; 0 where none comes in."""
    largest = np.full((n_nodes, messages.shape[1]), -np.inf)
    for message, target in zip(messages, targets, strict=True):
        largest[target] = np.maximum(largest[target], message)
    for node in set(range(n_nodes)) - set(targets):
        largest[node] = 0.0
    return largest


def run_block(block: Block, x: Array, *, training: bool) -> Array:
    """Returns the output of the layers one after the other, on the rows of x."""
    for kind, *values in block:
        if kind == "batchnorm":
            x = batch_norm(x, *values, training=training)
        elif kind == "linear":
            weight, bias = values
            x = x @ weight.T + bias
        elif kind == "leakyrelu":
            x = np.where(x > 0, x, values[0] * x)
        else:
            raise ValueError(f"Unknown layer {kind!r}.")
    return x


def batch_norm(
    x: Array, weight: Array, bias: Array, mean: Array, var: Array, eps: float, *, training: bool
) -> Array:
    """Returns (x - mean) / sqrt(var + eps) * weight + bias.

    In training the mean and the biased variance (divided by the number of rows) of x itself.
    """
    if training and len(x) > 0:
        mean = x.sum(axis=0) / len(x)
        var = ((x - mean) ** 2).sum(axis=0) / len(x)
    return (x - mean) / np.sqrt(var + eps) * weight + bias


def random_network(widths: dict[str, tuple[int, ...]], rng: np.random.Generator) -> Network:
    """Returns the published layers with random weights and random stored statistics.

    A block of widths (a, b, c, d): BatchNorm(a), Linear, LeakyReLU, BatchNorm(b), Linear,
    LeakyReLU, BatchNorm(c), Linear; the object block ends with LeakyReLU, BatchNorm(d).
    """
    network: Network = {}
    for name, sizes in widths.items():
        block: Block = []
        for n_in, n_out in itertools.pairwise(sizes):
            weight = rng.normal(size=(n_out, n_in)) / np.sqrt(n_in)
            block += [_random_batch_norm(n_in, rng), ("linear", weight, rng.normal(size=n_out))]
            block += [("leakyrelu", 0.01)]
        if name == "O":
            block.append(_random_batch_norm(sizes[-1], rng))
        else:
            block.pop()
        network[name] = block
    return network


def count_parameters(network: Network) -> int:
    """Returns the number of trainable numbers: weights and biases, not the stored statistics."""
    layers = [layer for block in network.values() for layer in block]
    return sum(layer[1].size + layer[2].size for layer in layers if layer[0] != "leakyrelu")


def _random_batch_norm(n: int, rng: np.random.Generator) -> Layer:
    weight, var = rng.uniform(0.5, 1.5, size=(2, n))
    bias, mean = rng.normal(size=(2, n))
    return ("batchnorm", weight, bias, mean, var, 1e-5)
