"""Model + reference -> the same function with its hidden units in the order of the reference."""

import dataclasses
from collections.abc import Sequence

import torch
from jaxtyping import Int
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.connectivity.units import Group, Slot, check_groups, permute, tensors_of
from trackscape.landscape.space import copy_of

_Tensors = dict[str, Tensor]
Permutation = Int[Tensor, " units"]
"""Unit that comes to each place."""


@dataclasses.dataclass(frozen=True, eq=False)
class Alignment:
    """A permuted copy of a model, and how much nearer it is to the reference."""

    model: nn.Module
    """Copy whose units stand in the order of the reference."""
    permutations: dict[str, Permutation]
    """Unit of the model that stands in each place of the copy, by group."""
    distance_before: float
    """Euclidean distance of all parameters of the model to those of the reference."""
    distance: float
    """Euclidean distance of the parameters of the copy to those of the reference."""
    distances: tuple[float, ...]
    """Distances of all attempts; if they differ much, more of them may find something nearer."""


def permuted(
    model: nn.Module, groups: Sequence[Group], permutations: dict[str, Permutation]
) -> nn.Module:
    """Returns a copy of a model with its units in another order; groups not named stay."""
    check_groups(model, groups)
    made = copy_of(model)
    tensors = tensors_of(made)
    for group in groups:
        if group.name in permutations:
            order = permutations[group.name]
            if not torch.equal(order.sort().values.cpu(), torch.arange(group.size, device="cpu")):
                raise LandscapeError(
                    f"Expected a permutation of the {group.size} units of {group.name}, got "
                    f"{order.tolist()}."
                )
            permute(tensors, group, order)
    return made


def align(
    model: nn.Module,
    reference: nn.Module,
    groups: Sequence[Group],
    *,
    attempts: int = 10,
    seed: int = 0,
) -> Alignment:
    r"""Permutes the units of a model so that its weights come near to those of a reference.

    Weight matching: the product of both models' parameters is maximised, their distance minimised,

    .. math:: \max_{P_1 \ldots P_G} \langle \theta_\mathrm{ref}, P_1 \cdots P_G\, \theta \rangle

    one group after the other, until no group gains: with the others fixed, the best permutation of
    a group is a linear assignment (Ainsworth, Hayase, Srinivasa, "Git Re-Basin", ICLR 2023). What
    is found is a local maximum. Attempts, at least 2, take the groups (see `groups_of`) in
    different orders, the first two in the given one. Every second attempt begins anew, see
    `_match`, which finds the permutation of a permuted copy exactly if groups are listed from input
    to output. The others begin with the model as it is, so that the result is never farther.

    Raises:
        LandscapeError: Groups or reference do not fit the model, or weights are not finite.
    """
    check_groups(model, groups)
    if attempts < 2:
        raise LandscapeError(f"Expected at least 2 attempts, got {attempts}.")
    weights, wanted = _parameters_of(model), _parameters_of(reference)
    _check_alike(weights, wanted)
    generator = torch.Generator().manual_seed(seed)
    found: list[dict[str, Permutation]] = []
    for number in range(attempts):
        order = torch.randperm(len(groups), generator=generator, device="cpu").tolist()
        ordered = groups if number < 2 else [groups[place] for place in order]
        found.append(_match(weights, wanted, ordered, anew=number % 2 == 1))
    copies = [permuted(model, groups, permutations) for permutations in found]
    distances = [_distance_of(_parameters_of(copy), wanted) for copy in copies]
    best = distances.index(min(distances))
    return Alignment(
        model=copies[best],
        permutations=found[best],
        distance_before=_distance_of(weights, wanted),
        distance=distances[best],
        distances=tuple(distances),
    )


def distance_between(model: nn.Module, reference: nn.Module) -> float:
    """Returns the Euclidean distance of all parameters of two models of one architecture.

    Raises:
        LandscapeError: They are not, or their weights are not real and finite.
    """
    weights, wanted = _parameters_of(model), _parameters_of(reference)
    _check_alike(weights, wanted)
    return _distance_of(weights, wanted)


def _parameters_of(model: nn.Module) -> _Tensors:
    return {
        name: value.detach() if value.is_complex() else value.detach().double()
        for name, value in model.named_parameters()
    }


def _check_alike(weights: _Tensors, wanted: _Tensors) -> None:
    shapes, others = ({n: tuple(v.shape) for n, v in part.items()} for part in (weights, wanted))
    for name in shapes | others:
        if shapes.get(name) != others.get(name):
            raise LandscapeError(
                f"Expected two models of the same architecture, but {name} has the shapes "
                f"{shapes.get(name)} and {others.get(name)}."
            )
        if weights[name].is_complex() or wanted[name].is_complex():
            raise LandscapeError(f"Expected real weights, but {name} is complex.")
        if not (weights[name].isfinite().all() and wanted[name].isfinite().all()):
            raise LandscapeError(f"Expected finite weights, but {name} holds NaN or infinity.")


def _match(
    weights: _Tensors, wanted: _Tensors, groups: Sequence[Group], *, anew: bool
) -> dict[str, Permutation]:
    """Finds permutations after which no single group can bring weights nearer to the wanted ones.

    Groups are permuted in their order; `anew` begins with a pass in which each is matched only by
    tensors whose other axes are settled: they belong to no group, or to one that was matched.
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


def _distance_of(weights: _Tensors, wanted: _Tensors) -> float:
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
    moving: _Tensors,
    wanted: _Tensors,
    group: Group,
    slots: Sequence[Slot],
    found: dict[str, Permutation],
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


def _best_order(
    moving: _Tensors, wanted: _Tensors, size: int, slots: Sequence[Slot]
) -> Permutation:
    """Returns the order of units with the largest sum of products with those wanted."""
    product = torch.zeros(size, size, dtype=torch.float64, device="cpu")
    for slot in slots:
        rows, columns = (_units(tensors[slot.name], size, slot) for tensors in (wanted, moving))
        product += (rows @ columns.T).cpu()
    return torch.from_numpy(linear_sum_assignment(product.numpy(), maximize=True)[1])


def _units(value: Tensor, size: int, slot: Slot) -> Tensor:
    """Returns the entries of each unit as a row, (size, ...)."""
    entries = slot.entries(torch.arange(size, device="cpu")).to(value.device)
    return value.index_select(slot.axis, entries).movedim(slot.axis, 0).reshape(size, -1)
