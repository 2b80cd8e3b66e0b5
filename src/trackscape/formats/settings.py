"""A YAML file -> checked settings, or one sentence that says what is wrong."""

import itertools
import reprlib
import types
import typing
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import pydantic
import yaml

from trackscape.errors import ConfigError
from trackscape.text import shown

Positive = Annotated[float, pydantic.Field(gt=0)]
"""A setting that is a number above 0."""
Count = Annotated[int, pydantic.Field(ge=1)]
"""A setting that is a whole number, 1 or more."""
Share = Annotated[float, pydantic.Field(gt=0, lt=1)]
"""A setting that is a number between 0 and 1, both left out."""
_MAX_BYTES = 100_000  # of a file; the parser takes a second for so many
_MAX_NODES = 100_000  # keys, values and lists in a file, each as often as others refer to it
_MAX_DEPTH = 50  # lists and mappings inside of one another


class Strict(pydantic.BaseModel):
    """Settings without unknown keys, that do not change."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @pydantic.field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: Any, info: pydantic.ValidationInfo) -> Any:
        """Refuses yes and no where pydantic would take them for 1 and 0."""
        type_ = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and bool not in (type_, *typing.get_args(type_)):
            raise ValueError(f"expected another kind of value, but got {str(value).lower()}")
        return value


_Model = TypeVar("_Model", bound=Strict)


def read_settings(
    path: Path, model: type[_Model], *, described_in: str, changes: Sequence[str] = ()
) -> _Model:
    """Reads a YAML file as a model.

    Arguments:
        path: The file.
        model: What it has to be.
        described_in: Where a user finds all its keys.
        changes: Settings to replace, such as ``optimiser.steps=20``; values are YAML.

    Raises:
        ConfigError: The file is no YAML, or a key is unknown, missing or out of range.
    """
    content: Any = _parse(path)
    if not isinstance(content, dict):
        keys = ", ".join(model.model_fields)
        raise ConfigError(f"{path}: expected the keys {keys}, got no mapping.")
    for change in changes:
        _replace(content, change)
    try:
        return model.model_validate(content)
    except pydantic.ValidationError as error:
        raise ConfigError(f"{path}: {_first_problem(error, model, described_in)}") from error


def _replace(content: dict[str, Any], change: str) -> None:
    place, equals, value = change.partition("=")
    *outer, last = place.split(".")
    if not equals or not all((*outer, last)):
        raise ConfigError(
            f"--set: expected a setting and its value, such as optimiser.steps=20, got "
            f"{shown(change)}."
        )
    inside: Any = content
    for key in outer:
        inside = inside.setdefault(key, {})
        if not isinstance(inside, dict):
            raise ConfigError(f"--set {shown(change)}: there is nothing inside of {shown(key)}.")
    inside[last] = _construct(value, f"--set {shown(place)}")


def _parse(path: Path) -> Any:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(
                f"{path}: expected less than {_MAX_BYTES // 1000} kB; name a file of settings."
            )
        return _construct(path.read_text(encoding="utf-8"), path)
    except OSError as error:
        raise ConfigError(
            f"{path}: expected a YAML file, but {error.strerror}; check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected YAML, but it is no text in UTF-8.") from error


def _construct(text: str, place: object) -> Any:
    """Makes values of YAML."""
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _measure(node, {}, depth=0)
        return loader.construct_document(node)
    # The parser fails in any way: with errors of its own, where nesting exhausts it, where lists
    # that it keeps run empty, and as Python does for impossible dates and numbers.
    except Exception as error:
        reason = shown(" ".join(str(error).split()))
        raise ConfigError(f"{place}: expected YAML, but it cannot be parsed ({reason}).") from error


def _measure(node: yaml.Node, known: dict[int, int], *, depth: int) -> int:
    """Number of nodes below one when all references, which could grow endless, are written out."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"its lists and mappings are nested more than {_MAX_DEPTH} times")
    if id(node) not in known:
        _check_keys(node)
        known[id(node)] = _MAX_NODES  # what a node inside of itself counts
        below = node.value if isinstance(node, yaml.CollectionNode) else []
        if isinstance(node, yaml.MappingNode):
            below = itertools.chain.from_iterable(below)
        known[id(node)] = 1 + sum(_measure(inner, known, depth=depth + 1) for inner in below)
    if known[id(node)] > _MAX_NODES:
        raise ValueError(
            f"it holds more than {_MAX_NODES:,} values when references are written out"
        )
    return known[id(node)]


def _check_keys(node: yaml.Node) -> None:
    """Refuses a key that is given twice, of which YAML silently takes the last."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    keys = Counter(key.value for key, _ in pairs if isinstance(key, yaml.ScalarNode))
    for key, count in keys.items():
        if count > 1:
            raise ValueError(f"the key {key} is given twice")


def _first_problem(error: pydantic.ValidationError, model: type[Strict], described_in: str) -> str:
    problem = error.errors(include_url=False)[0]
    parts = problem["loc"]
    place = shown(".".join(map(str, parts)) or "the file")
    if problem["type"] == "extra_forbidden":
        around = _model_at(model, parts[:-1])
        known = f"; expected one of {', '.join(around.model_fields)}" if around else ""
        return f"unknown key {place}{known}. Check the spelling or remove it."
    if problem["type"] == "missing":
        return f"the key {place} is missing. Add it; {described_in} shows all keys."
    reason = shown(problem["msg"].removeprefix("Value error, ").rstrip("."), limit=1000)
    if problem["type"] == "value_error":
        return f"{place}: {reason}."
    # Shortened, as a few lines of YAML can hold a value that is endless when written out.
    return f"{place} is {shown(_SHORT.repr(problem['input']))}: {reason}. Correct the value."


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write numbers of many thousand digits.
        return super().repr_int(x, level) if abs(x) < 10**40 else "a number of many digits"


_SHORT = _Short()


def _model_at(model: type[Strict], parts: tuple[str | int, ...]) -> type[Strict] | None:
    """Follows the place of a problem through lists and mappings to the settings around it."""
    annotation: Any = model
    for part in parts:
        if isinstance(annotation, type) and issubclass(annotation, Strict):
            if str(part) not in annotation.model_fields:
                return None
            annotation = annotation.model_fields[str(part)].annotation
        elif arguments := typing.get_args(annotation):  # of list[...] or dict[..., ...]
            annotation = arguments[-1]
        while typing.get_origin(annotation) in (typing.Annotated, typing.Union, types.UnionType):
            annotation = typing.get_args(annotation)[0]
    return annotation if isinstance(annotation, type) and issubclass(annotation, Strict) else None
