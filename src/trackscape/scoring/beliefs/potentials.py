"""What is known of a segment, and what its potentials mean."""

import math

import torch
from torch import Tensor

from trackscape.data import HitGraph
from trackscape.units import keV, mm, mrad

INPUTS = 5
"""Columns of `segment_inputs`."""
MIXTURE = 3
"""Densities whose sum is that of a kink: a core and two tails."""
START, END, JOIN = 0, 1, 2
"""Columns of the potentials: a track begins with the segment, ends with it, or takes it at all."""
FOLLOW = 3
"""The first of the columns that say what may follow: `MIXTURE` weights, then `MIXTURE` widths."""
POTENTIALS = FOLLOW + 2 * MIXTURE
KINK_UNIT = 10 * mrad
"""Widths are logarithms of multiples of this kink."""
LARGEST_POTENTIAL, LARGEST_LOG_WIDTH = 15.0, 4.0
"""Where the potentials, and the logarithms of the widths, saturate. Without this, the likelihood
grows without bounds on a rare kind of segment."""
EXPONENT = 3
"""Of the densities; their tails fall with the sixth power of the kink."""


def segment_inputs(graph: HitGraph) -> Tensor:
    """What the network sees of each segment, (E, 5), all of order 1.

    Logarithm of the slope against the beam, layer of the upstream hit, logarithms of both deposits
    (upstream first) and of the distance of the layers. Turning the frame about the beam, or moving
    it across, changes none of them.
    """
    downstream, upstream = graph.edge_index
    x, y, z = graph.direction.unbind(dim=1)
    deposit = torch.log(graph.hits.energy.clamp(min=0.1 * keV) / (20 * keV))
    slope = torch.log((x / z) ** 2 + (y / z) ** 2 + 1 * mrad**2) / 2 - math.log(50 * mrad)
    layer = graph.hits.layer[upstream].to(slope.dtype) / 20 - 1
    length = torch.log(z / (5.5 * mm))
    return torch.stack([slope, layer, deposit[upstream], deposit[downstream], length], dim=1)


def bounded(raw: Tensor) -> Tensor:
    """Squeezes what the network says, (E, 9), smoothly between the smallest and the largest."""
    largest = raw.new_full((POTENTIALS,), LARGEST_POTENTIAL)
    largest[FOLLOW + MIXTURE :] = LARGEST_LOG_WIDTH
    return largest * torch.tanh(raw / largest)


def follow_potential(
    potentials: Tensor, *, downstream: Tensor, upstream: Tensor, kink: Tensor
) -> Tensor:
    r"""Log potential of tracks that follow one segment by another, (P,).

    .. math:: \delta_b + \log \sum_m e^{w_{am}} s_{am}^{-2} (1 + k^2 / s_{am}^2)^{-3}

    for segment a and its continuation b, with the kink k in units of 10 mrad: a mixture of
    two-dimensional densities around straight on, whose widths the segment a predicts. Scattering
    is nearly normal, with tails from single large deflections.

    Arguments:
        potentials: (E, 9) of all segments.
        downstream: (P,) int64. Segment b of each pair.
        upstream: (P,) int64. Segment a.
        kink: (P,) Square of the change of the slopes.
    """
    of_upstream = potentials[upstream, FOLLOW:]
    weight, log_width = of_upstream[:, :MIXTURE], of_upstream[:, MIXTURE:]
    ratio = (kink / KINK_UNIT**2).to(log_width.dtype)[:, None] * torch.exp(-2 * log_width)
    densities = weight - 2 * log_width - EXPONENT * torch.log1p(ratio)
    return potentials[downstream, JOIN] + torch.logsumexp(densities, dim=1)
