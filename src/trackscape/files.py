"""Files that appear whole or not at all, and folders that one process at a time writes to."""

import contextlib
import glob
import hashlib
import json
import logging
import math
import os
import platform
import shutil
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from trackscape.errors import FormatError, RunError, WeightsError
from trackscape.text import shown

try:
    import fcntl
except ImportError:  # only Unix has it; elsewhere nothing is locked
    fcntl = None

_LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def replacing(path: Path | str) -> Generator[Path, None, None]:
    """Gives a temporary name beside `path`; the file moves to `path` when all went well.

    So a reader never meets half a file. Missing folders are made.

    Raises:
        FormatError: The file cannot be written there.
    """
    path = Path(path)
    temporary = _temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            os.replace(temporary, path)
            _LOG.info("Wrote %s.", shown(path))
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise FormatError(
            f"{path}: expected a place to write to, but got {error.strerror or error}; name "
            "another folder or make room there."
        ) from error


@contextlib.contextmanager
def replacing_folder(path: Path) -> Generator[Path, None, None]:
    """Gives a new folder beside `path`, which takes its place when all went well.

    Raises:
        FormatError: The folder cannot be written there.
    """
    temporary = path.with_name(f"{_temporary(path).name}s")  # no .part, which are files
    old = path.with_name(f"{_temporary(path).name}.old")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            yield temporary
            if os.path.isdir(path):
                os.replace(path, old)  # a folder cannot take the place of one with files
            os.replace(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise FormatError(
            f"{path}: expected a place to write a folder to, but got {error.strerror or error}; "
            "name another place or make room there."
        ) from error


def write_json(path: Path, content: object) -> None:
    """Writes indented JSON, the whole file or none."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def as_plain(content: Any) -> Any:
    """Returns what JSON can hold.

    A number that is not finite becomes null, as other programs read no NaN; tuples and arrays
    become lists, paths and keys texts.

    Example:
        >>> as_plain({1: (0.5, math.nan), "path": Path("hits.npz")})
        {'1': [0.5, None], 'path': 'hits.npz'}
    """
    if isinstance(content, Mapping):
        return {str(key): as_plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [as_plain(value) for value in content]
    if isinstance(content, Path):
        return str(content)
    if hasattr(content, "tolist"):  # arrays and numbers of NumPy and PyTorch
        return as_plain(content.tolist())
    return None if isinstance(content, float) and not math.isfinite(content) else content


def digest_of(path: Path) -> str:
    """Returns the SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


MODEL_FILE = "model.safetensors"
"""Weights in a folder of a model, where programs for such folders look for them."""
RUN_WEIGHTS = "weights.safetensors"
"""Weights in the folder of a training."""


def weights_file(path: Path | str) -> Path:
    """Returns the file of weights that a path means: itself, or that of a folder.

    A folder is one that `save_pretrained` wrote, or the run folder of a training.

    Raises:
        WeightsError: The folder holds no weights.
    """
    path = Path(path)
    if not os.path.isdir(path):
        return path
    for name in (MODEL_FILE, RUN_WEIGHTS):
        if os.path.isfile(path / name):
            return path / name
    raise WeightsError(
        f"{path}: expected a folder with {MODEL_FILE}, as `save_pretrained` writes it, or with "
        f"{RUN_WEIGHTS}, as a training does, but neither is there; name such a folder or a file."
    )


def remove_leftovers(path: Path) -> None:
    """Removes what processes of this machine that were killed have left half written of a file."""
    begin = _begin(path)
    for partial in path.parent.glob(f"{glob.escape(begin)}*.part"):
        process = partial.name.removeprefix(begin).removesuffix(".part")
        if not process.isdecimal():
            continue
        try:
            os.kill(int(process), 0)  # only asks whether it is there
        except ProcessLookupError:
            partial.unlink(missing_ok=True)
        except (OSError, OverflowError):  # that of another user, or no number of a process
            continue


def _begin(path: Path) -> str:
    # Processes of several machines may write to one disk.
    return f".{path.name}.{platform.node()}."


def _temporary(path: Path) -> Path:
    return path.with_name(f"{_begin(path)}{os.getpid()}.part")


@contextlib.contextmanager
def locked(folder: Path) -> Generator[None]:
    """Holds the folder, which is made if missing, for this process, however that ends.

    What a killed process left half written under a temporary name is removed.

    Raises:
        RunError: Another process holds the folder, or it cannot be written to.
    """
    path = folder / ".lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = _hold(path)
        for partial in folder.glob(".*.part"):
            partial.unlink(missing_ok=True)
    except BlockingIOError as error:
        raise RunError(
            f"{folder}: expected a folder of one process, but another one writes to it now; wait "
            "until that has ended, or choose another folder."
        ) from error
    except OSError as error:
        raise RunError(
            f"{folder}: expected a folder to write to, but got {error.strerror or error}; name "
            "another folder or mend this one."
        ) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        file.close()


def _hold(path: Path) -> BinaryIO:
    while True:
        file = path.open("ab")
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise
        except OSError:  # a file system without locks
            return file
        # Whoever held it before may have removed it in the meantime: then others make a new one.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                return file
        file.close()


def check_place(path: Path | str, *, suffixes: Sequence[str] = ()) -> None:
    """Checks, before any work is done, that a file can be written to `path`.

    Raises:
        FormatError: Its suffix is none of `suffixes`, if there are some, in small or capital
            letters; `path` is a folder; or nobody may write there.
    """
    path = Path(path)
    if suffixes and path.suffix.lower() not in suffixes:
        raise FormatError(
            f"{path}: expected a file to write that ends with {', '.join(suffixes)}, but got "
            f"{path.suffix or 'no suffix'!r}; choose one of these."
        )
    # Not the methods of Path, which raise where a name is too long for the file system.
    if os.path.isdir(path):
        raise FormatError(f"{path}: expected a file to write, but it is a folder; name a file.")
    known = (folder for folder in path.absolute().parents if os.path.exists(folder))
    above = next(known, Path("/"))
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        reason = "nothing can be written there" if above.is_dir() else "that is a file"
        raise FormatError(
            f"{path}: expected a place to write to, but its folder is in {above}, and {reason}; "
            "name another folder."
        )
    try:
        os.lstat(_temporary(above / path.name))
    except FileNotFoundError:
        pass  # as it should be
    except (OSError, ValueError) as error:  # too long a name, or one with a NUL in it
        raise FormatError(
            f"{path}: expected a place to write to, but got "
            f"{getattr(error, 'strerror', None) or error}; choose another name."
        ) from error
