"""The four ways of Harder et al. to lose less mass and to avoid negative values.

Two are terms of the loss, two act on finished predictions. Each breaks what another one mends: see
`constraints` for what is exact in both.

References:
    Harder et al., "Physics-informed learning of aerosol microphysics", Environmental Data Science 1
    (2022) e20.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from trackscape.emulation.conservation import Conserved, total_after

MASS_WEIGHTS = {"SO4": 1e-7, "BC": 2e4, "OC": 2e3, "SS": 1e-1, "DU": 1e-1}
"""Weights of the mass loss by species; that of SS is ours, as the published data have no SS."""
POSITIVITY_WEIGHTS = {"SO4": 1e-11, "BC": 1e6, "OC": 1e7, "SS": 1e3, "DU": 1e3, "N": 1e-8}
"""Weights of the positivity loss; that of SS is ours."""


def mass_loss(
    predicted: Float[Tensor, "cells columns"],
    state: Float[Tensor, "cells columns"],
    forcing: Float[Tensor, "cells forcings"],
    groups: Sequence[Conserved],
    weights: Sequence[float],
) -> Float[Tensor, ""]:
    """Returns Σ μ mean |Σ after - total|: the published one, but with the source in the total."""
    loss = predicted.new_zeros(())
    for group, weight in zip(groups, weights, strict=True):
        error = predicted[:, list(group.columns)].sum(dim=1) - total_after(group, state, forcing)
        loss = loss + weight * error.abs().mean()
    return loss


def positivity_loss(
    predicted: Float[Tensor, "cells columns"], weights: Float[Tensor, " columns"]
) -> Float[Tensor, ""]:
    """Returns Σ c mean max(-after, 0)²."""
    return (weights * torch.relu(-predicted).square().mean(dim=0)).sum()


def complete(
    predicted: Float[Tensor, "cells columns"],
    state: Float[Tensor, "cells columns"],
    forcing: Float[Tensor, "cells forcings"],
    groups: Sequence[Conserved],
    column: Sequence[int],
) -> Float[Tensor, "cells columns"]:
    """Replaces a column of each group by what the others leave: exact in mass, may be negative."""
    after = predicted
    for group, last in zip(groups, column, strict=True):
        others = [each for each in group.columns if each != last]
        left = total_after(group, state, forcing) - after[:, others].sum(dim=1)
        after = after.index_copy(1, torch.tensor([last], device=after.device), left[:, None])
    return after


def correct(predicted: Float[Tensor, "cells columns"]) -> Float[Tensor, "cells columns"]:
    """Sets what is negative to 0: never negative, may create mass."""
    return torch.relu(predicted)
