"""Names that users type -> their own classes."""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from trackscape.errors import TrackscapeError
from trackscape.text import shown

_Parent = TypeVar("_Parent")


def find_class(
    name: str,
    parent: type[_Parent],
    *,
    what: str,
    known: Iterable[str],
    error: type[TrackscapeError],
) -> type[_Parent]:
    """Returns a class of the user's own, named by its place, such as ``my_package.MyScorer``.

    Only names that a user typed, in settings or as an option, may come here: a module is imported,
    from where Python looks for modules or from the current folder.

    Arguments:
        name: The place.
        parent: What the class must inherit.
        what: What it is, in words, for errors.
        known: Names that could have been meant as well.
        error: What is raised if there is no such class.
    """
    module, _, attribute = name.rpartition(".")
    if not module or not all(part.isidentifier() for part in name.split(".")):
        raise error(
            f"Expected a {what} of {', '.join(known)}, got {shown(name)!r}; one of your own is "
            f"named by its place, such as my_package.My{parent.__name__}."
        )
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # to stay, so that other processes find it as well
    try:
        found: Any = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as cause:
        raise error(
            f"Expected a {what} {shown(name)}, but it cannot be imported ({shown(cause)}); go to "
            "the folder of its module, or install it."
        ) from cause
    if not (isinstance(found, type) and issubclass(found, parent)):
        raise error(f"Expected {shown(name)} to be a class that inherits {parent.__name__}.")
    return found
