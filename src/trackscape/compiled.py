"""Functions in the subset of Python that numba turns into machine code."""

import functools
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba
from numba.core import config

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


@functools.cache
def _cache_folder(package: str) -> str:
    # numba looks at the file of a function only, not at what the function calls. So machine code
    # is kept under a digest of all files that it may come from, and the code of others goes.
    folder = Path(__file__).parent / package
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in sorted(folder.rglob("*.py")):
        digest.update(file.read_bytes())
    cache = folder / "__pycache__" / f"machine-code-{digest.hexdigest()[:16]}"
    for old in cache.parent.glob("machine-code-*"):
        if old != cache:
            shutil.rmtree(old, ignore_errors=True)
    return str(cache)


def compiled(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compiles a function at its first call; it then runs without holding Python's lock.

    The machine code is kept on disk, so that the next process starts at once. The function that
    was written is at `.py_func`, for whoever wants to step through it.
    """
    return _compile(function, inlined=False)


def inlined(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Like `compiled`, for short functions that become a part of compiled ones that call them.

    A call hands over each array of a named tuple by its parts, which takes longer than what most of
    these functions do.
    """
    return _compile(function, inlined=True)


def _compile(
    function: Callable[_Arguments, _Result], *, inlined: bool
) -> Callable[_Arguments, _Result]:
    settings: Any = config  # without types
    elsewhere = settings.CACHE_DIR
    # Compiled functions call those of their own package of trackscape only.
    settings.CACHE_DIR = elsewhere or _cache_folder(function.__module__.split(".")[1])
    try:
        return numba.njit(
            function, cache=True, nogil=True, error_model="numpy", forceinline=inlined
        )
    finally:
        settings.CACHE_DIR = elsewhere
