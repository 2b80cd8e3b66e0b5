r"""Decisions that let gradients through: means of assignments at noisy costs.

Each takes the scores of one frame, and returns the share of M samples in which an edge is chosen.
:math:`y(c)` is the assignment of costs c, and :math:`g = dL/dy`.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn

from trackscape.assignment.estimators.surrogate import (
    Noise,
    check_count,
    check_positive,
    length_of_shift,
    surrogate,
)
from trackscape.assignment.solver.assigner import PerEdge, Solver
from trackscape.data import EdgeScores, HitGraph
from trackscape.errors import AssignmentError


def perturbed_assignment(
    scores: EdgeScores, *, assigner: Solver, noise: Noise, samples: int, antithetic: bool = False
) -> PerEdge:
    r"""Mean of assignments at noisy costs, with an unbiased estimate of its gradient.

    With the noise :math:`\sigma Z_m`, which has to be normal, and :math:`y_m = y(c + \sigma Z_m)`,

    .. math:: \frac{dL}{dc} = \frac{1}{M \sigma} \sum_m Z_m (g \cdot y_m - b_m).

    The baseline :math:`b_m`, the mean of :math:`g \cdot y_{m'}` over the other samples, removes
    most of the variance and no signal. Parts of the graph that share no hit are decided apart: in
    the gradient of an edge only the edges of its own part are summed, as all others are noise.

    If antithetic, M is even and every other sample has the opposite noise of another one; the two
    stand for each other's baseline.

    References:
        Berthet et al., "Learning with differentiable perturbed optimizers", NeurIPS 2020.
    """
    check_count(samples, name="samples", least=2)
    if noise.law != "normal" or (antithetic and samples % 2):
        raise AssignmentError(
            "Perturbed assignments need normal noise and, if antithetic, an even number of "
            f"samples, got {noise.law} noise and {samples} samples."
        )
    cost, graph = scores.cost, scores.graph
    shift = noise.draw(samples // 2 if antithetic else samples, like=cost)
    if antithetic:
        shift = torch.cat([shift, -shift])
    chosen = torch.stack(
        [assigner.solve(each, graph=graph).selected for each in cost.detach() + shift]
    ).to(cost.dtype)

    def rule(gradient: Tensor) -> Tensor:
        loss = _sum_of_parts(chosen * gradient, graph=graph)
        if not antithetic:
            loss = (loss - loss.mean(dim=0)) * (samples / (samples - 1))
        return (shift * loss).mean(dim=0) / noise.sigma**2

    return surrogate(chosen.mean(dim=0), cost, rule=rule)


def _sum_of_parts(value: Tensor, *, graph: HitGraph) -> Tensor:
    """Sum of values (M, E) over the part of each edge; edges with a common end are of one part."""
    downstream, upstream = graph.edge_index.cpu().numpy()
    n_hits = len(graph.hits)
    ends = coo_array(
        (np.ones(graph.n_edges), (upstream, n_hits + downstream)), shape=(2 * n_hits, 2 * n_hits)
    )
    _, part_of_end = connected_components(ends, directed=False)
    part = torch.from_numpy(part_of_end[upstream]).long().to(value.device)
    total = value.new_zeros(len(value), int(part.max()) + 1)
    return total.index_add(1, part, value)[:, part]


def implicit_assignment(
    scores: EdgeScores,
    *,
    assigner: Solver,
    noise: Noise,
    samples: int,
    strength: float,
    report: Callable[[float], None] | None = None,
) -> PerEdge:
    r"""Mean of assignments at noisy costs, each interpolated with the same noise (I-MLE).

    With the noise :math:`\varepsilon_m` and :math:`\lambda = \kappa / \max |g|`,

    .. math::
        \frac{dL}{dc} = \frac{1}{M \lambda} \sum_m
            \left[ y(c + \lambda g + \varepsilon_m) - y(c + \varepsilon_m) \right].

    It is the corrected blackbox gradient at noisy costs, where decisions that are right by a hair
    are wrong at times. For the Hamming loss and a large κ it is, up to a factor, the gradient of
    `fenchel_young_loss` with the same noise.

    References:
        Niepert, Minervini, Franceschi, "Implicit MLE", NeurIPS 2021; with the factor
        :math:`1/\lambda`, which their code leaves out.

    Arguments:
        scores: Scores of the frame.
        assigner: Solves the assignment, once a sample in the forward and in the backward pass.
        noise: Noise of any law.
        samples: M.
        strength: κ, the largest shift of a cost.
        report: Hears, in each backward pass, for which share of the edges there was a gradient.
    """
    check_positive(strength, name="strength")
    cost, graph = scores.cost, scores.graph
    noisy = cost.detach() + noise.draw(samples, like=cost)
    solutions = [assigner.solve(each, graph=graph) for each in noisy]
    chosen = torch.stack([solution.selected for solution in solutions]).to(cost.dtype)

    def rule(gradient: Tensor) -> Tensor:
        scale = length_of_shift(gradient, strength=strength)
        better = torch.stack(
            [
                assigner.solve(each + scale * gradient, graph=graph, start=start).selected
                for each, start in zip(noisy, solutions, strict=True)
            ]
        )
        difference = (better.to(chosen.dtype) - chosen).mean(dim=0)
        if report is not None:
            report(int(difference.count_nonzero()) / len(difference))
        return difference / scale

    return surrogate(chosen.mean(dim=0), cost, rule=rule)


_RATE, _LEAST, _MOST = 0.01, 1e-3, 1.0


class AdaptiveStrength(nn.Module):
    """A strength κ that grows or shrinks until a wanted share of the edges has a gradient.

    It is a module so that a checkpoint keeps it. Every backward pass through
    `adaptive_implicit_assignment` moves it by 1 %, within 0.001 and 1: with larger shifts than 1,
    costs from 0 to 1 are decided by the shift alone. It ends there if too few are wrong.
    """

    value: Float[Tensor, ""]
    """κ as it is now."""

    def __init__(self, strength: float, *, changed: float) -> None:
        super().__init__()
        if not (_LEAST <= strength <= _MOST and 0 < changed < 1):
            raise AssignmentError(
                f"Expected a strength within {_LEAST} and {_MOST} and a changed share between 0 "
                f"and 1, got {strength} and {changed}."
            )
        self.changed = changed
        self.register_buffer("value", torch.tensor(strength, dtype=torch.float64))

    def adapt(self, share: float) -> None:
        """Moves κ after a backward pass that gave a gradient to a share of the edges."""
        factor = math.exp(_RATE if share < self.changed else -_RATE)
        self.value.mul_(factor).clamp_(_LEAST, _MOST)


def adaptive_implicit_assignment(
    scores: EdgeScores, *, assigner: Solver, noise: Noise, samples: int, strength: AdaptiveStrength
) -> PerEdge:
    """As `implicit_assignment`, with a strength that the backward passes adapt (AIMLE).

    References:
        Minervini, Franceschi, Niepert, "Adaptive perturbation-based gradient estimation", AAAI
        2023; here the share of edges is aimed at instead of their number, and κ is in cost units.
    """
    return implicit_assignment(
        scores,
        assigner=assigner,
        noise=noise,
        samples=samples,
        strength=float(strength.value),
        report=strength.adapt,
    )
