"""What is known of a segment, what its potentials mean, and compiled mixtures of them."""

import math

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from trackscape.compiled import compiled, inlined
from trackscape.data import HitGraph
from trackscape.scoring.track_model.messages import Floats, Triplets
from trackscape.units import keV, mm, mrad

INPUTS = 5
"""Columns of `segment_inputs`."""
MIXTURE = 3
"""Number of densities whose sum is that of a change of the slope: a core and two tails."""
START, END, JOIN = 0, 1, 2
"""Columns of the potentials: a track begins with the segment, ends with it, or takes it at all."""
FOLLOW = 3
"""First of the columns that say what may follow: `MIXTURE` weights, then `MIXTURE` widths."""
POTENTIALS = FOLLOW + 2 * MIXTURE
SLOPE_CHANGE_UNIT = 10 * mrad
"""Change of the slope that widths are in units of, before their logarithm."""
LARGEST_POTENTIAL, LARGEST_LOG_WIDTH = 15.0, 4.0
"""Where potentials and logarithms of widths saturate, or likelihoods could grow without bounds."""
EXPONENT = 3
"""Exponent of the densities; their tails fall with the sixth power of the slope change."""


def segment_inputs(graph: HitGraph) -> Float[Tensor, "edges 5"]:
    """What the network sees of each segment, all of order 1.

    Logarithm of the slope against the beam, layer of the upstream hit, logarithms of both deposits
    (upstream first) and of the distance of the layers.
    """
    downstream, upstream = graph.edge_index
    x, y, z = graph.direction.unbind(dim=1)
    deposit = torch.log(graph.hits.energy.clamp(min=0.1 * keV) / (20 * keV))
    slope = torch.log((x / z) ** 2 + (y / z) ** 2 + 1 * mrad**2) / 2 - math.log(50 * mrad)
    layer = graph.hits.layer[upstream].to(slope.dtype) / 20 - 1
    length = torch.log(z / (5.5 * mm))
    return torch.stack([slope, layer, deposit[upstream], deposit[downstream], length], dim=1)


def bounded(raw: Float[Tensor, "edges 9"]) -> Float[Tensor, "edges 9"]:
    """Squeezes what the network says smoothly between the smallest and the largest."""
    largest = raw.new_full((POTENTIALS,), LARGEST_POTENTIAL)
    largest[FOLLOW + MIXTURE :] = LARGEST_LOG_WIDTH
    return largest * torch.tanh(raw / largest)


def follow_potential(
    potentials: Float[Tensor, "edges 9"],
    *,
    downstream: Int64[Tensor, " pairs"],
    upstream: Int64[Tensor, " pairs"],
    slope_change_sq: Float[Tensor, " pairs"],
) -> Float[Tensor, " pairs"]:
    r"""Log potential of tracks that follow one segment by another.

    .. math:: \delta_b + \log \sum_m e^{w_{am}} s_{am}^{-2} (1 + k^2 / s_{am}^2)^{-3}

    for segment a and its continuation b, with the slope change k in units of 10 mrad: a mixture of
    two-dimensional densities around straight on, whose widths the segment a predicts: `upstream` of
    each pair. Scattering is nearly normal, with tails from single large deflections.
    """
    of_upstream = potentials[upstream, FOLLOW:]
    weight, log_width = of_upstream[:, :MIXTURE], of_upstream[:, MIXTURE:]
    ratio = (slope_change_sq / SLOPE_CHANGE_UNIT**2).to(log_width.dtype)[:, None] * torch.exp(
        -2 * log_width
    )
    densities = weight - 2 * log_width - EXPONENT * torch.log1p(ratio)
    return potentials[downstream, JOIN] + torch.logsumexp(densities, dim=1)


@compiled
def follow_odds(
    triplets: Triplets, slope_change_sq: Floats, join: Floats, height: Floats, narrowness: Floats
) -> Floats:
    """Odds of each pair, (P,): the exponential of `follow_potential`.

    `join` (E,) are odds of taking the downstream edge, `height` (E, 3) densities that the upstream
    edge predicts for straight on, and `narrowness` (E, 3) inverse squares of their widths.
    """
    odds = np.empty(len(slope_change_sq))
    for edge in range(len(join)):
        for pair in range(triplets.triplet_ptr[edge], triplets.triplet_ptr[edge + 1]):
            other = triplets.upstream[pair]
            value = 0.0
            for part in range(MIXTURE):
                far = slope_change_sq[pair] * narrowness[other, part]
                value += _density(height[other, part], far)
            odds[pair] = join[edge] * value
    return odds


@compiled
def sum_over_pairs(
    triplets: Triplets,
    slope_change_sq: Floats,
    height: Floats,
    narrowness: Floats,
    gradient: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Gradients for log join (E,), log weights (E, 3) and log widths (E, 3) from log odds (P,)."""
    join, weight, width = np.zeros(len(height)), np.zeros(height.shape), np.zeros(height.shape)
    part_of = np.empty(MIXTURE)
    for edge in range(len(height)):
        for pair in range(triplets.triplet_ptr[edge], triplets.triplet_ptr[edge + 1]):
            other, total = triplets.upstream[pair], 0.0
            join[edge] += gradient[pair]
            for part in range(MIXTURE):
                far = slope_change_sq[pair] * narrowness[other, part]
                part_of[part] = _density(height[other, part], far)
                total += part_of[part]
            for part in range(MIXTURE):
                share = gradient[pair] * part_of[part] / total
                far = slope_change_sq[pair] * narrowness[other, part]
                weight[other, part] += share
                width[other, part] += share * (2 * EXPONENT * far / (1 + far) - 2)
    return join, weight, width


@inlined
def _density(height: float, far: float) -> float:
    """Density of a height at a slope change whose square is `far` times that of the width."""
    falls = 1 / (1 + far)
    density = height
    for _ in range(EXPONENT):
        density *= falls
    return density
