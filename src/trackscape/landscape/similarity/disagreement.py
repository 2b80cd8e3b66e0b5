"""Decisions of two classifiers -> how far they differ, between the least and the most they can.

References:
    Klabunde et al., ACM Computing Surveys 57 (2025), for the min-max normalisation; Fort, Hu and
    Lakshminarayanan, arXiv:1912.02757, for the limit of independent errors.
"""

import torch
from torch import Tensor

from trackscape.errors import LandscapeError


def differing_share(a: Tensor, b: Tensor) -> Tensor:
    """Returns m, the share of the decisions in which two classifiers differ.

    Arguments:
        a: Decisions of the one, of any shape and type.
        b: Those of the other one, about the same things.

    Raises:
        LandscapeError: There are none, or not as many of both.

    Example:
        >>> differing_share(torch.tensor([1, 0, 2, 2]), torch.tensor([1, 1, 2, 2]))
        tensor(0.2500, dtype=torch.float64)
    """
    if a.shape != b.shape or a.numel() == 0:
        raise LandscapeError(
            f"Expected the decisions of two classifiers about the same things, got "
            f"{tuple(a.shape)} and {tuple(b.shape)}."
        )
    return (a != b).double().mean()


def disagreement(differ: Tensor, *, error_a: Tensor, error_b: Tensor) -> Tensor:
    r"""Returns how far pairs of classifiers disagree, between the least and the most they can.

    .. math::
        \frac{m - |q_a - q_b|}{\min(q_a + q_b, 1) - |q_a - q_b|}

    0 if one of them makes only errors that the other one makes, too, and 1 if no error is common to
    both. If the errors leave no room, 0. All arguments have the same shape.

    Arguments:
        differ: m, the share of the decisions in which they differ.
        error_a: q of the one, its share of wrong decisions.
        error_b: q of the other one.

    Example:
        >>> q = torch.tensor(0.1)
        >>> disagreement(torch.tensor(0.1), error_a=q, error_b=q)
        tensor(0.5000)
    """
    least = (error_a - error_b).abs()
    room = (error_a + error_b).clamp(max=1) - least
    return torch.where(room > 0, (differ - least) / torch.where(room > 0, room, 1.0), 0.0)


def chance_share(*, error_a: Tensor, error_b: Tensor) -> Tensor:
    r"""Returns the share of two-way decisions in which classifiers of independent errors differ.

    .. math:: q_a (1 - q_b) + q_b (1 - q_a)

    What `disagreement` makes of it is the chance level of that measure. Most pairs of models
    are below it, for what is hard for one of them is hard for the other one.

    Arguments:
        error_a: q of the one, its share of wrong decisions.
        error_b: q of the other one.

    Example:
        >>> q = torch.tensor(0.1)
        >>> disagreement(chance_share(error_a=q, error_b=q), error_a=q, error_b=q)
        tensor(0.9000)
    """
    return error_a * (1 - error_b) + error_b * (1 - error_a)
