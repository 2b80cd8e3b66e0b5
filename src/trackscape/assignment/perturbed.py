"""A decision that lets gradients through: the mean of assignments at noisy costs."""

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from trackscape.assignment.assign import Solver
from trackscape.assignment.checks import check_count
from trackscape.assignment.noise import Noise
from trackscape.assignment.surrogate import surrogate
from trackscape.data import EdgeScores, HitGraph
from trackscape.errors import AssignmentError


def perturbed_assignment(
    scores: EdgeScores, *, assigner: Solver, noise: Noise, samples: int, antithetic: bool = False
) -> Tensor:
    r"""Mean of M assignments at noisy costs, with an unbiased estimate of its gradient.

    With the noise :math:`\sigma Z_m`, :math:`y_m = y(c + \sigma Z_m)` and :math:`g = dL/dy`,

    .. math:: \frac{dL}{dc} = \frac{1}{M \sigma} \sum_m Z_m (g \cdot y_m - b_m).

    The baseline :math:`b_m`, the mean of :math:`g \cdot y_{m'}` over the other samples, removes
    most of the variance and no signal. Parts of the graph that share no hit are decided apart: in
    the gradient of an edge only the edges of its own part are summed, as all others are noise.

    References:
        Berthet et al., "Learning with differentiable perturbed optimizers", NeurIPS 2020.

    Arguments:
        scores: Scores of the edges of one frame.
        assigner: Solves the assignment, once a sample.
        noise: Normal noise; the formula holds for no other.
        samples: M, at least 2.
        antithetic: Whether every other sample has the opposite noise of another one. The two stand
            for each other's baseline; M is even.

    Returns:
        (E,) float64. Share of the samples in which each edge is chosen.
    """
    check_count(samples, name="samples", least=2)
    if noise.law != "normal" or (antithetic and samples % 2):
        raise AssignmentError(
            "Perturbed assignments need normal noise and, if antithetic, an even number of "
            f"samples, got {noise.law} noise and {samples} samples."
        )
    cost, graph = scores.cost, scores.graph
    shift = _shifts(noise, cost.detach(), samples=samples, antithetic=antithetic)
    chosen = torch.stack(
        [assigner.solve(each, graph=graph).selected for each in cost.detach() + shift]
    ).to(cost.dtype)

    def rule(gradient: Tensor) -> Tensor:
        loss = _sum_of_parts(chosen * gradient, graph=graph)
        if not antithetic:
            loss = (loss - loss.mean(dim=0)) * (samples / (samples - 1))
        return (shift * loss).mean(dim=0) / noise.sigma**2

    return surrogate(chosen.mean(dim=0), cost, rule=rule)


def _shifts(noise: Noise, cost: Tensor, *, samples: int, antithetic: bool) -> Tensor:
    if not antithetic:
        return noise.draw(samples, like=cost)
    half = noise.draw(samples // 2, like=cost)
    return torch.cat([half, -half])


def _sum_of_parts(value: Tensor, *, graph: HitGraph) -> Tensor:
    """(M, E) Of values (M, E), the sum over the part of the graph that each edge belongs to."""
    part = _parts(graph).to(value.device)
    total = torch.zeros(len(value), int(part.max()) + 1, dtype=value.dtype, device=value.device)
    return total.index_add(1, part, value)[:, part]


def _parts(graph: HitGraph) -> Tensor:
    """(E,) int64. Edges with the same upstream or the same downstream hit are of one part."""
    downstream, upstream = graph.edge_index.cpu().numpy()
    n_hits = len(graph.hits)
    ends = coo_array(
        (np.ones(graph.n_edges), (upstream, n_hits + downstream)), shape=(2 * n_hits, 2 * n_hits)
    )
    _, part = connected_components(ends, directed=False)
    return torch.from_numpy(part[upstream]).long()
