"""What keeps a network's step from making or losing matter, exactly or as was published.

All layers are functions of tensors with gradients, for any box model; states are (cells, columns).
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from trackscape.emulation.conservation import Conserved, total_after
from trackscape.errors import DataError

LARGEST_WEIGHT = 1e4
"""Of a flux, in units of what empties a donor by a factor e."""
SMALL_WEIGHT = 1e-3
"""Below, shares are worked out as series, as they would be differences of nearly equal numbers."""


def limited_shares(
    weight: Float[Tensor, "cells fluxes"], donors: Float[Tensor, "fluxes columns"]
) -> tuple[Float[Tensor, "cells fluxes"], Float[Tensor, "cells fluxes"]]:
    """Returns shares of the donors' contents, and of what flows into them, that leave in a step.

    They add up to at most 1 for each donor. Weights w >= 0 are rates times the step: of the content
    1 - exp(-Σw) is gone in the end, and of what comes evenly during the step 1 - (1 - exp(-Σw)) /
    Σw; both are divided among the fluxes like the weights. What is no number counts as 0, and
    weights beyond `LARGEST_WEIGHT` as that. A row of `donors` is 1 at the donor of a flux, else 0.
    """
    weight = weight.nan_to_num(nan=0.0, posinf=LARGEST_WEIGHT).clamp(0.0, LARGEST_WEIGHT)
    total = weight @ donors
    usual, large = total > SMALL_WEIGHT, total.clamp(min=SMALL_WEIGHT)
    content = torch.where(usual, -torch.expm1(-large) / large, 1 - 0.5 * total)
    inflow = torch.where(usual, (1 - content) / large, 0.5 - total / 6)
    return weight * (content @ donors.T), weight * (inflow @ donors.T)


def move_fluxes(
    state: Float[Tensor, "cells columns"],
    source: Float[Tensor, "cells columns"],
    shares: tuple[Float[Tensor, "cells fluxes"], Float[Tensor, "cells fluxes"]],
    donors: Float[Tensor, "fluxes columns"],
    receivers: Float[Tensor, "fluxes columns"],
) -> tuple[Float[Tensor, "cells columns"], Float[Tensor, "cells fluxes"]]:
    """Moves shares of contents and sources; returns what is then where, and what each flux moved.

    Exact in mass and never below zero for shares as `limited_shares` returns them: what is left of
    a donor is clipped at 0, which it can miss by rounding alone. Rows of `receivers` are 1 at the
    receiver, or 0 throughout for what leaves the state.
    """
    amount = shares[0] * (state @ donors.T) + shares[1] * (source @ donors.T)
    left = (state + source - amount @ donors).clamp(min=0.0)
    return left + amount @ receivers, amount


def sources_of(
    state: Float[Tensor, "cells columns"],
    forcing: Float[Tensor, "cells forcings"],
    groups: Sequence[Conserved],
    inlets: Sequence[int],
) -> Float[Tensor, "cells columns"]:
    """Returns what the source of each group adds in a step, in the column that is named for it."""
    source = torch.zeros_like(state)
    for group, column in zip(groups, inlets, strict=True):
        if group.source is not None:
            source[:, column] = group.factor * forcing[:, group.source]
    return source


def renormalise(
    predicted: Float[Tensor, "cells columns"],
    total: Float[Tensor, " cells"],
) -> Float[Tensor, "cells columns"]:
    """Returns what is predicted for the columns of one group, scaled to the total it must have.

    Predictions below 0 count as 0; where all are, or the largest is too small to divide by, every
    column gets the same. Ratios are kept, so small contents stay accurate.
    """
    positive = predicted.clamp(min=0.0)
    largest = positive.amax(dim=1, keepdim=True)
    usable = torch.isfinite(largest) & (largest > torch.finfo(positive.dtype).tiny)
    share = torch.where(usable, positive, 1.0) / torch.where(usable, largest, 1.0)
    return total[:, None] * (share / share.sum(dim=1, keepdim=True))


def project_onto_simplex(
    predicted: Float[Tensor, "cells columns"],
    total: Float[Tensor, " cells"],
) -> Float[Tensor, "cells columns"]:
    """Returns the point of {x >= 0, Σx = total} that is nearest to what is predicted.

    In units of the total, as max(p - θ, 0) with the threshold θ that sorting finds; then scaled,
    which mends what rounding leaves. Where the total is 0, so are all columns.

    References:
        Held, Wolfe and Crowder, Math. Program. 6 (1974) 62; Duchi et al., ICML 2008.
    """
    some = total > 0
    scale = torch.where(some, total, 1.0)[:, None]
    p = predicted / scale
    p = (p - p.amax(dim=1, keepdim=True)).clamp(min=-2.0)  # 1 below the largest is far enough
    ordered = p.sort(dim=1, descending=True).values
    rank = torch.arange(1, p.shape[1] + 1, dtype=p.dtype, device=p.device)
    theta = (ordered.cumsum(dim=1) - 1) / rank
    support = (ordered > theta).sum(dim=1, keepdim=True).clamp(min=1)
    nearest = (p - theta.gather(1, support - 1)).clamp(min=0.0)
    return torch.where(some[:, None], renormalise(nearest, total), 0.0)


def replace_groups(
    predicted: Float[Tensor, "cells columns"],
    state: Float[Tensor, "cells columns"],
    forcing: Float[Tensor, "cells forcings"],
    groups: Sequence[Conserved],
    method: str,
) -> Float[Tensor, "cells columns"]:
    """Returns predictions whose groups add up and in which nothing is below 0.

    Arguments:
        predicted: States after a step, as a network says.
        state: States before it.
        forcing: Forcings, whose sources count.
        groups: What is conserved; other columns are only clipped at 0.
        method: ``renormalise`` or ``project``.

    Raises:
        DataError: The method has another name.
    """
    methods = {"renormalise": renormalise, "project": project_onto_simplex}
    if method not in methods:
        raise DataError(f"Methods are {', '.join(methods)}, got {method!r}; name one of these.")
    after = predicted.clamp(min=0.0)
    for group in groups:
        columns = list(group.columns)
        # In double precision, so that only the last rounding is left.
        total = total_after(group, state.double(), forcing.double())
        found = methods[method](predicted[:, columns].double(), total).to(after)
        after = after.index_copy(1, torch.tensor(columns, device=after.device), found)
    return after
