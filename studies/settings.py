"""What the settings of all studies have in common."""

from collections.abc import Iterable
from typing import Annotated

import pydantic

Seeds = Annotated[tuple[Annotated[int, pydantic.Field(ge=0)], ...], pydantic.Field(min_length=2)]
Name = Annotated[str, pydantic.Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]


def check_names(names: Iterable[str], *, of: str) -> None:
    """Raises a ValueError, which pydantic tells, if a name is given twice."""
    names = list(names)
    if len(set(names)) < len(names):
        raise ValueError(f"{of} need different names, got {', '.join(names)}")
