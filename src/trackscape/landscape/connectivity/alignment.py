"""Model + reference -> the same function with its hidden units in the order of the reference."""

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.connectivity.matching import distance_of, match
from trackscape.landscape.connectivity.specification import (
    Group,
    check_groups,
    permute,
    tensors_of,
)
from trackscape.landscape.copies import copy_of


@dataclasses.dataclass(frozen=True, eq=False)
class Alignment:
    """A permuted copy of a model, and how much nearer it is to the reference."""

    model: nn.Module
    permutations: dict[str, Tensor]
    """Of each group (size,): unit i of the copy is unit ``permutation[i]`` of the model."""
    distance_before: float
    """Euclidean distance of all parameters to those of the reference."""
    distance: float
    """The same of the copy."""
    distances: tuple[float, ...]
    """Of all attempts; if they differ much, more of them may find something nearer."""


def permuted(
    model: nn.Module, groups: Sequence[Group], permutations: dict[str, Tensor]
) -> nn.Module:
    """Returns a copy of a model with its units in another order.

    Arguments:
        model: Any module.
        groups: Its units.
        permutations: Of groups by name, (size,): which unit comes to each place. Groups that are
            not named stay as they are.
    """
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

    Weight matching: the product of both models' parameters is maximised, which minimises their
    distance,

    .. math:: \max_{P_1 \ldots P_G} \langle \theta_\mathrm{ref}, P_1 \cdots P_G\, \theta \rangle

    one group after the other, until no group gains. With the others fixed, the best permutation of
    a group is a linear assignment. What is found is a local maximum. Attempts take the groups in
    different orders, the first two in the given one. Every second attempt begins anew: there a
    group is first matched by those tensors only whose other groups were matched before, which finds
    the permutation of a permuted copy exactly if groups are listed from input to output. The others
    begin with the model as it is, so that the result is never farther away than that.

    Arguments:
        model: What is permuted; it stays as it is.
        reference: A module with the same tensors.
        groups: Units of both; see `groups_of`.
        attempts: How often, at least 2.
        seed: Of the orders.

    Raises:
        LandscapeError: Groups or reference do not fit the model, or weights are not finite.

    References:
        Ainsworth, Hayase, Srinivasa, "Git Re-Basin: Merging models modulo permutation symmetries",
        ICLR 2023.
    """
    check_groups(model, groups)
    if attempts < 2:
        raise LandscapeError(f"Expected at least 2 attempts, got {attempts}.")
    weights, wanted = _weights(model), _weights(reference)
    _check_alike(weights, wanted)
    generator = torch.Generator().manual_seed(seed)
    found: list[dict[str, Tensor]] = []
    for number in range(attempts):
        order = torch.randperm(len(groups), generator=generator, device="cpu").tolist()
        ordered = groups if number < 2 else [groups[place] for place in order]
        found.append(match(weights, wanted, ordered, anew=number % 2 == 1))
    copies = [permuted(model, groups, permutations) for permutations in found]
    distances = [distance_of(_weights(copy), wanted) for copy in copies]
    best = distances.index(min(distances))
    return Alignment(
        model=copies[best],
        permutations=found[best],
        distance_before=distance_of(weights, wanted),
        distance=distances[best],
        distances=tuple(distances),
    )


def _weights(model: nn.Module) -> dict[str, Tensor]:
    return {
        name: value.detach() if value.is_complex() else value.detach().double()
        for name, value in model.named_parameters()
    }


def _check_alike(weights: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
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
