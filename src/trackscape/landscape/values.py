"""What an objective returns for a batch -> numbers by name."""

import numbers
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor

from trackscape.errors import LandscapeError


def named_values(found: Any) -> dict[str, Tensor]:
    """Returns what an objective returned as tensors () by name, with their graphs.

    Arguments:
        found: A number, or several by name. Numbers are tensors with one real entry, or plain ones.

    Raises:
        LandscapeError: It is something else.
    """
    values = cast("Mapping[Any, Any]", found if isinstance(found, Mapping) else {"loss": found})
    if not values or not all(isinstance(name, str) for name in values):
        raise LandscapeError(
            f"Expected numbers by name for a batch, got a {type(found).__name__} with the names "
            f"{list(values)}; return a dictionary such as {{'loss': ..., 'errors': ...}}."
        )
    return {name: _number(name, value) for name, value in values.items()}


def _number(name: str, value: Any) -> Tensor:
    if isinstance(value, numbers.Real):
        return torch.tensor(float(value), dtype=torch.float64, device="cpu")
    if not isinstance(value, Tensor):
        raise LandscapeError(
            f"Expected one number for a batch, or several by name, but {name} is a "
            f"{type(value).__name__}; return the mean over the samples, or a dictionary such as "
            "{'loss': ..., 'errors': ...}."
        )
    if value.numel() != 1:
        raise LandscapeError(
            f"Expected one number for a batch, but {name} has the shape {tuple(value.shape)}; "
            "return means over the samples."
        )
    if value.is_complex():
        raise LandscapeError(
            f"Expected a real number for a batch, but {name} is complex; return its magnitude, or "
            "its real part."
        )
    return value.reshape(())
