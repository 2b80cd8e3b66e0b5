"""Where a run folder came from, and whether a training may go on in it."""

import json
import operator
import reprlib
from pathlib import Path, PurePath
from typing import Any, cast

import pydantic

from trackscape.errors import RunError
from trackscape.training.config import TrainingConfig

CONFIG = "config.json"
PROVENANCE = "provenance.json"
_MAX_BYTES = 10_000_000


def check_origin(folder: Path, config: TrainingConfig, now: dict[str, Any]) -> None:
    """Checks that a run was begun with the settings, files, packages and threads of now.

    Raises:
        RunError: It was not, or what it says about itself is damaged.
    """
    _check_settings(folder / CONFIG, config)
    then = _read(folder / PROVENANCE)
    if not isinstance(then.get("inputs"), dict):
        raise _damaged(folder / PROVENANCE, "it names no inputs")
    same = {"inputs": _same_inputs, "packages": _same_packages, "threads": operator.eq}
    for key, is_same in same.items():
        if not is_same(then.get(key), now[key]):
            raise RunError(
                f"{folder}: this run was begun with other {key} "
                f"({_differences(then.get(key), now[key])}), so going on would mix two runs. "
                "Restore them, or choose another --runs."
            )


def _check_settings(path: Path, config: TrainingConfig) -> None:
    content = _read(path)
    network = content.get("network")
    kind = network.get("kind") if isinstance(network, dict) else network
    if kind != config.network.kind and "." in str(kind):  # of which no file may have an import
        raise _damaged(path, "it holds another network")
    try:
        digest = TrainingConfig.model_validate(content).digest
    except pydantic.ValidationError as error:
        raise _damaged(path, "settings are missing or have no such value") from error
    if digest != config.digest:
        raise _damaged(path, "it holds other settings")


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("it is too large")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _damaged(path, reason) from error
    if not isinstance(content, dict):
        raise _damaged(path, f"it holds {type(content).__name__}")
    return cast(dict[str, Any], content)


def _damaged(path: Path, reason: object) -> RunError:
    return RunError(
        f"{path}: expected what this run wrote when it was begun, but it cannot be used "
        f"({reprlib.repr(str(reason))}). Restore it, or choose another --runs."
    )


def _same_inputs(then: Any, now: dict[str, str]) -> bool:
    # Older runs noted names without folders: of equal ones the last.
    return then in (now, {PurePath(name).name: digest for name, digest in now.items()})


def _same_packages(then: Any, now: dict[str, str | None]) -> bool:
    """Of packages that older runs did not note, nothing is known."""
    return isinstance(then, dict) and all(then.get(name, now[name]) == now[name] for name in now)


def _differences(then: Any, now: Any) -> str:
    if not (isinstance(then, dict) and isinstance(now, dict)):
        return f"{reprlib.repr(then)} then, {reprlib.repr(now)} now"
    names = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    return ", ".join(
        f"{reprlib.repr(name)}: {_brief(then.get(name))} then, {_brief(now.get(name))} now"
        for name in names[:3]
    )


def _brief(value: Any) -> str:
    return "none" if value is None else reprlib.repr(value)
