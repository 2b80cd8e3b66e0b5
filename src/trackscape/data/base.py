"""What all nouns share: they move between devices, are printed, and check their tensors."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from trackscape.errors import DataError


class DeviceMixin:
    """Gives a dataclass of tensors the method `to`, and a short text."""

    def __repr__(self) -> str:
        fields = dataclasses.fields(self)  # pyright: ignore[reportArgumentType]
        parts = [f"{field.name}={_shown(getattr(self, field.name))}" for field in fields]
        return f"{type(self).__name__}({', '.join(parts)})"

    def to(self, target: torch.device | torch.dtype | str):
        """Returns a copy on a device (``"cuda"``), or of a floating type (``torch.float64``).

        Integer and boolean tensors keep their type.
        """

        def move(value: Tensor) -> Tensor:
            stays = isinstance(target, torch.dtype) and not value.is_floating_point()
            return value if stays else value.to(target)

        return self._each(move)

    def _each(self, change: Callable[[Tensor], Tensor]):
        """Returns a copy with other tensors, also in the nouns within."""
        changes: dict[str, Any] = {}
        for field in dataclasses.fields(self):  # pyright: ignore[reportArgumentType]
            value = getattr(self, field.name)
            if isinstance(value, Tensor):
                changes[field.name] = change(value)
            elif isinstance(value, DeviceMixin):
                changes[field.name] = value._each(change)
        return dataclasses.replace(self, **changes)  # pyright: ignore


def _shown(value: object) -> str:
    """A tensor by its type and shape."""
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
    return repr(value)


def check_shape(value: object, shape: tuple[int | None, ...], *, name: str) -> None:
    """Raises a DataError unless it is a tensor of this shape, with any number of hits for None."""
    if not isinstance(value, Tensor):
        raise DataError(
            f"Expected a tensor in {name}, got {type(value).__name__}. Use `torch.as_tensor`."
        )
    if value.ndim != len(shape) or value.shape[1:] != shape[1:]:
        wanted = ", ".join(["H", *map(str, shape[1:])]) if shape[1:] else "H,"
        raise DataError(f"Expected {name} of shape ({wanted}), got {tuple(value.shape)}.")
    if shape[0] is not None and len(value) != shape[0]:
        raise DataError(f"{name} has {len(value)} entries for {shape[0]} hits.")


def check_finite(value: Tensor, *, name: str) -> None:
    """Raises a DataError unless all entries are finite floating-point numbers."""
    if not value.is_floating_point():
        raise DataError(
            f"Expected floating-point numbers in {name}, got {value.dtype}. Use `.float()`."
        )
    # One pass without a copy. Finite numbers can have an infinite sum, so that is only a suspicion.
    if value.is_meta or math.isfinite(float(value.detach().sum())):
        return
    finite = torch.isfinite(value).view(len(value), -1).all(dim=1)
    if not bool(finite.all()):
        first = int((~finite).nonzero()[0])
        raise DataError(
            f"Expected finite numbers in {name}, but hit {first} has {value[first].tolist()}. "
            f"{int((~finite).sum())} of {len(value)} hits are like that: leave them out with "
            "`select`, or mend what made them."
        )


def check_integers(value: Tensor, *, name: str, least: int | None = None) -> None:
    """Raises a DataError unless all entries are int64, and none is below `least`."""
    if value.dtype != torch.int64:
        raise DataError(f"Expected int64 in {name}, got {value.dtype}. Use `.long()`.")
    if least is None or value.is_meta or len(value) == 0 or int(value.min()) >= least:
        return
    below = value < least
    first = int(below.nonzero()[0])
    raise DataError(
        f"Expected numbers from {least} on in {name}, but hit {first} has {int(value[first])}. "
        f"{int(below.sum())} of {len(value)} hits are like that: leave them out with `select`."
    )


def check_range(value: Tensor, stop: int, *, name: str, what: str) -> None:
    """Raises a DataError unless all entries are int64 from 0 to `stop` - 1, numbers of `what`."""
    check_integers(value, name=name)
    if value.is_meta or value.numel() == 0:
        return
    low, high = (int(bound) for bound in value.aminmax())
    if low < 0 or high >= stop:
        raise DataError(
            f"Expected numbers of {what} from 0 to {stop - 1} in {name}, got {low} to {high}. Use "
            "those of the hits that are given along."
        )
