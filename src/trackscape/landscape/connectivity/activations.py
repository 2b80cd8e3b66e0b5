"""What the units of two models compute -> one model with its units in the order of the other.

References:
    Li, Yosinski, Clune, Lipson and Hopcroft, ICLR 2016; Ainsworth, Hayase and Srinivasa, "Git
    Re-Basin", ICLR 2023, section 3.1.
"""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.connectivity.alignment import (
    Alignment,
    Permutation,
    distance_between,
    permuted,
)
from trackscape.landscape.connectivity.units import Group

UnitOutputs = Mapping[str, Float[Tensor, "rows width"]]
"""Outputs of layers by name, as `layer_features` returns them."""


def align_by_outputs(
    model: nn.Module,
    reference: nn.Module,
    groups: Sequence[Group],
    *,
    outputs: UnitOutputs,
    wanted: UnitOutputs,
) -> Alignment:
    r"""Permutes the units of a model so that they compute what those of a reference do.

    Activation matching: each group is permuted by itself, so that the correlations of its units
    with those of the reference have the largest sum,

    .. math:: \max_P \sum_i \mathrm{corr} \left( z^\mathrm{ref}_i, (P z)_i \right)

    a linear assignment with one exact solution. Unlike `align` it does not see weights: units that
    do alike with a larger or smaller weight match as well. A unit that is constant correlates with
    nothing. Groups of equal outputs (see `groups_of`) are named by the layer that computes them.

    Arguments:
        model: Its copy is permuted.
        reference: Model of the same architecture.
        groups: Units that can be permuted.
        outputs: What the layer of each group computes in the model.
        wanted: What it computes in the reference, for the same rows.

    Returns:
        The copy, with the distances of weights before and after, which may grow.

    Raises:
        LandscapeError: Outputs of a group are missing, do not fit it, or are not finite.
    """
    found = {group.name: _match(group, outputs, wanted) for group in groups}
    copy = permuted(model, groups, found)
    distance = distance_between(copy, reference)
    return Alignment(
        model=copy,
        permutations=found,
        distance_before=distance_between(model, reference),
        distance=distance,
        distances=(distance,),
    )


def _match(group: Group, outputs: UnitOutputs, wanted: UnitOutputs) -> Permutation:
    own, other = (_standardised(group, of) for of in (outputs, wanted))
    if own.shape != other.shape:
        raise LandscapeError(
            f"Expected outputs of {group.name} for the same rows, got {len(own)} and {len(other)}."
        )
    correlation = (other.T @ own).cpu().numpy()
    return torch.from_numpy(linear_sum_assignment(correlation, maximize=True)[1])


def _standardised(group: Group, outputs: UnitOutputs) -> Tensor:
    """Returns the outputs of units, (rows, size), with mean 0 and norm 1; 0 where constant."""
    values = outputs.get(group.name)
    if values is None or values.ndim != 2 or values.shape[1] % group.size:
        shape = None if values is None else tuple(values.shape)
        raise LandscapeError(
            f"Expected outputs (rows, {group.size}) of the layer {group.name}, got {shape}; "
            "take them with layer_features of this layer."
        )
    if not values.isfinite().all():
        raise LandscapeError(f"Expected finite outputs of {group.name}, got NaN or infinity.")
    # The pixels of a channel are further rows.
    units = values.double().reshape(len(values), group.size, -1).movedim(1, 2).flatten(0, 1)
    centred = units - units.mean(dim=0)
    length = centred.norm(dim=0)
    rounding = 1e-12 * units.norm(dim=0)
    return torch.where(length > rounding, centred / length.clamp(min=1e-300), 0.0)
