"""Frames and an alignment -> what the model believes of them: sums over kinks, and evidence."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from trackscape.alignment.kinks import KinkSums, no_kinks, sum_kinks
from trackscape.alignment.layers import LayerAlignment, align_hits
from trackscape.compiled import Floats
from trackscape.data import Hits, TripletGraph
from trackscape.errors import DataError
from trackscape.scoring import Scorer, load_method
from trackscape.scoring.track_model import pair_beliefs
from trackscape.scoring.track_model.potentials import FOLLOW, MIXTURE, SLOPE_CHANGE_UNIT
from trackscape.units import mm

PITCH = 5.5 * mm
"""Distance of the layers that the network was trained with."""
_HEIGHTS, _WIDTHS = slice(FOLLOW, FOLLOW + MIXTURE), slice(FOLLOW + MIXTURE, None)
_ROUNDS = 2


def evidence(frames: Sequence[Hits], alignment: LayerAlignment | None = None) -> float:
    """Returns how well the model explains frames by tracks, for each hit; this needs no truth.

    It is the logarithm of the sum over all sets of tracks, in Bethe's approximation, as a density
    of the places of hits: 2 log(dz / 5.5 mm) is taken off for each pair of segments that is
    expected, as the model has densities of slopes, which a longer dz makes smaller. The same hits
    have the larger evidence with the better alignment, or with the better depths z of the layers;
    but hardly any between depths that are stretched as a whole.

    Raises:
        DataError: There is no hit, or the alignment is of another detector.
    """
    check_hits(frames)
    model = load_method("trackscape")
    aligned = frames if alignment is None else [align_hits(frame, alignment) for frame in frames]
    total = sum(_log_evidence(frame, model) for frame in aligned)
    return total / sum(map(len, frames))


def check_hits(frames: Sequence[Hits]) -> None:
    """Raises a DataError if no frame has a hit."""
    if not any(map(len, frames)):
        raise DataError("Expected readout frames with hits, got none; name a file that has some.")


@torch.no_grad()
def _log_evidence(hits: Hits, model: Scorer) -> float:
    graph = model.prepare(model.connect(hits))
    scores = model(graph)
    belief = pair_beliefs(scores.potentials, graph=graph, n_iterations=_ROUNDS)[2]
    return float(scores.log_partition) - _log_volume(graph, belief)


def _log_volume(graph: TripletGraph, belief: Floats) -> float:
    """Logarithm of the areas, in units of 5.5 mm, that the slopes of the expected pairs are."""
    z = graph.hit_graph.hits.position[:, 2].double()
    downstream, upstream = graph.hit_graph.edge_index
    of_edge = 2 * torch.log((z[downstream] - z[upstream]) / PITCH)
    of_pair = torch.repeat_interleave(of_edge, graph.triplet_ptr.diff())
    return float(of_pair.numpy() @ belief)


def expect(frames: Iterable[Hits], alignment: LayerAlignment, *, blur: float) -> KinkSums:
    """Returns the sums over the kinks of frames, aligned so, as the model believes in them.

    Arguments:
        frames: Hits as they were seen.
        alignment: Displacement of the layers that is undone.
        blur: Displacement in mm that layers may still have: the model then expects larger kinks.
    """
    model = load_method("trackscape")
    blur_sq = blur**2 * _kink_variance(alignment.depth)
    sums = no_kinks(alignment.n_layers)
    for frame in frames:
        hits = align_hits(frame, alignment)
        graph = model.prepare(model.connect(hits))
        with torch.no_grad():
            potentials = model(graph).potentials
        sums += _sum_of_frame(graph, potentials, blur_sq, alignment.fitted)
    return sums


def _sum_of_frame(
    graph: TripletGraph, potentials: Tensor, blur_sq: Floats, fitted: np.ndarray
) -> KinkSums:
    middle = graph.hit_graph.hits.layer[graph.hit_graph.edge_index[0]]
    potentials = _blurred(potentials.double(), torch.from_numpy(blur_sq)[middle])
    belief = pair_beliefs(potentials, graph=graph, n_iterations=_ROUNDS)[2]
    values = potentials.numpy()
    narrowness = np.exp(-2 * values[:, _WIDTHS]) / SLOPE_CHANGE_UNIT**2
    height = np.exp(values[:, _HEIGHTS]) * narrowness
    return sum_kinks(graph, belief, height, narrowness, fitted)


def _blurred(
    potentials: Float64[Tensor, "edges 9"], blur_sq: Float64[Tensor, " edges"]
) -> Float64[Tensor, "edges 9"]:
    """Potentials whose widths have more added in quadrature."""
    squares = torch.exp(2 * potentials[:, _WIDTHS]) + blur_sq[:, None] / SLOPE_CHANGE_UNIT**2
    return torch.cat([potentials[:, : _WIDTHS.start], squares.log() / 2], dim=1)


def _kink_variance(depth: Floats) -> Floats:
    """Variance of a kink in the middle of three layers that are displaced by 1 mm, (L,)."""
    variance = np.zeros(len(depth))
    before, behind = 1 / np.diff(depth)[:-1], 1 / np.diff(depth)[1:]
    variance[1:-1] = before**2 + (before + behind) ** 2 + behind**2
    return variance
