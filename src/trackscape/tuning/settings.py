"""Spaces as JSON and YAML say them: a range or choices for each name."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from trackscape.errors import ConfigError
from trackscape.text import shown
from trackscape.tuning.space import Categorical, Condition, Float, Integer, Parameter, Space

_KEYS = {"low", "high", "log", "step", "choices", "when"}


def space_from_dict(content: Any) -> Space:
    """Reads ``{name: {low: 0.1, high: 10.0, log: true}, ...}``.

    Whole numbers as ends, such as ``{low: 1, high: 8}``, make whole numbers; ``{choices: [a, b]}``
    a category; ``when: {other: [a]}`` a parameter that is there only if the other one is a.

    Raises:
        ConfigError: It is none of these.
    """
    if not isinstance(content, Mapping):
        raise ConfigError(f"Expected names of parameters with ranges, got {shown(content)}.")
    return Space({str(name): _parameter(str(name), each) for name, each in content.items()})


def space_as_dict(space: Space) -> dict[str, Any]:
    """Returns what `space_from_dict` reads."""
    found: dict[str, Any] = {}
    for name, parameter in space.parameters.items():
        fields = {
            each.name: getattr(parameter, each.name) for each in dataclasses.fields(parameter)
        }
        when = fields.pop("when")
        defaults: dict[str, Any] = {
            "log": False,
            "step": 1 if isinstance(parameter, Integer) else None,
        }
        kept = {key: value for key, value in fields.items() if defaults.get(key, ...) != value}
        if when is not None:
            kept["when"] = {when.parameter: list(when.values)}
        found[name] = kept
    return found


def _parameter(name: str, content: Any) -> Parameter:
    if not isinstance(content, Mapping) or content.keys() - _KEYS:
        raise ConfigError(
            f"Parameter {shown(name)}: expected {', '.join(sorted(_KEYS))}, got {shown(content)}."
        )
    rest = dict(content)
    when = _condition(name, rest.pop("when", None))
    try:
        if "choices" in rest:
            return Categorical(choices=tuple(rest.pop("choices")), when=when, **rest)
        low, high = rest.pop("low"), rest.pop("high")
        numbers = (low, high, *(rest[key] for key in ("step",) if rest.get(key) is not None))
        if any(isinstance(each, bool) or not isinstance(each, int | float) for each in numbers):
            raise TypeError
        if all(isinstance(each, int) for each in numbers):
            return Integer(low=low, high=high, when=when, **rest)
        return Float(low=float(low), high=float(high), when=when, **rest)
    except (KeyError, TypeError):
        raise ConfigError(
            f"Parameter {shown(name)}: expected numbers low and high, with log or step, or "
            f"choices, got {shown(content)}."
        ) from None


def _condition(name: str, content: Any) -> Condition | None:
    if content is None:
        return None
    if isinstance(content, Mapping) and len(content) == 1:
        ((other, values),) = content.items()
        if isinstance(values, list):
            return Condition(str(other), tuple(values))
    raise ConfigError(
        f"Parameter {shown(name)}: expected when: {{other: [values]}}, got {shown(content)}."
    )
