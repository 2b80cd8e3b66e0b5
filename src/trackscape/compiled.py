"""Functions in the subset of Python that numba turns into machine code."""

import contextlib
import functools
import hashlib
import inspect
import logging
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, final

import numba
import numpy as np
from numba.core import caching, config, event
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
NEWS = 5.0  # seconds between two lines on how far compilation is

_LOG = logging.getLogger(__name__)
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def compiled(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compiles a function at its first call; it then runs without holding Python's lock.

    The machine code is kept on disk for the next process: in the package or, if that is read-only,
    in the user's folder for caches. The function that was written is at `.py_func`.
    """
    return _compile(function, inlined=False)


def inlined(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Like `compiled`, for short functions that become a part of compiled ones that call them.

    A call hands over each array of a named tuple by its parts, which can take longer than they do.
    """
    return _compile(function, inlined=True)


def summing(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Like `compiled`, but sums may be taken in another order, several terms at once.

    Rounding then depends on the machine, but not from call to call.
    """
    return _compile(function, inlined=False, reorder=True)


def _compile(
    function: Callable[_Arguments, _Result], *, inlined: bool, reorder: bool = False
) -> Callable[_Arguments, _Result]:
    settings: Any = config  # without types
    function = inspect.unwrap(function)  # of the checks of types that tests put around it
    dispatcher: Any = numba.njit(
        function,
        nogil=True,
        error_model="numpy",
        forceinline=inlined,
        fastmath={"reassoc", "nsz", "contract"} if reorder else False,
    )
    # Compiled functions call those of their own package of trackscape only.
    folder = cache_folder(function.__module__.split(".")[1])
    if folder is not None and not settings.DISABLE_JIT:
        dispatcher._cache = _MachineCode(function, folder)
    return dispatcher


@functools.cache
def cache_folder(package: str) -> Path | None:
    """The folder for the machine code of a package; None if there is no place for it."""
    # numba looks at the file of a function only, not at what it calls: so machine code is kept
    # under a digest of all files that it may come from, and the code of others goes.
    source = Path(__file__).parent / package
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in sorted(source.rglob("*.py")):
        digest.update(file.read_bytes())
    for place in _places(source):
        folder = place / f"machine-code-{digest.hexdigest()[:16]}"
        if _is_usable(folder, shared=place.parent == source):
            for old in place.glob("machine-code-*"):
                if old != folder:
                    shutil.rmtree(old, ignore_errors=True)
            return folder
    return None


def _places(source: Path) -> Iterator[Path]:
    """Where machine code of a package may be kept, the best place first."""
    settings: Any = config
    of_installation = f"{source.name}-{hashlib.sha256(bytes(source)).hexdigest()[:8]}"
    if settings.CACHE_DIR:
        yield Path(settings.CACHE_DIR).absolute() / f"trackscape-{of_installation}"
    yield source / "__pycache__"
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():
        cache = Path(os.path.expanduser("~")) / ".cache"  # stays "~" for users without a home
    if cache.is_absolute():
        yield cache / "trackscape" / of_installation


def _is_usable(folder: Path, *, shared: bool) -> bool:
    """Makes the folder, and returns whether files can be written to it.

    What lies in it will be run: it must belong to the user alone, unless it is `shared` with
    whoever may change the sources beside it.
    """
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        about = folder.stat()
    except OSError:
        return False
    if shared or not hasattr(os, "geteuid"):
        return True
    others_write = about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return about.st_uid == os.geteuid() and not others_write


@final
class _Folder:
    """Tells numba where the machine code of a function is; it asks these methods of a locator."""

    def __init__(self, function: Any) -> None:
        self._function = function

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "_Folder":
        return cls(py_func)

    def ensure_cache_path(self) -> None:
        Path(self.get_cache_path()).mkdir(parents=True, exist_ok=True)

    def get_cache_path(self) -> str:
        return str(cache_folder(self._function.__module__.split(".")[1]))

    def get_source_stamp(self) -> str:
        return ""  # the folder has it in its name

    def get_disambiguator(self) -> str:
        return str(self._function.__code__.co_firstlineno)


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = (_Folder,)


@final
class _MachineCode(caching.FunctionCache):
    """numba's cache of a function, which compiles if anything is amiss with a file."""

    _impl_class = _Implementation

    def __init__(self, function: Any, folder: Path) -> None:
        super().__init__(function)
        self._cache_file: Any = _FilesBySignature(folder, self._impl.filename_base)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # of whatever kind damaged files cause
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)


@final
class _FilesBySignature:
    """Files of numba's for each signature of a function.

    In one index for all, processes that write at the same time would give two signatures one file.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name

    def _files(self, key: Any) -> Any:
        digest = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        return caching.IndexDataCacheFile(str(self._folder), f"{self._name}.{digest}", "")

    def load(self, key: Any) -> Any:
        return self._files(key).load(key)

    def save(self, key: Any, data: Any) -> None:
        files = self._files(key)
        files.flush()  # or an index that is damaged would stay so
        files.save(key, data)

    def flush(self) -> None:
        """Nothing is kept here."""


@functools.cache
def announce_compilation() -> None:
    """Makes this process say on the error stream that it compiles, if it does."""
    event.register("numba:compile", News())


@final
class News(event.Listener):
    """Says on the error stream how many functions were compiled, and for how long."""

    def __init__(self) -> None:
        self._functions, self._begin, self._told = 0, 0.0, 0.0

    def on_start(self, event: event.Event) -> None:
        """Counts one more function; its code is not on disk yet."""
        self._functions += 1
        now = time.monotonic()
        if self._functions == 1:
            self._begin = self._told = now
            _LOG.warning("Compiling, once; the next call starts at once.")
        elif now - self._told > NEWS:
            self._told = now
            seconds = now - self._begin
            _LOG.warning("Compiling, once: %d functions, %.0f s.", self._functions, seconds)

    def on_end(self, event: event.Event) -> None:
        """Nothing to say."""
