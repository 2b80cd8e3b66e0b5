"""What a box model conserves: groups of columns whose sum changes by sources alone."""

import dataclasses
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from trackscape.errors import DataError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Conserved:
    """Columns of a state, in one unit, whose sum changes by the source and by nothing else.

    Example:
        >>> sulphur = Conserved(name="S", columns=(0, 1), source=6, factor=450.0)
        >>> state, forcing = torch.tensor([[3.0, 4.0]]), torch.arange(7.0)[None]
        >>> total_after(sulphur, state, forcing)
        tensor([2707.])
    """

    name: str
    columns: tuple[int, ...]
    """Columns of the state."""
    source: int | None = None
    """Column of the forcing that adds to the group, at least 0; None where nothing does."""
    factor: float = 1.0
    """What a step adds for each unit of the source, such as its length."""


def check_conserved(groups: Sequence[Conserved], *, n_columns: int) -> None:
    """Checks that groups are of columns of a state with so many, each in one group at most.

    Raises:
        DataError: They are not.
    """
    columns = [column for group in groups for column in group.columns]
    if len(set(columns)) < len(columns) or not set(columns) <= set(range(n_columns)):
        raise DataError(
            f"Expected groups of different columns from 0 to {n_columns - 1}, got {columns}; name "
            "each column once at most."
        )
    empty = next((group.name for group in groups if not group.columns), None)
    if empty is not None:
        raise DataError(f"Expected columns in group {empty}, got none; leave the group out.")


def total_after(
    group: Conserved,
    state: Float[Tensor, "cells columns"],
    forcing: Float[Tensor, "cells forcings"],
) -> Float[Tensor, " cells"]:
    """Returns what a group must add up to after a step."""
    total = state[:, list(group.columns)].sum(dim=1)
    if group.source is None:
        return total
    return total + group.factor * forcing[:, group.source]


def mass_violation(
    groups: Sequence[Conserved],
    before: Float[Tensor, "cells columns"],
    after: Float[Tensor, "cells columns"],
    forcing: Float[Tensor, "cells forcings"],
) -> Float[Tensor, "cells groups"]:
    """Returns the relative error of each group's sum after a step, in double precision.

    Where a group must be empty it is the sum itself.
    """
    errors: list[Tensor] = []
    for group in groups:
        wanted = total_after(group, before.double(), forcing.double())
        found = after.double()[:, list(group.columns)].sum(dim=1)
        errors.append((found - wanted).abs() / torch.where(wanted == 0, 1.0, wanted.abs()))
    return torch.stack(errors, dim=1)
