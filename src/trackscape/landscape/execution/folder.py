"""A folder that keeps finished rows of one work, for one process at a time."""

import contextlib
import fcntl
import json
import os
import platform
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

import torch

import trackscape
from trackscape.errors import LandscapeError
from trackscape.files import replacing
from trackscape.landscape.execution.records import RecordFile, explaining
from trackscape.landscape.execution.work import Work


@contextlib.contextmanager
def open_folder(folder: Path, work: Work, what: str) -> Generator[RecordFile, None, None]:
    """Opens ``rows.bin`` in a folder that belongs to a work, as its ``work.json`` says.

    Arguments:
        folder: Made if there is none.
        work: What is computed.
        what: Its items, for ``work.json``.

    Raises:
        LandscapeError: The folder belongs to another work, is in use, or cannot be written.
    """
    with contextlib.ExitStack() as stack:
        with explaining(folder):
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(open(folder / "rows.bin", "r+b", buffering=0, opener=_make))
        _lock(file, folder)
        _check_owner(folder, work, what, new=os.fstat(file.fileno()).st_size == 0)
        records = RecordFile(file, work.width)
        try:
            yield records
        finally:
            records.synchronise()


def _make(path: str, flags: int) -> int:
    """Opens a file, which is made if there is none, and not emptied if there is one."""
    return os.open(path, flags | os.O_CREAT, 0o666)


def _lock(file: BinaryIO, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LandscapeError(
            f"{folder}: expected a folder for this process alone, but another one is using it; "
            "name another folder, or share the work with the executor FileQueue."
        ) from None
    except OSError:  # a file system without locks: then nobody can look after it
        return


def _check_owner(folder: Path, work: Work, what: str, *, new: bool) -> None:
    path = folder / "work.json"
    now = _describe(work, what)
    then = _read_json(path)
    if new and not then:
        with replacing(path) as partial:
            partial.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
    elif then.get("fingerprint") != now["fingerprint"]:
        changed = [
            f"{name} {then[name]} then, {now[name]} now"
            for name in ("work", "items", "columns", "trackscape", "torch")
            if name in then and then[name] != now[name]
        ]
        known = f" ({'; '.join(changed)})" if changed else ""
        raise LandscapeError(
            f"{folder}: expected what was begun here, got another model, other data, settings, "
            f"points or code{known}; restore them, or name another folder."
        )


def _describe(work: Work, what: str) -> dict[str, str | int]:
    return {
        "fingerprint": work.fingerprint,
        "of": "weights, data, settings, points, and the code of model and objective",
        "work": type(work).__name__.strip("_"),
        "what": what,
        "items": work.n_items,
        "columns": work.width,
        "trackscape": trackscape.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _read_json(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
