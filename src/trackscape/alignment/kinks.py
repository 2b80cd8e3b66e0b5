"""Kinks of the pairs of a frame, linear in the displacements of three layers, and their sums.

A track that is seen at a, b and c in three consecutive layers has the kink

    k = (c - b) / (z_c - z_b) - (b - a) / (z_b - z_a).

A layer that is shifted by s and rotated by a small angle t about z moves what it sees by
s + t (-y, x), so that kinks change linearly. The model gives a kink a mixture of densities
proportional to (1 + k² / w²)⁻³, whose logarithm has the derivative -6 k / (w² + k²): each pair is
pulled straight with this weight, times the belief that it is one proton's.
"""

from typing import NamedTuple

import numpy as np

from trackscape.compiled import Floats, Integers, compiled
from trackscape.data import TripletGraph

EXPONENT_OF_KINKS = 3
"""Exponent of the densities of the model's mixtures."""
LEAST_BELIEF_OF_PAIR = 1e-3
"""Probability from which on a pair counts."""
_Pairs = tuple[Floats, Integers, Integers, Integers, Integers, Integers]


class KinkSums(NamedTuple):
    """Sums over pairs. Axis D: the shifts in x of all layers, those in y, the rotations."""

    stiffness: Floats
    """Sum of belief x weight x derivatives of the kink by two displacements, (D, D)."""
    pull: Floats
    """Derivative of the log evidence by each displacement, (D,)."""
    information: Floats
    """Sum of the products of the derivatives of each pair, (D, D)."""
    seen: Floats
    """Expected number of pairs whose first, middle and last hit is in each layer, (3, L)."""

    @property
    def protons(self) -> Floats:
        """Expected number of protons of each layer that also left hits in two beside it, (L,)."""
        return self.seen.max(axis=0)

    def __add__(self, other: "KinkSums") -> "KinkSums":  # pyright: ignore[reportIncompatibleMethodOverride]
        """Adds the sums of other pairs."""
        return KinkSums(*(a + b for a, b in zip(self, other, strict=True)))


def no_kinks(n_layers: int) -> KinkSums:
    """Returns the sums over no pairs."""
    d = 3 * n_layers
    return KinkSums(np.zeros((d, d)), np.zeros(d), np.zeros((d, d)), np.zeros((3, n_layers)))


def sum_kinks(
    graph: TripletGraph, belief: Floats, height: Floats, narrowness: Floats, fitted: np.ndarray
) -> KinkSums:
    """Returns the sums over the pairs of a frame whose three layers are `fitted`, (L,).

    Arguments:
        graph: The pairs, P, of edges, E.
        belief: Probability of each pair, (P,).
        height: Density of each part of the mixtures of an edge at a kink of 0, (E, 3).
        narrowness: Inverse squared width of each part, (E, 3).
        fitted: Which layers are displaced, (L,).
    """
    hits = graph.hit_graph.hits
    downstream, upstream = graph.hit_graph.edge_index.numpy()
    position = hits.position.double().contiguous().numpy()
    sums = no_kinks(len(fitted))
    _add(
        (
            position,
            hits.layer.numpy(),
            np.ascontiguousarray(downstream),
            np.ascontiguousarray(upstream),
            graph.triplet_ptr.numpy(),
            graph.upstream.numpy(),
        ),
        belief,
        height,
        narrowness,
        fitted,
        *sums,
    )
    return sums


@compiled
def _add(
    pairs: _Pairs,
    belief: Floats,
    height: Floats,
    narrowness: Floats,
    fitted: np.ndarray,
    stiffness: Floats,
    pull: Floats,
    information: Floats,
    seen: Floats,
) -> None:
    position, layer, downstream, upstream, first, before = pairs
    n_layers = len(fitted)
    place, by_x, by_y = np.empty(9, np.int64), np.zeros(9), np.zeros(9)
    for edge in range(len(first) - 1):
        b, c = upstream[edge], downstream[edge]
        for pair in range(first[edge], first[edge + 1]):
            other = before[pair]
            a = upstream[other]
            here = layer[b]
            if belief[pair] < LEAST_BELIEF_OF_PAIR or not fitted[here - 1 : here + 2].all():
                continue
            dz_before = position[b, 2] - position[a, 2]
            dz_behind = position[c, 2] - position[b, 2]
            shares = (1 / dz_before, -1 / dz_before - 1 / dz_behind, 1 / dz_behind)
            kink_x = kink_y = 0.0
            for i, hit in enumerate((a, b, c)):
                x, y = position[hit, 0], position[hit, 1]
                kink_x += shares[i] * x
                kink_y += shares[i] * y
                for kind in range(3):
                    place[3 * i + kind] = kind * n_layers + layer[hit]
                by_x[3 * i], by_x[3 * i + 2] = shares[i], -shares[i] * y
                by_y[3 * i + 1], by_y[3 * i + 2] = shares[i], shares[i] * x
                seen[i, layer[hit]] += belief[pair]
            square = kink_x * kink_x + kink_y * kink_y
            weight = belief[pair] * _weight(square, height[other], narrowness[other])
            for i in range(9):
                slope = weight * (kink_x * by_x[i] + kink_y * by_y[i])
                pull[place[i]] += slope
                for j in range(9):
                    product = by_x[i] * by_x[j] + by_y[i] * by_y[j]
                    other_slope = weight * (kink_x * by_x[j] + kink_y * by_y[j])
                    stiffness[place[i], place[j]] += weight * product
                    information[place[i], place[j]] += slope * other_slope


@compiled
def _weight(square: float, height: Floats, narrowness: Floats) -> float:
    """Mean of 6 / (w² + k²) over the parts of the mixture that a kink k can be of."""
    total = weighted = 0.0
    for part in range(len(height)):
        falls = 1 / (1 + square * narrowness[part])
        density = height[part] * falls**EXPONENT_OF_KINKS
        total += density
        weighted += density * narrowness[part] * falls
    return 2 * EXPONENT_OF_KINKS * weighted / total
