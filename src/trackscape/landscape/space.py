"""The parameters of a module as one flat vector."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

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
    is rounded once, when it is loaded, and never drifts. Buffers are not part of it.

    Arguments:
        module: Any module with trainable parameters of one type on one device. Parameters that do
            not require a gradient stay as they are, everywhere.

    Raises:
        LandscapeError: The module has no trainable parameter, or some of different types.

    Example:
        >>> space = Space(nn.Linear(3, 2))
        >>> space.size, [part.name for part in space.parts]
        (8, ['weight', 'bias'])
    """

    def __init__(self, module: nn.Module) -> None:
        trainable = [item for item in module.named_parameters() if item[1].requires_grad]
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
