"""Sequential modules -> the groups of hidden units that can be permuted in them."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor, nn

from trackscape.errors import LandscapeError

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_ELEMENTWISE = (
    nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout,
    nn.CELU, nn.ELU, nn.GELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU,
    nn.LogSigmoid, nn.Mish, nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU, nn.Sigmoid, nn.Softplus,
    nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink, nn.Threshold,
)  # fmt: skip
_POOLINGS = (
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d,
    nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
    nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d,
)  # fmt: skip

Layout = Literal["unknown", "features", "channels", "flattened"]
"""Axis of the units: the last one, one before those of the pixels, or one with the pixels."""


class Slot(NamedTuple):
    """Where the units of a group stand on one axis of a parameter or buffer."""

    name: str
    """Name as in ``named_parameters`` or ``named_buffers``."""
    axis: int
    offset: int = 0
    """Place of the first unit's first entry."""
    block: int = 1
    """Number of neighbouring entries of one unit: the pixels of a channel that was flattened."""

    def entries(self, units: Int[Tensor, " units"]) -> Int[Tensor, " entries"]:
        """Returns the entries of units, in their order."""
        within = torch.arange(self.block, device=units.device)
        return self.offset + (units[:, None] * self.block + within).flatten()


@dataclasses.dataclass(frozen=True)
class Group:
    """Units that can be permuted without changing what the model computes."""

    name: str
    """Name of the layer that computes them, for messages."""
    size: int
    slots: tuple[Slot, ...]
    """All places where they stand; a model in which one is left out is another function."""


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


@dataclasses.dataclass
class Units:
    """Units between two layers with weights; grows while the layers are read, input to output."""

    name: str
    """Path of the layer that they come from."""
    layout: Layout
    size: int = 0  # while unknown
    slots: list[Slot] = dataclasses.field(default_factory=list[Slot])
    obstacle: str = ""
    """The first layer that may treat units differently, if there is one."""

    def enter(self, path: str, layer: nn.Module) -> None:
        """Ends in a layer with weights."""
        linear = isinstance(layer, nn.Linear)
        wrong = ("channels",) if linear else ("features", "flattened")
        if self.layout in wrong or getattr(layer, "groups", 1) != 1:
            self._stop(path, layer)
        else:
            columns = layer.get_parameter("weight").shape[1]
            self._stand(path, layer, ["weight"], axis=1, entries=columns)

    def leave(self, path: str, layer: nn.Module) -> None:
        """Begins in a layer with weights."""
        rows = layer.get_parameter("weight").shape[0]
        self._stand(path, layer, ["weight", "bias"], axis=0, entries=rows)

    def go_through(self, path: str, layer: nn.Module) -> None:
        """Passes a layer that treats all units alike, or notes that it may not."""
        match layer:
            case nn.BatchNorm1d() | nn.BatchNorm2d() | nn.BatchNorm3d():
                names = ["weight", "bias", "running_mean", "running_var"]
                self._stand(path, layer, names, axis=0, entries=layer.num_features)
            case nn.LayerNorm(normalized_shape=(n,)) if self.layout in ("features", "flattened"):
                self._stand(path, layer, ["weight", "bias"], axis=0, entries=n)
            case nn.Flatten(start_dim=1, end_dim=-1) if self.layout != "unknown":
                if self.layout == "channels":
                    self.layout = "flattened"
            case _:
                alike = _ELEMENTWISE + (_POOLINGS if self.layout == "channels" else ())
                if not isinstance(layer, alike):
                    self._stop(path, layer)

    def _stand(
        self, path: str, layer: nn.Module, names: list[str], *, axis: int, entries: int
    ) -> None:
        self.size = self.size or entries
        block, rest = divmod(entries, self.size)
        if rest or (block != 1 and self.layout != "flattened"):
            self._stop(path, layer)
        for name in names:
            if getattr(layer, name) is not None:
                self.slots.append(Slot(f"{path}.{name}", axis, block=block))

    def _stop(self, path: str, layer: nn.Module) -> None:
        self.obstacle = self.obstacle or f"{path} ({type(layer).__name__})"


@dataclasses.dataclass(frozen=True)
class Chain:
    """A sequence of layers that may be a part of a larger model."""

    groups: tuple[Group, ...]
    """Hidden units, from input to output."""
    inputs: Units
    outputs: Units


def groups_of(model: nn.Module) -> tuple[Group, ...]:
    """Returns the hidden units of a sequential model, from input to output.

    That is, of linear layers and convolutions in an ``nn.Sequential``, nested or not, between which
    are batch or layer norms, elementwise activations, dropout, pooling and flattening.

    Raises:
        LandscapeError: Another layer stands between two with weights, or there are none of these.

    Example:
        >>> [group] = groups_of(nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1)))
        >>> group.name, group.size, [slot.name for slot in group.slots]
        ('0', 5, ['0.weight', '0.bias', '2.weight'])
    """
    return chain_of(model).groups


def chain_of(module: nn.Module, name: str = "") -> Chain:
    """Reads a sequential part of a model, of a name in ``named_modules``; `join` ties parts."""
    units = [Units(f"{name} inputs".strip(), "unknown")]
    for path, layer in _layers(module, name):
        if isinstance(layer, (nn.Linear, *_CONVOLUTIONS)):
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

    Each use is a chain and the first column of its inputs where these outputs stand. Between them,
    rows may be gathered, or reduced one column at a time: sums and maxima commute with a
    permutation of columns.

    Raises:
        LandscapeError: A layer stands in the way, or the columns do not exist.
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
            "a model with chain_of and tie them with join, or list its groups by hand."
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
