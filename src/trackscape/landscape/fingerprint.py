"""Digests that change if a model, its data or its code do, and not from one process to the next."""

import dataclasses
import enum
import functools
import hashlib
import inspect
import sys
import types
from collections.abc import Iterator, Mapping, Set
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_Memory = dict[int, tuple[object, bytes]]
"""Digests by the address of what they are of, which they keep alive: addresses are used again."""
_SIMPLE = (bool, int, float, complex, str, bytes, types.NoneType, types.EllipsisType)
_NAMED = (type, types.FunctionType, types.BuiltinFunctionType, functools.partial, enum.Enum)


def fingerprint(*things: Any) -> str:
    """Returns a digest of nested containers of tensors, arrays, modules, functions and values.

    Sets and mappings have no order, other objects count by the state that pickle would save, or
    else by their type.

    Example:
        >>> fingerprint([1, torch.zeros(2)]) == fingerprint([1, torch.zeros(3)])
        False
        >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
        True
    """
    return _digest(things, {}).hex()


def _digest(thing: Any, memory: _Memory) -> bytes:
    if id(thing) in memory:
        return memory[id(thing)][1]
    memory[id(thing)] = thing, b"itself"
    digest = hashlib.sha256(f"{type(thing).__name__}:".encode())
    content = _content(thing)
    if isinstance(content, bytes):
        digest.update(content)
    else:
        parts = [_digest(part, memory) for part in content]
        # Python orders the texts of a set anew in each process.
        unordered = isinstance(thing, (Set, Mapping))
        digest.update(b"".join(sorted(parts) if unordered else parts))
    memory[id(thing)] = thing, digest.digest()
    return digest.digest()


def _content(thing: Any) -> bytes | list[Any]:
    match thing:
        case Tensor():
            return _of_tensor(thing)
        case np.ndarray():
            values = thing.tolist() if thing.dtype.hasobject else thing.tobytes()
            return [str(thing.dtype), thing.shape, values]
        case nn.Module():
            kinds = [(name, type(part)) for name, part in thing.named_modules()]
            return [kinds, thing.state_dict(), [_settings(part) for part in thing.modules()]]
        case Mapping():
            return list(thing.items())
        case tuple() | list() | Set():
            return list(thing)
        case functools.partial():
            return [thing.func, thing.args, thing.keywords]
        case enum.Enum():
            return [type(thing), thing.name]
        case PurePath():
            return str(thing).encode()
        case types.FunctionType():
            return _of_function(thing)
        case types.MethodType():
            return [thing.__func__, thing.__self__]
        case type() | types.BuiltinFunctionType():
            return f"{thing.__module__}.{thing.__qualname__}".encode()
        case types.ModuleType():
            return thing.__name__.encode()
        case types.CodeType():
            return [thing.co_code, thing.co_names, thing.co_consts]
        case _ if isinstance(thing, _SIMPLE):
            return repr(thing).encode()
        case _ if dataclasses.is_dataclass(thing):
            return [(field.name, getattr(thing, field.name)) for field in dataclasses.fields(thing)]
        case _:
            return _of_object(thing)


def _of_tensor(tensor: Tensor) -> list[Any]:
    kind = [str(tensor.dtype), tuple(tensor.shape), str(tensor.layout)]
    if tensor.is_meta:
        return kind
    if tensor.is_nested:
        return [kind, tensor.unbind()]
    if tensor.layout == torch.sparse_coo:
        tensor = tensor.coalesce()
        return [kind, tensor.indices(), tensor.values()]
    plain = tensor.detach().to_dense().cpu().resolve_conj().resolve_neg().contiguous()
    # As bytes: numpy knows no bfloat16.
    return [kind, plain.flatten().view(torch.uint8).numpy().tobytes()]


def _of_function(function: types.FunctionType) -> list[Any]:
    """A name, and what a function remembers: defaults, and the variables of one inside another."""
    function = getattr(function, "_torchdynamo_orig_callable", function)
    typed_in = [] if _file(function.__module__) else [function.__code__]
    return [
        f"{function.__module__}.{function.__qualname__}",
        function.__defaults__,
        function.__kwdefaults__,
        [_value(cell) for cell in function.__closure__ or ()],
        typed_in,
    ]


def _value(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet assigned
        return None


def _of_object(thing: Any) -> bytes | list[Any]:
    try:
        reduced = thing.__reduce_ex__(4)
    except Exception:  # each type refuses in its own way
        return f"{type(thing).__module__}.{type(thing).__qualname__}".encode()
    if isinstance(reduced, str):
        return reduced.encode()
    return [list(part) if isinstance(part, Iterator) else part for part in reduced]


def _settings(module: nn.Module) -> dict[str, Any]:
    """What a module remembers in plain values, except whether it is in training."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and name != "training" and _is_plain(value)
    }


def _is_plain(value: Any) -> bool:
    """Whether there is no tensor in it, which may be an activation that a module keeps."""
    if isinstance(value, Mapping):
        return all(_is_plain(key) and _is_plain(part) for key, part in value.items())
    if isinstance(value, (tuple, list, Set)):
        return all(map(_is_plain, value))
    return isinstance(value, (*_SIMPLE, *_NAMED, PurePath))


def code_of(*things: Any) -> str:
    """Returns a digest of the Python files of the packages that define functions or objects.

    PyTorch counts by its version.
    """
    packages: set[str] = set()
    for thing in things:
        while isinstance(thing, functools.partial):
            thing = thing.func
        kind = thing if inspect.isroutine(thing) else type(thing)
        packages.add((kind.__module__ or "").split(".")[0])
    digest = hashlib.sha256(torch.__version__.encode())
    for package in sorted(packages):
        for file in _files(package):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _files(package: str) -> list[Path]:
    path = _file(package)
    if package in ("torch", "builtins") or path is None:
        return []
    return sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]


def _file(module: str | None) -> Path | None:
    """Returns the file of a module; None if it was typed in, or is no Python."""
    file = getattr(sys.modules.get(module or ""), "__file__", None)
    return None if file is None else Path(file)
