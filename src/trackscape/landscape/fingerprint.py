"""Digests that change if a model, its data or its code do."""

import dataclasses
import functools
import hashlib
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def fingerprint(*things: Any) -> str:
    """Returns a digest of nested containers of tensors, arrays, modules, functions and values.

    Example:
        >>> fingerprint([1, torch.zeros(2)]) == fingerprint([1, torch.zeros(3)])
        False
    """
    digest = hashlib.sha256()
    for thing in things:
        _add(digest, thing)
    return digest.hexdigest()


def _add(digest: Any, thing: Any) -> None:
    digest.update(f"{type(thing).__name__}:".encode())
    if isinstance(thing, (Tensor, np.ndarray)):
        array = np.ascontiguousarray(thing.detach().cpu() if isinstance(thing, Tensor) else thing)
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array.tobytes())
    elif isinstance(thing, nn.Module):
        _add(digest, (repr(thing), thing.state_dict(), [_settings(m) for m in thing.modules()]))
    elif isinstance(thing, Mapping):
        for key in thing:
            _add(digest, (key, thing[key]))
    elif isinstance(thing, (tuple, list)):
        for part in thing:
            _add(digest, part)
        digest.update(f"{len(thing)};".encode())
    elif dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        _add(
            digest, {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
        )
    elif isinstance(thing, functools.partial):
        _add(digest, (thing.func, thing.args, thing.keywords))
    elif callable(thing):
        digest.update(f"{thing.__module__}.{getattr(thing, '__qualname__', '')};".encode())
        if not inspect.isfunction(thing) and hasattr(thing, "__dict__"):
            _add(digest, vars(thing))
    elif hasattr(thing, "__dict__") and not isinstance(thing, type):
        _add(digest, vars(thing))
    else:
        digest.update(f"{thing!r};".encode())


def _settings(module: nn.Module) -> dict[str, Any]:
    """What a module remembers in plain values, except whether it is in training."""
    plain = (bool, int, float, str, tuple, dict)
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, plain) and not name.startswith("_") and name != "training"
    }


def code_of(*things: Any) -> str:
    """Returns a digest of the Python files of the packages that define functions or objects.

    PyTorch counts by its version. Code that was typed in, not read from a file, is left out.
    """
    packages: set[str] = set()
    for thing in things:
        while isinstance(thing, functools.partial):
            thing = thing.func
        kind = thing if inspect.isroutine(thing) else type(thing)
        packages.add(kind.__module__.split(".")[0])
    digest = hashlib.sha256(torch.__version__.encode())
    for file in sorted(file for package in packages for file in _files(package)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _files(package: str) -> set[Path]:
    file = getattr(sys.modules.get(package), "__file__", None)
    if package in ("torch", "builtins") or file is None:
        return set()
    path = Path(file)
    return set(path.parent.rglob("*.py")) if path.name == "__init__.py" else {path}
