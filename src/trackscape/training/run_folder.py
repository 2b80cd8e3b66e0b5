"""A run is a folder that explains itself: its settings, where it came from, what it reached."""

import contextlib
import hashlib
import importlib.metadata
import json
import operator
import os
import platform
import reprlib
import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any, cast

import pydantic
import torch

import trackscape
from trackscape.errors import RunError
from trackscape.files import locked, write_json
from trackscape.training.config import RunSettings

_CONFIG, _PROVENANCE = "config.json", "provenance.json"
_MAX_BYTES = 10_000_000
_PACKAGES = ("numpy", "scipy", "torch", "lightning", "numba")


def open_run(root: Path, config: RunSettings, *, seed: int, inputs: Iterable[Path]) -> Path:
    """Makes ``<root>/<name>-<digest>-s<seed>``, or opens it again for the same settings and files.

    The folder holds ``config.json`` (all settings) and ``provenance.json`` (seed, digests of the
    input files, versions, machine), beside what the training writes.

    Raises:
        RunError: If the folder was begun with other input files or versions, is damaged, in use or
            cannot be written to.
    """
    folder = config.folder(root, seed=seed)
    now = provenance(seed=seed, inputs=inputs)
    with locked(folder):
        if (folder / _PROVENANCE).exists():
            check_origin(folder, config, now)
        else:
            write_json(folder / _CONFIG, config.model_dump(mode="json"))
            write_json(folder / _PROVENANCE, now)
    return folder


def provenance(*, seed: int, inputs: Iterable[Path]) -> dict[str, Any]:
    """Returns what decides the result of a run beside its settings."""
    return {
        "trackscape": trackscape.__version__,
        "commit": _commit(),
        "seed": seed,
        "inputs": {name: _digest(path) for name, path in _names(inputs).items()},
        "packages": {name: _version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
    }


def _names(paths: Iterable[Path]) -> dict[str, Path]:
    """Names files, with as many of their folders as tell them apart."""
    parts = {path: path.absolute().parts for path in paths}
    named: dict[str, Path] = {}
    for path, own in parts.items():
        others = [each for other, each in parts.items() if other != path]
        depths = range(1, len(own))
        depth = next((n for n in depths if all(own[-n:] != o[-n:] for o in others)), len(own))
        named["/".join(own[-depth:])] = path
    return named


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _version(package: str) -> str | None:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)


def _commit() -> str | None:
    """The commit of the checkout that the package runs from, '+' where it has changes."""
    git = ["git", "-C", str(Path(__file__).parent)]
    questions = (
        ["ls-files", "--error-unmatch", __file__],
        ["rev-parse", "HEAD"],
        ["status", "--porcelain"],
    )
    try:
        listed, commit, status = (
            subprocess.run([*git, *each], capture_output=True, text=True) for each in questions
        )
    except OSError:
        return None
    return None if listed.returncode else commit.stdout.strip() + ("+" if status.stdout else "")


def check_origin(folder: Path, config: RunSettings, now: dict[str, Any]) -> None:
    """Checks that a run was begun with the settings, files, packages and threads of now.

    Raises:
        RunError: It was not, or what it says about itself is damaged.
    """
    _check_settings(folder / _CONFIG, config)
    then = _read(folder / _PROVENANCE)
    if not isinstance(then.get("inputs"), dict):
        raise _damaged(folder / _PROVENANCE, "it names no inputs")
    same = {"inputs": _same_inputs, "packages": _same_packages, "threads": operator.eq}
    for key, is_same in same.items():
        if not is_same(then.get(key), now[key]):
            raise RunError(
                f"{folder}: this run was begun with other {key} "
                f"({_differences(then.get(key), now[key])}), so going on would mix two runs. "
                "Restore them, or choose another --runs."
            )


def _check_settings(path: Path, config: RunSettings) -> None:
    content = _read(path)
    for what, own in config.model_dump().items():
        then = content.get(what)
        kind = then.get("kind") if isinstance(then, dict) else then
        if isinstance(own, dict) and "." in str(kind) and kind != own.get("kind"):
            raise _damaged(path, f"it holds another {what}")  # no file may have an import
    try:
        digest = type(config).model_validate(content).digest
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
