"""Which entries of a model's tensors belong to the same units, and move with them."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from trackscape.errors import LandscapeError


class Slot(NamedTuple):
    """Where the units of a group stand on one axis of a parameter or buffer."""

    name: str
    """As in ``named_parameters`` or ``named_buffers``."""
    axis: int
    offset: int = 0
    """Of the first unit's first entry."""
    block: int = 1
    """Neighbouring entries of one unit: the pixels of a channel, after they were flattened."""

    def entries(self, units: Tensor) -> Tensor:
        """Returns the entries of units, in their order, (units * block,)."""
        within = torch.arange(self.block, device=units.device)
        return self.offset + (units[:, None] * self.block + within).flatten()


@dataclasses.dataclass(frozen=True)
class Group:
    """Units that can be permuted without changing what the model computes."""

    name: str
    size: int
    """Number of units."""
    slots: tuple[Slot, ...]
    """Everywhere that they stand; what leaves one out is another function."""


def tensors_of(model: nn.Module) -> dict[str, Tensor]:
    """Returns parameters and buffers by name; they share memory with the model."""
    named = [*model.named_parameters(), *model.named_buffers()]
    return {name: value.detach() for name, value in named}


def permute(tensors: dict[str, Tensor], group: Group, order: Tensor) -> None:
    """Puts unit ``order[i]`` of a group in place i, in all of these tensors where it stands."""
    for slot in group.slots:
        if slot.name in tensors:
            value = tensors[slot.name]
            here = slot.entries(torch.arange(group.size, device="cpu")).to(value.device)
            there = slot.entries(order).to(value.device)
            value.index_copy_(slot.axis, here, value.index_select(slot.axis, there))


def check_groups(model: nn.Module, groups: Sequence[Group]) -> None:
    """Raises a LandscapeError if groups do not fit a model or share entries or a name."""
    tensors = tensors_of(model)
    if len({group.name for group in groups}) < len(groups):
        raise LandscapeError(
            f"Expected groups of different names, got {', '.join(group.name for group in groups)}."
        )
    owner: dict[tuple[str, int, int], str] = {}
    for group in groups:
        for slot in group.slots:
            _check_slot(tensors, group, slot)
            for entry in slot.entries(torch.arange(group.size, device="cpu")).tolist():
                other = owner.setdefault((slot.name, slot.axis, entry), group.name)
                if other != group.name:
                    raise LandscapeError(
                        f"Expected every entry in one group, but {entry} on axis {slot.axis} of "
                        f"{slot.name} is in {other} and in {group.name}; make them one group."
                    )


def _check_slot(tensors: dict[str, Tensor], group: Group, slot: Slot) -> None:
    if slot.name not in tensors:
        raise LandscapeError(
            f"Expected the model to have the tensors of {group.name}, but there is no {slot.name} "
            "(what is used twice has its first name only)."
        )
    shape = tuple(tensors[slot.name].shape)
    end = slot.offset + group.size * slot.block
    if not 0 <= slot.axis < len(shape) or slot.offset < 0 or end > shape[slot.axis]:
        raise LandscapeError(
            f"Expected {slot.name} {shape} to have the entries {slot.offset} to {end - 1} on axis "
            f"{slot.axis}, where the {group.size} units of {group.name} should stand."
        )
