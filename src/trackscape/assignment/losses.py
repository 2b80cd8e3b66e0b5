r"""Scores of a frame and labels, 1 where an edge is true -> losses.

The structured losses (`hinge_loss`, `spo_plus_loss`, `fenchel_young_loss`) are sums over edges of
what the chosen assignment saves against a right one, at costs c that are made harder in one way or
the other, r being the price of staying alone:

    L(c) = (c - r) \cdot (y* - y(c)) >= 0,    dL/dc = y* - y(c)

y(c) is the cheapest assignment and y* the one nearest to the labels: where a hit has several true
partners, the cheaper choice; both are solved for, once for each sample of noise. Layers are
assigned apart, so that all are mean costs per tracker edge + mean costs per calorimeter edge. They
are continuous, need no derivative of the decision, and are 0 only if it is right. Second
derivatives are those of c. With ``max_cardinality`` hits are forced to continue: in y*, too.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from trackscape.assignment.estimators.surrogate import Noise, check_count, check_positive
from trackscape.assignment.solver.assigner import PerEdge, Solver
from trackscape.data import EdgeScores, HitGraph
from trackscape.errors import AssignmentError

LossValue = Float[Tensor, ""]


def hamming_loss(chosen: PerEdge, label: PerEdge) -> LossValue:
    """Mean share of wrong decisions, p (1 - y) + (1 - p) y, of decisions p and labels y."""
    return (chosen * (1 - label) + (1 - chosen) * label).mean()


def cross_entropy_loss(logit: PerEdge, label: PerEdge, weight: PerEdge | None = None) -> LossValue:
    """Mean binary cross-entropy, of edges that may have weights."""
    return binary_cross_entropy_with_logits(logit, label, weight=weight)


def by_region(
    loss: Callable[..., Tensor], prediction: PerEdge, *others: PerEdge, graph: HitGraph
) -> LossValue:
    """Mean over the tracker edges + mean over the calorimeter edges, if any, as published.

    The two regions weigh the same although the calorimeter has most edges.

    Arguments:
        loss: Mean over edges of a prediction and others: labels, and weights if it takes them.
        prediction: What a network or an assignment says of each edge.
        others: Further arguments of the loss.
        graph: Hits and edges.
    """
    # Edges are ordered by layer, so that those of the tracker come first.
    n_tracker = int(graph.touches_tracker.sum())
    regions = [slice(0, n_tracker), slice(n_tracker, graph.n_edges)]
    return sum(
        (
            loss(*(each[part] for each in (prediction, *others)))
            for part in regions
            if part.start < part.stop
        ),
        start=prediction.sum() * 0,
    )


def hinge_loss(
    scores: EdgeScores,
    label: PerEdge,
    *,
    assigner: Solver,
    margin: float,
    cost: PerEdge | None = None,
) -> LossValue:
    r"""Structured hinge loss: the chosen assignment with a handicap of α for each true edge.

    .. math::
        L(c) = \max_y \left[ \alpha \, k \cdot |y - y^*| - (c - r) \cdot (y - y^*) \right]

    with the margin α in units of cost. It is 0 once every wrong edge makes an assignment dearer by
    more than α, and convex in the costs if the labels are an assignment themselves. The argument
    `cost` is k, what a wrong decision about each edge does to what comes after, of either sign, 1
    if left out. The loss is never below that of the chosen assignment, α k · |y(c) - y*|.

    References:
        Tsochantaridis et al., JMLR 6 (2005) 1453.
    """
    check_positive(margin, name="margin")
    harm = 1 - 2 * label.to(scores.cost)
    if cost is not None:
        harm = harm * cost.to(harm)
    harder = scores.cost - margin * harm
    return _saving(harder, label, graph=scores.graph, assigner=assigner)


def spo_plus_loss(
    scores: EdgeScores,
    label: PerEdge,
    *,
    assigner: Solver,
    contrast: float,
    cost: PerEdge | None = None,
) -> LossValue:
    r"""Smart "predict, then optimize" loss (SPO+), for true costs that are made of the labels.

    .. math:: L(c) = \max_y \left[ (t - 2 c) \cdot y \right] + 2 c \cdot y^* - t \cdot y^*

    where c is counted from r, and true edges really cost :math:`t = -a k`, others :math:`t = a k`,
    with the contrast a in units of c, and k, the argument `cost`, 1 if left out. That is twice the
    hinge loss with the margin a / 2.

    References:
        Elmachtoub and Grigas, Management Science 68 (2022) 9.
    """
    check_positive(contrast, name="contrast")
    return 2 * hinge_loss(scores, label, assigner=assigner, margin=contrast / 2, cost=cost)


def fenchel_young_loss(
    scores: EdgeScores, label: PerEdge, *, assigner: Solver, noise: Noise, samples: int
) -> LossValue:
    r"""Fenchel-Young loss of the perturbed assignment, for M samples of noise of any law.

    .. math::
        L(c) = \frac{1}{M} \sum_m (c + \varepsilon_m - r) \cdot (y^* - y(c + \varepsilon_m)), \qquad
        \frac{dL}{dc} = y^* - \frac{1}{M} \sum_m y(c + \varepsilon_m)

    The value is the integral of the gradient for a fixed noise: with another noise, it is another
    loss with the same mean. It differs from the loss of Blondel et al. by what does not depend on
    the costs, and is never negative. One sample is enough for a training.

    References:
        Blondel, Martins, Niculae, JMLR 21 (2020) 35; Berthet et al., NeurIPS 2020.
    """
    cost = scores.cost
    shifts = noise.draw(samples, like=cost)
    savings = (
        _saving(cost + shift, label, graph=scores.graph, assigner=assigner) for shift in shifts
    )
    return sum(savings, start=cost.sum() * 0) / samples


def _saving(cost: Tensor, label: Tensor, *, graph: HitGraph, assigner: Solver) -> Tensor:
    excess = cost - (assigner.unmatched_cost or 0.0)
    chosen = assigner.solve(cost, graph=graph).selected
    # Far enough to outweigh all costs: then the labels decide, and costs among their equals.
    far = 1 + float(excess.detach().abs().sum())
    towards = cost.detach() + far * (1 - 2 * label.to(cost))
    right = assigner.solve(towards, graph=graph).selected
    difference = right.to(cost.dtype) - chosen.to(cost.dtype)
    return by_region(lambda a, b: (a * b).mean(), excess, difference, graph=graph)


def sinkhorn_loss(
    scores: EdgeScores, label: PerEdge, *, assigner: Solver, temperature: float, sweeps: int
) -> LossValue:
    """Cross-entropy of the plan of `log_transport_plan`, tracker + calorimeter.

    Computed from the logarithms, so that shares which are hardly more than 0 have a gradient.
    """
    log_plan = log_transport_plan(scores, assigner=assigner, temperature=temperature, sweeps=sweeps)
    return by_region(_cross_entropy, log_plan, label.to(log_plan), graph=scores.graph)


def _cross_entropy(log_plan: Tensor, label: Tensor) -> Tensor:
    # Nothing is known of 1 - P beyond the rounding of ln P.
    log_rest = torch.log(-torch.expm1(log_plan.clamp(max=-1e-12)))
    return -(label * log_plan + (1 - label) * log_rest).mean()


def log_transport_plan(
    scores: EdgeScores, *, assigner: Solver, temperature: float, sweeps: int
) -> PerEdge:
    r"""Logarithm of the plan of entropic transport, at most 0, differentiable as it is.

    Of the problem ``with_unmatched``, with a share P of each edge, s of each upstream hit that is
    unmatched for the price r, t of each downstream hit, and temperature ε, it approaches

    .. math::
        \min_{P, s, t} \; c \cdot P + r \sum_i s_i
            + \varepsilon \sum \left( P \ln P + s \ln s + t \ln t - P - s - t \right), \quad
        \sum_j P_{ij} + s_i = 1, \; \sum_i P_{ij} + t_j = 1

    by scaling rows and columns in turn, in the logarithmic domain. For ε towards 0 that is the
    assignment. The last scaling is of columns: no downstream hit has more than one partner, while
    upstream hits may until the sweeps have converged. The assigner only gives the price.

    References:
        Cuturi, "Sinkhorn distances", NeurIPS 2013; Peyré and Cuturi, "Computational optimal
        transport" (2019), sections 4.4 and 10.2.
    """
    check_positive(temperature, name="temperature")
    check_count(sweeps, name="sweeps")
    if assigner.unmatched_cost is None:
        raise AssignmentError(
            'Entropic transport needs an assigner with semantics "with_unmatched", got '
            f'"{assigner.semantics}".'
        )
    downstream, upstream = scores.graph.edge_index
    weight = -scores.cost / temperature
    free = weight.new_zeros(len(scores.graph.hits))
    price = torch.full_like(free, -assigner.unmatched_cost / temperature)
    # Any start leads there. From this one, which shares the price of being alone among both ends,
    # edges that are surely true come close to 1 at once, and not to T / (T + 1) in T sweeps.
    row, column = price / 2, price / 2
    for _ in range(sweeps):
        row = -_log_sum(column[downstream] + weight, upstream, alone=price)
        column = -_log_sum(row[upstream] + weight, downstream, alone=free)
    return (row[upstream] + weight + column[downstream]).clamp(max=0)


def _log_sum(value: Tensor, hit: Tensor, *, alone: Tensor) -> Tensor:
    """Logarithm of exp(alone) of each hit + the sum of exp(value) over its edges."""
    highest = alone.scatter_reduce(0, hit, value.detach(), "amax")
    total = (alone - highest).exp().index_add(0, hit, (value - highest[hit]).exp())
    return highest + total.log()
