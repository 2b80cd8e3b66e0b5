"""Where hits and tracks come from and go to; `-` is standard input and standard output."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

from trackscape.errors import TrackscapeError
from trackscape.files import check_place

PIPE = "-"
_OUTPUTS = {PIPE: ".csv", "-.csv": ".csv", "-.parquet": ".parquet"}
_PLACE = "standard input"


def is_piped(output: Path) -> bool:
    """Whether the name of an output means standard output: ``-``, ``-.csv`` or ``-.parquet``."""
    return str(output) in _OUTPUTS


def checked_output(path: Path) -> Path:
    """Refuses before any work what no hits and tracks can be written to."""
    from trackscape.formats.event_names import TRACKML
    from trackscape.formats.files import kind_to_write
    from trackscape.formats.write_trackml import check_event_folder

    if is_piped(path):
        return path
    if kind_to_write(path, events=True) == TRACKML:
        check_event_folder(path)
        check_place(path / "submission.csv")
    else:
        check_place(path)
    return path


@contextlib.contextmanager
def from_standard_input(given: Any) -> Generator[Any, None, None]:
    """Gives a path, or several, with ``-`` replaced by a file that holds what was piped in.

    It is there as long as the block takes, since readers go to and fro in files. Its suffix is that
    of its content; what is of no binary kind is CSV. Errors name standard input.
    """
    names = given if isinstance(given, list) else [given]
    if PIPE not in map(str, names):
        yield given
        return
    from trackscape.formats.files import kind_of_content

    with tempfile.TemporaryDirectory(prefix="trackscape-") as folder:
        spooled = Path(folder) / "stdin"
        with spooled.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        spooled = spooled.rename(spooled.with_suffix(kind_of_content(spooled)))
        found = [spooled if str(name) == PIPE else name for name in names]
        try:
            yield [str(name) for name in found] if isinstance(given, list) else found[0]
        except TrackscapeError as error:
            raise type(error)(str(error).replace(str(spooled), _PLACE)) from error


@contextlib.contextmanager
def to_standard_output(output: Path) -> Generator[Path, None, None]:
    """Gives a path to write to, whose content goes to standard output where `output` means that.

    What the block prints goes to the error stream then.
    """
    if not is_piped(output):
        yield output
        return
    with tempfile.TemporaryDirectory(prefix="trackscape-") as folder:
        path = Path(folder) / f"stdout{_OUTPUTS[str(output)]}"
        with contextlib.redirect_stdout(sys.stderr):
            yield path
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
