"""What all nouns can do: move to another device or floating-point type, and be printed."""

import dataclasses
from typing import Any

import torch
from torch import Tensor


class Movable:
    """Gives a dataclass of tensors the method `to`, and a short text."""

    def __repr__(self) -> str:
        fields = dataclasses.fields(self)  # pyright: ignore[reportArgumentType]
        parts = [f"{field.name}={_shown(getattr(self, field.name))}" for field in fields]
        return f"{type(self).__name__}({', '.join(parts)})"

    def to(self, target: torch.device | torch.dtype | str):
        """Returns a copy on another device, or with another floating-point type.

        Arguments:
            target: A device (``"cuda"``) or a floating type (``torch.float64``); integer and
                boolean tensors keep their type.
        """
        changes: dict[str, Any] = {}
        for field in dataclasses.fields(self):  # pyright: ignore[reportArgumentType]
            value = getattr(self, field.name)
            if isinstance(value, Movable) or (
                isinstance(value, Tensor) and _concerns(value, target)
            ):
                changes[field.name] = value.to(target)
        return dataclasses.replace(self, **changes)  # pyright: ignore


def _shown(value: object) -> str:
    """A tensor by its type and shape: nobody reads a thousand numbers."""
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
    return repr(value)


def _concerns(tensor: Tensor, target: torch.device | torch.dtype | str) -> bool:
    return not isinstance(target, torch.dtype) or tensor.is_floating_point()
