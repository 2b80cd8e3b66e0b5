"""Parts -> their results, each kept when it is there, so that an interruption costs little."""

import contextlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from trackscape.errors import RunError
from trackscape.execution import Workers, run_jobs
from trackscape.files import locked, write_json
from trackscape.reconstruction.parts import FilePart

_LOG = logging.getLogger(__name__)

ABOUT = "about.json"
_DONE = "done"


class Work(Protocol):
    """What is done with a part; picklable, so that it can go to other processes."""

    def __call__(self, part: FilePart, folder: Path) -> dict[str, Any]:
        """Writes files of the part into a folder, and returns what JSON can hold."""
        ...


class _Keeping(NamedTuple):
    work: Work
    folder: Path

    def __call__(self, part: FilePart) -> None:
        found = self.work(part, self.folder)
        write_json(_done(self.folder, part.number), found)  # the last of its files


def run_parts(
    work: Work,
    parts: Iterable[FilePart],
    folder: Path,
    *,
    about: dict[str, Any],
    executor: Workers | None = None,
    advance: Callable[[FilePart], object] = lambda part: None,
) -> list[dict[str, Any]]:
    """Does the work of all parts, and returns what it returned, in their order.

    What is in the folder already is not done again; what is of other work there is removed if the
    folder is hidden, thus ours, and else refused.

    Raises:
        RunError: The folder holds other work, or another process writes to it.
    """
    with locked(folder):
        _claim(folder, about)
        numbers = list[int]()

        def left() -> Iterator[FilePart]:
            for part in parts:
                numbers.append(part.number)
                if _done(folder, part.number).exists():
                    advance(part)
                else:
                    yield part

        with contextlib.closing(run_jobs(_Keeping(work, folder), left(), executor)) as finished:
            for part, _ in finished:
                _LOG.info("Part %d is done: %d frames.", part.number, len(part.frames.start) - 1)
                advance(part)
        return [json.loads(_done(folder, each).read_text("utf-8")) for each in numbers]


def _done(folder: Path, number: int) -> Path:
    return folder / _DONE / f"{number:06d}.json"


def _claim(folder: Path, about: dict[str, Any]) -> None:
    """Makes the folder one of this work, or refuses it."""
    about = json.loads(json.dumps(about))
    then = _read(folder / ABOUT)
    if then != about and folder.name.startswith("."):
        for each in folder.iterdir():
            if each.is_dir():
                shutil.rmtree(each)
        then = {}
    elif then is None and any(not each.name.startswith(".") for each in folder.iterdir()):
        raise RunError(
            f"{folder}: expected a new folder, or one that this command began, but other files are "
            "there; name another folder."
        )
    elif then is not None and then != about:
        changed = [name for name in about if then.get(name) != about[name]]
        raise RunError(
            f"{folder}: expected what was begun there, got another {', '.join(changed)}; name "
            "another folder, or remove this one."
        )
    if then != about:
        write_json(folder / ABOUT, about)
    for partial in folder.glob("*/.*.part"):  # of a process that was killed
        partial.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
