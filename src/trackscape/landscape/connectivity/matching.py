"""Tensors of two models -> permutations of one that bring it near to the other."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from trackscape.assignment import solve
from trackscape.landscape.connectivity.specification import Group, Slot, permute

Tensors = dict[str, Tensor]


def match(
    weights: Tensors, wanted: Tensors, groups: Sequence[Group], *, anew: bool
) -> dict[str, Tensor]:
    """Finds permutations after which no single group can bring weights nearer to the wanted ones.

    Arguments:
        weights: What is permuted, by name; it stays as it is.
        wanted: What it should come near to.
        groups: In the order in which they are permuted.
        anew: Whether to begin with a pass in which each group is matched only by tensors whose
            other axes are settled, as they belong to no group or to one that was matched.

    Returns:
        Of each group: which unit comes to each place.
    """
    moving = {name: value.clone() for name, value in weights.items()}
    found = {group.name: torch.arange(group.size, device="cpu") for group in groups}
    if anew:
        settled: set[str] = set()
        for group in groups:
            slots = [slot for slot in group.slots if _is_settled(slot, groups, settled)]
            _improve(moving, wanted, group, slots, found)
            settled.add(group.name)
    # A list, not a generator: every group has its turn in each sweep.
    while any([_improve(moving, wanted, group, group.slots, found) for group in groups]):
        pass
    return found


def distance_of(weights: Tensors, wanted: Tensors) -> float:
    """Returns the Euclidean distance of all tensors together."""
    squares = [(weights[name] - wanted[name]).square().sum().item() for name in wanted]
    return sum(squares) ** 0.5


def _is_settled(slot: Slot, groups: Sequence[Group], settled: set[str]) -> bool:
    return all(
        group.name in settled
        for group in groups
        for other in group.slots
        if other.name == slot.name and other.axis != slot.axis
    )


def _improve(
    moving: Tensors,
    wanted: Tensors,
    group: Group,
    slots: Sequence[Slot],
    found: dict[str, Tensor],
) -> bool:
    """Permutes one group as well as possible by some of its slots; returns whether it did."""
    counted = [slot for slot in slots if slot.name in wanted]  # buffers follow the parameters
    order = _best_order(moving, wanted, group.size, counted)
    trial = {slot.name: moving[slot.name].clone() for slot in group.slots if slot.name in wanted}
    permute(trial, group, order)
    gain = scale = 0.0
    for name in dict.fromkeys(slot.name for slot in counted):
        gain += (wanted[name] * (trial[name] - moving[name])).sum().item()
        scale += wanted[name].norm().item() * moving[name].norm().item()
    # A tensor with the group on two axes is no linear assignment: such a step need not gain.
    if gain <= 1e-12 * scale:
        return False
    moving.update(trial)
    found[group.name] = found[group.name][order]
    return True


def _best_order(moving: Tensors, wanted: Tensors, size: int, slots: Sequence[Slot]) -> Tensor:
    """Returns the order of units with the largest sum of products with those wanted."""
    product = torch.zeros(size, size, dtype=torch.float64, device="cpu")
    for slot in slots:
        product += (
            _units(wanted[slot.name], size, slot) @ _units(moving[slot.name], size, slot).T
        ).cpu()
    row, column = np.divmod(np.arange(size * size), size)
    chosen = solve(-product.flatten().numpy(), row=row, column=column, semantics="perfect")
    return torch.from_numpy(column[chosen])


def _units(value: Tensor, size: int, slot: Slot) -> Tensor:
    """Returns the entries of each unit as a row, (size, ...)."""
    entries = slot.entries(torch.arange(size, device="cpu")).to(value.device)
    return value.index_select(slot.axis, entries).movedim(slot.axis, 0).reshape(size, -1)
