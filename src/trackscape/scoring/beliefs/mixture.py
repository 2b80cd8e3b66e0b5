"""Compiled mixture densities of kinks: odds of all pairs, and the way back to the potentials."""

import numpy as np

from trackscape.compiled import compiled, inlined
from trackscape.scoring.beliefs.messages import Floats, Orders
from trackscape.scoring.beliefs.potentials import EXPONENT, MIXTURE


@compiled
def follow_odds(
    orders: Orders, kink: Floats, join: Floats, height: Floats, narrowness: Floats
) -> Floats:
    """Odds of each pair, (P,): the exponential of `potentials.follow_potential`.

    Arguments:
        orders: Of a graph with P pairs and E edges.
        kink: (P,) Squares of the kinks.
        join: (E,) Odds of taking the downstream edge.
        height: (E, 3) Densities that the upstream edge predicts for straight on.
        narrowness: (E, 3) Inverse squares of their widths.
    """
    odds = np.empty(len(kink))
    for edge in range(len(join)):
        for pair in range(orders.first[edge], orders.first[edge + 1]):
            other = orders.upstream[pair]
            value = 0.0
            for part in range(MIXTURE):
                value += _density(height[other, part], kink[pair] * narrowness[other, part])
            odds[pair] = join[edge] * value
    return odds


@compiled
def sum_over_pairs(
    orders: Orders, kink: Floats, height: Floats, narrowness: Floats, gradient: Floats
) -> tuple[Floats, Floats, Floats]:
    """Gradients for log join (E,), log weights (E, 3) and log widths (E, 3) from those of pairs.

    `gradient` (P,) is for the logarithms of the odds.
    """
    n_edges = len(height)
    join, weight, width = (
        np.zeros(n_edges),
        np.zeros((n_edges, MIXTURE)),
        np.zeros((n_edges, MIXTURE)),
    )
    part_of = np.empty(MIXTURE)
    for edge in range(n_edges):
        for pair in range(orders.first[edge], orders.first[edge + 1]):
            other, total = orders.upstream[pair], 0.0
            join[edge] += gradient[pair]
            for part in range(MIXTURE):
                far = kink[pair] * narrowness[other, part]
                part_of[part] = _density(height[other, part], far)
                total += part_of[part]
            for part in range(MIXTURE):
                share = gradient[pair] * part_of[part] / total
                far = kink[pair] * narrowness[other, part]
                weight[other, part] += share
                width[other, part] += share * (2 * EXPONENT * far / (1 + far) - 2)
    return join, weight, width


@inlined
def _density(height: float, far: float) -> float:
    """What is left of the height at a kink whose square is `far` times that of the width."""
    falls = 1 / (1 + far)
    density = height
    for _ in range(EXPONENT):
        density *= falls
    return density
