"""A decision that lets gradients through: Lagrangian proximal gradient descent (LPGD)."""

from typing import Literal, get_args

from torch import Tensor

from trackscape.assignment.assign import Solver
from trackscape.assignment.checks import check_positive
from trackscape.assignment.surrogate import length_of_shift, surrogate
from trackscape.data import EdgeScores
from trackscape.errors import AssignmentError

Side = Literal["lower", "upper", "average"]


def lagrangian_assignment(
    scores: EdgeScores, *, assigner: Solver, strength: float, side: Side
) -> Tensor:
    r"""Assignment whose gradient compares it with a better one, a worse one, or both of them.

    With the gradient :math:`g = dL/dy` and :math:`\lambda = \kappa / \max |g|`,

    .. math::
        \text{lower} = \frac{y(c + \lambda g) - y(c)}{\lambda}, \qquad
        \text{upper} = \frac{y(c) - y(c - \lambda g)}{\lambda},

    and ``average`` is the mean of both. For the linear costs of an assignment the lower side is the
    corrected blackbox gradient. The upper side still has a signal where the assignment is right,
    but could become wrong: a margin without noise.

    References:
        Paulus, Martius, Musil, "LPGD", ICML 2024; without its proximal term.

    Arguments:
        scores: Scores of the edges of one frame.
        assigner: Solves the assignment, once in the forward pass and once a side in the backward.
        strength: κ, the largest shift of a cost.
        side: See above.

    Returns:
        (E,) float64, 1 where an edge is chosen, else 0.
    """
    check_positive(strength, name="strength")
    if side not in get_args(Side):
        raise AssignmentError(f"Expected side lower, upper or average, got {side!r}.")
    cost, graph = scores.cost, scores.graph
    solution = assigner.solve(cost, graph=graph)
    chosen = solution.selected.to(cost.dtype)

    def rule(gradient: Tensor) -> Tensor:
        scale = length_of_shift(gradient, strength=strength)

        def shifted_by(length: float) -> Tensor:
            shifted = cost.detach() + length * gradient
            return assigner.solve(shifted, graph=graph, start=solution).selected.to(chosen.dtype)

        if side == "lower":
            return (shifted_by(scale) - chosen) / scale
        if side == "upper":
            return (chosen - shifted_by(-scale)) / scale
        return (shifted_by(scale) - shifted_by(-scale)) / (2 * scale)

    return surrogate(chosen, cost, rule=rule)
