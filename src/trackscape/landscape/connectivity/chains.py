"""Sequential modules -> the groups of units that can be permuted in them."""

import dataclasses
from collections.abc import Iterator

from torch import nn

from trackscape.errors import LandscapeError
from trackscape.landscape.connectivity.specification import Group
from trackscape.landscape.connectivity.units import CONVOLUTIONS, Units


@dataclasses.dataclass(frozen=True)
class Chain:
    """A sequence of layers that may be a part of a larger model."""

    groups: tuple[Group, ...]
    """Its hidden units, from input to output."""
    inputs: Units
    """What it takes."""
    outputs: Units
    """What it returns."""


def groups_of(model: nn.Module) -> tuple[Group, ...]:
    """Returns the hidden units of a sequential model, from input to output.

    Arguments:
        model: Linear layers and convolutions in an ``nn.Sequential``, nested or not, between which
            are batch or layer norms, elementwise activations, dropout, pooling and flattening.

    Raises:
        LandscapeError: It is none, or another layer stands between two with weights.

    Example:
        >>> [group] = groups_of(nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1)))
        >>> group.name, group.size, [slot.name for slot in group.slots]
        ('0', 5, ['0.weight', '0.bias', '2.weight'])
    """
    return chain(model).groups


def chain(module: nn.Module, name: str = "") -> Chain:
    """Reads a sequential part of a model; `join` ties it to others.

    Arguments:
        module: As in `groups_of`.
        name: Its name in the model, as in ``named_modules``.

    Raises:
        LandscapeError: See `groups_of`.
    """
    units = [Units(f"{name} inputs".strip(), "unknown")]
    for path, layer in _layers(module, name):
        if isinstance(layer, (nn.Linear, *CONVOLUTIONS)):
            units[-1].enter(path, layer)
            units.append(Units(path, "features" if isinstance(layer, nn.Linear) else "channels"))
            units[-1].leave(path, layer)
        else:
            units[-1].go_through(path, layer)
    if len(units) == 1:
        raise LandscapeError(
            f"Expected linear layers or convolutions in {name or 'the model'}, but it has none."
        )
    inputs, *hidden, outputs = units
    for part in hidden:
        _check(part)
    groups = tuple(Group(part.name, part.size, tuple(part.slots)) for part in hidden)
    return Chain(groups, inputs, outputs)


def join(producer: Chain, *uses: tuple[Chain, int]) -> Group:
    """Returns the outputs of one chain as a group that is also in the inputs of others.

    Between them, rows may be gathered, or reduced one column at a time: sums and maxima commute
    with a permutation of columns.

    Arguments:
        producer: Whose outputs are used.
        uses: Chains and the first column of their inputs where these outputs stand.

    Raises:
        LandscapeError: A layer stands in the way, or the columns do not exist.

    Example:
        An encoder whose code is read behind three other columns:

        >>> model = nn.ModuleDict({
        ...     "encode": nn.Sequential(nn.Linear(4, 2), nn.Tanh()),
        ...     "decode": nn.Sequential(nn.Linear(5, 1)),
        ... })
        >>> encode, decode = (chain(model[name], name) for name in model)
        >>> join(encode, (decode, 3)).slots[-1]
        Slot(name='decode.0.weight', axis=1, offset=3, block=1)
    """
    outputs = producer.outputs
    _check(outputs)
    slots = list(outputs.slots)
    for user, column in uses:
        _check(user.inputs)
        if not 0 <= column <= user.inputs.size - outputs.size:
            raise LandscapeError(
                f"Expected {outputs.size} columns of {user.inputs.name} from {column} on, but "
                f"there are {user.inputs.size}."
            )
        slots += [slot._replace(offset=slot.offset + column) for slot in user.inputs.slots]
    return Group(outputs.name, outputs.size, tuple(slots))


def _layers(module: nn.Module, path: str) -> Iterator[tuple[str, nn.Module]]:
    if type(module).forward is not nn.Sequential.forward:
        raise LandscapeError(
            f"Expected an nn.Sequential, got {type(module).__name__}; read the sequential parts of "
            "a model with chain and tie them with join, or list its groups by hand."
        )
    # named_children leaves out a layer that stands in two places, such as a shared activation.
    for name, layer in module._modules.items():  # pyright: ignore[reportPrivateUsage]
        inner = f"{path}.{name}" if path else name
        if isinstance(layer, nn.Sequential):
            yield from _layers(layer, inner)
        elif layer is not None:
            yield inner, layer


def _check(units: Units) -> None:
    if units.obstacle:
        raise LandscapeError(
            f"Expected layers that treat all units alike behind {units.name}, but "
            f"{units.obstacle} may not; list the groups of this model by hand."
        )
