"""The parameters of a module as one flat vector."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from trackscape.errors import LandscapeError


class Part(NamedTuple):
    """One parameter and its place in the flat vector."""

    name: str
    shape: torch.Size
    begin: int
    end: int


class Space:
    """Where each trainable parameter of a module lies in a flat vector of P numbers.

    Vectors are float64 whatever the type of the module: a point of a landscape is then a sum that
    is rounded once, when it is loaded, and never drifts. Buffers are not part of it, nor are
    parameters without entries.

    Arguments:
        module: Any module with trainable real parameters of one type on one device. Parameters that
            do not require a gradient stay as they are, everywhere.

    Raises:
        LandscapeError: The module has no trainable parameter, or some of different types, or some
            that are complex, sparse, without numbers yet, or share their memory.

    Example:
        >>> space = Space(nn.Linear(3, 2))
        >>> space.size, [part.name for part in space.parts]
        (8, ['weight', 'bias'])
    """

    def __init__(self, module: nn.Module) -> None:
        trainable: list[tuple[str, nn.Parameter]] = []
        for name, value in module.named_parameters():
            if value.requires_grad:
                _check(name, value)
                if value.numel():
                    trainable.append((name, value))
        if not trainable:
            raise LandscapeError(
                f"Expected a {type(module).__name__} with trainable parameters, but none requires "
                "a gradient; call requires_grad_() on those that span the landscape."
            )
        kinds = {(value.dtype, value.device) for _, value in trainable}
        if len(kinds) > 1:
            listed = ", ".join(sorted(f"{dtype} on {device}" for dtype, device in kinds))
            raise LandscapeError(
                f"Expected parameters of one type on one device, got {listed}; convert the module "
                "with .to() first."
            )
        self.parts: list[Part] = []
        begin = 0
        for name, value in trainable:
            self.parts.append(Part(name, value.shape, begin, begin + value.numel()))
            begin += value.numel()
        self.size = begin
        self.dtype = trainable[0][1].dtype
        """Of the parameters, to which points are rounded."""
        _check_memory(trainable)

    def read(self, module: nn.Module) -> Tensor:
        """Returns a copy of the parameters of a module of this kind, (P,) float64.

        Raises:
            LandscapeError: The parameters are not those of this space.
        """
        values = dict(module.named_parameters())
        for part in self.parts:
            if part.name not in values or values[part.name].shape != part.shape:
                raise LandscapeError(
                    f"Expected a module with the parameter {part.name} of shape "
                    f"{tuple(part.shape)}; use models of the same architecture."
                )
        return torch.cat([values[part.name].detach().double().flatten() for part in self.parts])

    def write(self, vector: Tensor, module: nn.Module) -> None:
        """Copies a vector (P,) into the parameters of a module of this kind."""
        values = dict(module.named_parameters())
        with torch.no_grad():
            for name, value in self.views(vector):
                values[name].copy_(value)

    def views(self, vector: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Yields name and view of each parameter in a vector (..., P); the last axes are its."""
        for part in self.parts:
            value = vector[..., part.begin : part.end]
            yield part.name, value.reshape(*vector.shape[:-1], *part.shape)


def _check(name: str, value: nn.Parameter) -> None:
    if is_lazy(value) or value.is_meta:
        raise LandscapeError(
            f"Expected parameters with numbers, but {name} has none yet; load weights, or send one "
            "batch through a module that is lazy."
        )
    if value.layout != torch.strided:
        raise LandscapeError(
            f"Expected dense parameters, but {name} is {value.layout}; convert it with to_dense()."
        )
    if not value.is_floating_point():
        raise LandscapeError(
            f"Expected real parameters, but {name} is {value.dtype}; keep its real and imaginary "
            "parts in a real one, and make it complex in forward with torch.view_as_complex."
        )


def _check_memory(parameters: list[tuple[str, nn.Parameter]]) -> None:
    """Numbers that two parameters share would have to be at two places of a point."""
    names: defaultdict[int, list[str]] = defaultdict(list)
    for name, value in parameters:
        names[value.data_ptr()].append(name)
    for shared in names.values():
        if len(shared) > 1:
            raise LandscapeError(
                f"Expected parameters with memory of their own, but {' and '.join(shared)} share "
                "theirs; make them one parameter: module.weight = other.weight."
            )
