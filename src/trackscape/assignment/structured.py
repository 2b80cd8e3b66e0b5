r"""Scores and labels -> losses whose gradient is the right assignment minus the chosen one.

All are sums over edges of what the chosen assignment saves against a right one, at costs c that are
made harder in one way or the other, r being the price of staying alone:

    L(c) = (c - r) \cdot (y* - y(c)) >= 0,    dL/dc = y* - y(c)

y(c) is the cheapest assignment and y* the one nearest to the labels: where a hit has several true
partners, the cheaper choice. Layers are assigned apart, so that the sum may be averaged by region:
all are mean costs per tracker edge + mean costs per calorimeter edge. They are continuous, need no
derivative of the decision, and are 0 only if it is right. Second derivatives are those of
c, as y changes by jumps. With ``card`` hits are forced to continue: they are part of y*, too.
"""

from torch import Tensor

from trackscape.assignment.assign import Solver
from trackscape.assignment.checks import check_positive
from trackscape.assignment.losses import by_region
from trackscape.assignment.noise import Noise
from trackscape.data import EdgeScores, HitGraph


def perceptron_loss(scores: EdgeScores, label: Tensor, *, assigner: Solver) -> Tensor:
    """By how much the chosen assignment is cheaper than a right one.

    It is 0 for all decisions that are right by a hair, and without a gradient there.

    Arguments:
        scores: Scores of the edges of one frame.
        label: (E,) 1 where an edge is true.
        assigner: Solves the assignment, twice.
    """
    return _saving(scores.cost, label, graph=scores.graph, assigner=assigner)


def hinge_loss(scores: EdgeScores, label: Tensor, *, assigner: Solver, margin: float) -> Tensor:
    r"""Structured hinge loss: the chosen assignment with a handicap of α for each true edge.

    .. math:: L(c) = \max_y \left[ \alpha \, |y - y^*|_1 - (c - r) \cdot (y - y^*) \right]

    It is 0 once every wrong edge makes an assignment dearer by more than α. It is convex in the
    costs if the labels are an assignment themselves.

    References:
        Tsochantaridis et al., JMLR 6 (2005) 1453.

    Arguments:
        scores: Scores of the edges of one frame.
        label: (E,) 1 where an edge is true.
        assigner: Solves the assignment, twice.
        margin: α, in units of cost.
    """
    check_positive(margin, name="margin")
    harder = scores.cost - margin * (1 - 2 * label.to(scores.cost))
    return _saving(harder, label, graph=scores.graph, assigner=assigner)


def spo_plus_loss(
    scores: EdgeScores, label: Tensor, *, assigner: Solver, contrast: float
) -> Tensor:
    r"""Smart "predict, then optimize" loss (SPO+), for true costs that are made of the labels.

    .. math:: L(c) = \max_y \left[ (t - 2 c) \cdot y \right] + 2 c \cdot y^* - t \cdot y^*

    where c is counted from r, and true edges really cost :math:`t = -a`, others :math:`t = a`.
    That is twice the hinge loss with the margin a / 2.

    References:
        Elmachtoub and Grigas, Management Science 68 (2022) 9.

    Arguments:
        scores: Scores of the edges of one frame.
        label: (E,) 1 where an edge is true.
        assigner: Solves the assignment, twice.
        contrast: a, in units of cost.
    """
    check_positive(contrast, name="contrast")
    return 2 * hinge_loss(scores, label, assigner=assigner, margin=contrast / 2)


def fenchel_young_loss(
    scores: EdgeScores, label: Tensor, *, assigner: Solver, noise: Noise, samples: int
) -> Tensor:
    r"""Fenchel-Young loss of the perturbed assignment, for M samples of the noise.

    .. math::
        L(c) = \frac{1}{M} \sum_m (c + \varepsilon_m - r) \cdot (y^* - y(c + \varepsilon_m)), \qquad
        \frac{dL}{dc} = y^* - \frac{1}{M} \sum_m y(c + \varepsilon_m)

    The value is the integral of the gradient for a fixed noise: with another noise, it is another
    loss with the same mean. It differs from the loss of Blondel et al. by what does not depend on
    the costs, and is never negative.

    References:
        Blondel, Martins, Niculae, JMLR 21 (2020) 35; Berthet et al., NeurIPS 2020.

    Arguments:
        scores: Scores of the edges of one frame.
        label: (E,) 1 where an edge is true.
        assigner: Solves the assignment, twice a sample.
        noise: Of any law.
        samples: M; 1 is enough for a training.
    """
    cost = scores.cost
    shifts = noise.draw(samples, like=cost)
    savings = (
        _saving(cost + shift, label, graph=scores.graph, assigner=assigner) for shift in shifts
    )
    return sum(savings, start=cost.sum() * 0) / samples


def _saving(cost: Tensor, label: Tensor, *, graph: HitGraph, assigner: Solver) -> Tensor:
    excess = cost - (assigner.reject or 0.0)
    chosen = assigner.solve(cost, graph=graph).selected
    # Far enough to outweigh all costs: then the labels decide, and costs among their equals.
    far = 1 + float(excess.detach().abs().sum())
    towards = cost.detach() + far * (1 - 2 * label.to(cost))
    right = assigner.solve(towards, graph=graph).selected
    difference = right.to(cost.dtype) - chosen.to(cost.dtype)
    return by_region(_mean_product, excess, difference, graph=graph)


def _mean_product(excess: Tensor, difference: Tensor) -> Tensor:
    return (excess * difference).mean()
