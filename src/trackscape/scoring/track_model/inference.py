"""Frames -> segments that may be on tracks, with their log odds: compiled, for tracking alone.

What training differentiates (`network`) keeps all pairs of segments, and says what else follows
from the beliefs. Tracking needs the log odds of likely segments only.
"""

import numpy as np
import torch
from torch import nn

from trackscape.compiled import Floats, Integers, compiled
from trackscape.data import BeliefScores, HitGraph
from trackscape.graph_construction.line_graph import order_edges, slope_change_limit
from trackscape.scoring.track_model import messages, perceptron
from trackscape.scoring.track_model.first_round import (
    LEAST_LIKELY,
    Candidates,
    first_round,
    renumber,
)
from trackscape.scoring.track_model.messages import Odds, Triplets
from trackscape.scoring.track_model.perceptron import PerceptronLayers, Singles
from trackscape.scoring.track_model.potentials import (
    FOLLOW,
    INPUTS,
    LARGEST_LOG_WIDTH,
    LARGEST_POTENTIAL,
    MIXTURE,
    POTENTIALS,
    SLOPE_CHANGE_UNIT,
)
from trackscape.units import keV, mm, mrad

_LARGEST = np.full(POTENTIALS, LARGEST_POTENTIAL, np.float32)
_LARGEST[FOLLOW + MIXTURE :] = LARGEST_LOG_WIDTH


def likely_segments(graph: HitGraph, *, network: nn.Sequential, n_iterations: int) -> BeliefScores:
    """Returns the segments that may be on tracks, and their log odds, as `run_bp` has them.

    After the first iteration pairs with a probability below `LEAST_LIKELY` are left out, and
    segments with lower odds, which the graph that is returned does not hold. Runs on the processor.

    Arguments:
        graph: All candidate segments of a frame.
        network: A perceptron with two hidden layers, of float32.
        n_iterations: How often messages run along the beam and back.
    """
    all_edges, n_hits = graph.edge_index.numpy(), len(graph.hits)
    adjacency = order_edges(n_hits, downstream=all_edges[0], upstream=all_edges[1])
    limit = np.square(slope_change_limit(graph.hits) / SLOPE_CHANGE_UNIT).astype(np.float32)
    slope, odds = _slopes_and_odds(graph, network)
    likely = first_round(Candidates(*adjacency.arrays(), slope, odds, limit))
    kept = np.flatnonzero(likely.forward * likely.backward >= LEAST_LIKELY)
    forward, backward, (start, end) = likely.forward[kept], likely.backward[kept], odds[:2, kept]
    edges = np.ascontiguousarray(all_edges[:, kept])
    adjacency = order_edges(n_hits, downstream=edges[0], upstream=edges[1])
    triplet_ptr, upstream, follow = renumber(likely, kept)
    triplets = Triplets(*adjacency.arrays(), triplet_ptr, upstream)
    odds_kept = Odds(start.astype(np.float64), end.astype(np.float64), follow)
    messages.exchange(triplets, odds_kept, forward, backward, n_iterations - 1)
    sums, _ = messages.partition(triplets, odds_kept, forward, backward)
    begin, stop, both = messages.marginals(triplets, odds_kept, forward, backward, sums)
    return BeliefScores(
        graph=HitGraph(hits=graph.hits, edge_index=torch.from_numpy(edges)),
        logit=torch.from_numpy(np.log(forward) + np.log(backward)).float(),
        start=torch.from_numpy(begin),
        end=torch.from_numpy(stop),
        triplet_ptr=torch.from_numpy(triplet_ptr),
        upstream=torch.from_numpy(upstream),
        follow=torch.from_numpy(both),
    )


def _slopes_and_odds(graph: HitGraph, network: nn.Sequential) -> tuple[Singles, Singles]:
    """Slopes (2, E) and odds (9, E) of all segments; see `Candidates`."""
    hits, edges = graph.hits, graph.edge_index.numpy()
    deposit = np.log(np.maximum(hits.energy.numpy(), 0.1 * keV) / (20 * keV)).astype(np.float32)
    position = hits.position.double().contiguous().numpy()
    slope, inputs = _describe(position, deposit, hits.layer.numpy(), edges)
    for logarithm in (inputs[0], inputs[4]):
        np.log(logarithm, out=logarithm)
    inputs[0] *= np.float32(0.5)
    linear = [layer for layer in network if isinstance(layer, nn.Linear)]
    parts = [part for layer in linear for part in (layer.weight, layer.bias)]
    layers = PerceptronLayers(*(part.detach().contiguous().numpy() for part in parts))
    potentials = perceptron.evaluate_perceptron(layers, inputs, _LARGEST)
    width = potentials[FOLLOW + MIXTURE :]
    width *= np.float32(-2)
    potentials[FOLLOW : FOLLOW + MIXTURE] += width
    return slope, np.exp(potentials, out=potentials)


@compiled
def _describe(
    position: Floats, deposit: Singles, layer: Integers, edges: Integers
) -> tuple[Singles, Singles]:
    """Slopes in units of `SLOPE_CHANGE_UNIT`, and `segment_inputs`, two before their logarithm."""
    n_edges = edges.shape[1]
    slopes, inputs = np.empty((2, n_edges), np.float32), np.empty((INPUTS, n_edges), np.float32)
    for edge in range(n_edges):
        downstream, upstream = edges[0, edge], edges[1, edge]
        z = position[downstream, 2] - position[upstream, 2]
        x = (position[downstream, 0] - position[upstream, 0]) / z
        y = (position[downstream, 1] - position[upstream, 1]) / z
        slopes[0, edge], slopes[1, edge] = x / SLOPE_CHANGE_UNIT, y / SLOPE_CHANGE_UNIT
        inputs[0, edge] = (x * x + y * y + (1 * mrad) ** 2) / (50 * mrad) ** 2
        inputs[1, edge] = layer[upstream] / 20 - 1
        inputs[2, edge], inputs[3, edge] = deposit[upstream], deposit[downstream]
        inputs[4, edge] = z / (5.5 * mm)
    return slopes, inputs
