"""A YAML file from anywhere -> checked settings, or one sentence that says what is wrong."""

import reprlib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

import pydantic
import yaml

from trackscape.errors import ConfigError

_MAX_BYTES = 10_000_000


class Strict(pydantic.BaseModel):
    """Settings without unknown keys, that do not change."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


_Model = TypeVar("_Model", bound=Strict)


def read_settings(path: Path, model: type[_Model], *, described_in: str) -> _Model:
    """Reads a YAML file.

    Arguments:
        path: The file.
        model: What it has to hold.
        described_in: Where a user finds all keys, for whoever left one out.

    Raises:
        ConfigError: If the file is no YAML, or a key is unknown, missing or out of range.
    """
    content: Any = _parse(path)
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path}: expected the keys {', '.join(model.model_fields)}, got no mapping."
        )
    try:
        return model.model_validate(content)
    except pydantic.ValidationError as error:
        raise ConfigError(f"{path}: {_first_problem(error, model, described_in)}") from error


def _parse(path: Path) -> Any:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(
                f"{path}: expected settings of less than {_MAX_BYTES // 10**6} MB, but the file "
                "is larger; name the right file."
            )
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: expected a YAML file, but {error.strerror}; check the path."
        ) from error
    # Deep nesting exhausts the parser; impossible dates are plain errors of Python.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path}: expected YAML, but it cannot be parsed ({reason}).") from error


def _first_problem(error: pydantic.ValidationError, model: type[Strict], described_in: str) -> str:
    problem = error.errors()[0]
    parts = problem["loc"]
    place = ".".join(map(str, parts)) or "the file"
    if problem["type"] == "extra_forbidden":
        known = ", ".join(_model_at(model, parts[:-1]).model_fields)
        return f"unknown key {place}; expected one of {known}. Check the spelling or remove it."
    if problem["type"] == "missing":
        return f"the key {place} is missing. Add it; {described_in} shows all keys."
    reason = problem["msg"].removeprefix("Value error, ").rstrip(".")
    if problem["type"] == "value_error":
        return f"{place}: {reason}."
    # Shortened, as a few lines of YAML can hold a value that is endless when written out.
    return f"{place} is {reprlib.repr(problem['input'])}: {reason}. Correct the value."


def _model_at(model: type[Strict], parts: tuple[str | int, ...]) -> type[Strict]:
    """Follows the place of a problem through lists and mappings to the settings around it."""
    annotation: Any = model
    for part in parts:
        if isinstance(annotation, type) and issubclass(annotation, Strict):
            annotation = annotation.model_fields[str(part)].annotation
        else:  # an item of list[...] or a value of dict[..., ...]
            annotation = typing.get_args(annotation)[-1]
        while typing.get_origin(annotation) in (typing.Annotated, typing.Union, types.UnionType):
            annotation = typing.get_args(annotation)[0]
    return annotation
