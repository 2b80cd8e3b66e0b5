"""Decisions of classifiers -> how far pairs of them differ.

References:
    Klabunde et al., ACM Computing Surveys 57 (2025), for the min-max normalisation; Fort, Hu and
    Lakshminarayanan, arXiv:1912.02757, for the limit of independent errors.
"""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from trackscape.errors import LandscapeError

_Shares = Float[Tensor, "*pairs"]


def differing_share(a: Shaped[Tensor, "*any"], b: Shaped[Tensor, "*any"]) -> Float[Tensor, ""]:
    """Returns the share of the decisions in which two classifiers differ about the same things."""
    if a.shape != b.shape or a.numel() == 0:
        raise LandscapeError(
            f"Expected decisions about the same things, got {tuple(a.shape)} and {tuple(b.shape)}."
        )
    return (a != b).double().mean()


def disagreement(differ: _Shares, *, error_a: _Shares, error_b: _Shares) -> _Shares:
    r"""Returns how far pairs of classifiers disagree, between the least and the most they can.

    .. math:: \frac{m - |q_a - q_b|}{\min(q_a + q_b, 1) - |q_a - q_b|}

    for shares q of wrong decisions, and a share m in which they differ. 0 if one of them makes only
    errors that the other one makes, too, or if the errors leave no room; 1 if no error is common.

    Example:
        >>> q = torch.tensor(0.1)
        >>> disagreement(torch.tensor(0.1), error_a=q, error_b=q)
        tensor(0.5000)
    """
    least = (error_a - error_b).abs()
    room = (error_a + error_b).clamp(max=1) - least
    return torch.where(room > 0, (differ - least) / torch.where(room > 0, room, 1.0), 0.0)


def chance_share(*, error_a: _Shares, error_b: _Shares) -> _Shares:
    r"""Returns the share of two-way decisions in which classifiers of independent errors differ.

    It is :math:`q_a (1 - q_b) + q_b (1 - q_a)`; what `disagreement` makes of it is the chance level
    of that measure. Most pairs of models are below it, for what is hard for one is hard for both.
    """
    return error_a * (1 - error_b) + error_b * (1 - error_a)
