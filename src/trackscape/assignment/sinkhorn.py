"""Edge scores -> a smooth assignment: entropic transport on the edges of the graph."""

import torch
from torch import Tensor

from trackscape.assignment.assign import Solver
from trackscape.assignment.checks import check_count, check_positive
from trackscape.assignment.losses import by_region
from trackscape.data import EdgeScores
from trackscape.errors import AssignmentError


def sinkhorn_assignment(
    scores: EdgeScores, *, assigner: Solver, temperature: float, sweeps: int
) -> Tensor:
    r"""Plan of entropic transport, differentiable as it is.

    Of the problem ``reject``, with a share P of each edge, s of each upstream hit that stays alone
    for the price r, t of each downstream hit, and temperature ε, it approaches

    .. math::
        \min_{P, s, t} \; c \cdot P + r \sum_i s_i
            + \varepsilon \sum \left( P \ln P + s \ln s + t \ln t - P - s - t \right), \quad
        \sum_j P_{ij} + s_i = 1, \; \sum_i P_{ij} + t_j = 1

    by scaling rows and columns in turn, in the logarithmic domain. For ε towards 0 that is the
    assignment. The last scaling is of columns: no downstream hit has more than one partner, while
    upstream hits may until the sweeps have converged.

    References:
        Cuturi, "Sinkhorn distances", NeurIPS 2013; Peyré and Cuturi, "Computational optimal
        transport" (2019), sections 4.4 and 10.2.

    Arguments:
        scores: Scores of the edges of one frame.
        assigner: Gives the price; its semantics are ``reject``. It is not asked to solve anything.
        temperature: ε, in units of cost.
        sweeps: How often rows and columns are scaled.

    Returns:
        (E,) float64. P, between 0 and 1.
    """
    return _log_plan(scores, assigner, temperature=temperature, sweeps=sweeps).exp()


def sinkhorn_loss(
    scores: EdgeScores, label: Tensor, *, assigner: Solver, temperature: float, sweeps: int
) -> Tensor:
    """Cross-entropy of `sinkhorn_assignment` and labels (E,), tracker + calorimeter.

    Computed from the logarithms, so that shares which are hardly more than 0 have a gradient.
    """
    log_plan = _log_plan(scores, assigner, temperature=temperature, sweeps=sweeps)
    return by_region(_cross_entropy, log_plan, label.to(log_plan), graph=scores.graph)


def _cross_entropy(log_plan: Tensor, label: Tensor) -> Tensor:
    # Nothing is known of 1 - P beyond the rounding of ln P.
    log_rest = torch.log(-torch.expm1(log_plan.clamp(max=-1e-12)))
    return -(label * log_plan + (1 - label) * log_rest).mean()


def _log_plan(scores: EdgeScores, assigner: Solver, *, temperature: float, sweeps: int) -> Tensor:
    check_positive(temperature, name="temperature")
    check_count(sweeps, name="sweeps")
    if assigner.reject is None:
        raise AssignmentError(
            'Entropic transport needs an assigner with semantics "reject", got '
            f'"{assigner.semantics}".'
        )
    downstream, upstream = scores.graph.edge_index
    weight = -scores.cost / temperature
    free = weight.new_zeros(len(scores.graph.hits))
    price = torch.full_like(free, -assigner.reject / temperature)
    # Any start leads there. From this one, which shares the price of being alone among both ends,
    # edges that are surely true come close to 1 at once, and not to T / (T + 1) in T sweeps.
    row, column = price / 2, price / 2
    for _ in range(sweeps):
        row = -_log_sum(column[downstream] + weight, upstream, alone=price)
        column = -_log_sum(row[upstream] + weight, downstream, alone=free)
    return (row[upstream] + weight + column[downstream]).clamp(max=0)


def _log_sum(value: Tensor, hit: Tensor, *, alone: Tensor) -> Tensor:
    """(H,) Logarithm of exp(alone) of each hit + the sum of exp(value) over its edges."""
    highest = alone.scatter_reduce(0, hit, value.detach(), "amax")
    total = (alone - highest).exp().index_add(0, hit, (value - highest[hit]).exp())
    return highest + total.log()
