"""A plugin of pytest that checks shapes and types of arrays: `make test-slow` has it on.

Checks make calls dear, so the quick tests go without. All other types are pyright's to check.
"""

from collections.abc import Callable
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray, install_import_hook

# The kernels of scoring are compiled in a way that lets nobody look.
_CHECKED = (
    "data",
    "graph_construction",
    "assignment",
    "tracking",
    "evaluation",
    "scoring.interface",
    "scoring.track_model",
    "scoring.line_graph.network",
    "scoring.line_graph.columns",
    "scoring.line_graph.encoding",
)


def pytest_load_initial_conftests() -> None:
    """Sees to it that the package is checked before anything imports it."""
    install_import_hook([f"trackscape.{name}" for name in _CHECKED], f"{__name__}.checked")


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
