"""Checks shapes and types of arrays while tests run: see `--jaxtyping-packages` in pyproject.toml.

All other types are pyright's to check.
"""

from collections.abc import Callable
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that refuses what is no array of the shape that its annotation names.

    jaxtyping has arguments checked before a call, with any result, and with the result after it.
    The nouns check their own fields in between, with errors that say what to do.
    """
    hints = function.__annotations__
    shapes = {name: hint if _has_shape(hint) else Any for name, hint in hints.items()}
    is_before = hints.get("return") is Any
    if (function.__name__ == "__init__" and is_before) or set(shapes.values()) <= {Any}:
        return function
    function.__annotations__ = shapes
    return beartype(function)


def _has_shape(hint: Any) -> bool:
    is_array = isinstance(hint, type) and issubclass(hint, AbstractArray)
    return is_array or any(map(_has_shape, get_args(hint)))
